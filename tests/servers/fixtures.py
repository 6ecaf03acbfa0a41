"""Servers as fixtures: one Dovecot for the whole run, with a new user's empty mailbox for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from imapclient import IMAPClient

from processor.mail_servers import MailboxSettings
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres, installed
from tests.servers.smtp_sink import SmtpSink

USERS = {f"kunde{number}": f"pw-{number}" for number in range(300)}
UNUSED = itertools.count()


@dataclass(frozen=True)
class Box:
    """An empty mailbox of its own on the shared server, and what a test does with it."""

    server: Dovecot
    user: str

    def settings(self, **changed: object) -> MailboxSettings:
        """Settings of an account that reads this box in clear; name what is to differ."""
        plain: dict[str, object] = {
            "name": self.user,
            "host": self.server.host,
            "port": self.server.imap_port,
            "tls": "plain",
            "user": self.user,
            "password": lambda: self.server.users[self.user],
            "timeout": 10.0,
        }
        return MailboxSettings(**{**plain, **changed})  # type: ignore[arg-type]

    def deliver(self, raw: bytes, folder: str = "INBOX", when: datetime | None = None) -> None:
        self.server.deliver(self.user, raw, folder, when)

    def client(self, folder: str = "INBOX") -> IMAPClient:
        """Another mail program with the folder open for writing."""
        client = self.server.client(self.user)
        client.select_folder(folder)
        return client


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    with Dovecot(USERS) as server:
        yield server


@pytest.fixture
def box(dovecot: Dovecot) -> Box:
    return Box(dovecot, f"kunde{next(UNUSED)}")


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    """An SMTP server in clear on loopback that takes everything until it is told otherwise."""
    with SmtpSink() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of the run's own; tests that want it are skipped where none is installed."""
    if not installed():
        pytest.skip("no PostgreSQL is installed")
    with Postgres() as server:
        yield server
