"""A whole site for measuring and breaking: Dovecot, an SMTP sink, a configuration, a running program."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import psycopg

from tests.servers import ready
from tests.servers.dovecot import Dovecot, free_port

ROOT = Path(__file__).parent.parent.parent
AUTHSERV_ID = "mx.kundesenter.example"
USER, PASSWORD = "oppsigelse", "pw"
HEADERS = re.compile(
    rb"^(message-id|date|received|authentication-results|return-path):.*(\r?\n[ \t].*)*\r?\n",
    re.IGNORECASE | re.MULTILINE,
)
FROM = re.compile(rb"^from:.*?([^\s<>\"@]+)@([^\s<>\"]+).*$", re.IGNORECASE | re.MULTILINE)


def corpus(count: int, first: int = 0) -> list[bytes]:
    """Make ``count`` fresh mails of the shipped examples: own Date, Message-ID, sender and domain for each.

    Of one domain a second notice for the same contract would join the first.  ``first`` is the number of the
    first, by which it differs from those of another call.
    """
    texts = [file.read_bytes().replace(b"\r\n", b"\n") for file in examples()]
    return [_fresh(texts[number % len(texts)], number) for number in range(first, first + count)]


def examples() -> list[Path]:
    """The shipped example mails, in the order in which ``corpus`` begins over and over with them."""
    return sorted([*(ROOT / "tests" / "mails").rglob("*.eml"), *(ROOT / "processor" / "demo" / "mails").glob("*.eml")])


def _fresh(text: bytes, number: int) -> bytes:
    head, _, body = text.partition(b"\n\n")
    head = HEADERS.sub(b"", head + b"\n")
    found = FROM.search(head)
    local, domain = (found[1], found[2]) if found else (b"kunde", b"kunde-demo.no")
    sender = b"%s@%d-%s" % (local, number, domain)
    if found:
        head = head.replace(b"%s@%s" % (local, domain), sender)
    now = format_datetime(datetime.now(UTC)).encode()
    null = b"mailer-daemon" in head.lower()
    stamped = (
        b"Return-Path: <%s>\n" % (b"" if null else sender)
        + b"Received: from mail.%s by %s with ESMTPS id %d; %s\n" % (domain, AUTHSERV_ID.encode(), number, now)
        + b"Authentication-Results: %s; dkim=pass header.d=%s; dmarc=pass header.from=%s\n"
        % (AUTHSERV_ID.encode(), domain, domain)
        + b"Date: %s\nMessage-ID: <bench-%d-%s@%s>\n" % (now, number, os.urandom(4).hex().encode(), domain)
    )
    return (stamped + head + b"\n" + body).replace(b"\n", b"\r\n")


def settings_text(imap_port: int, smtp_port: int, workers: int = 0, level: str = "automatic", store: str = "") -> str:
    """A configuration for servers on this machine; ``store`` is a URL, "" for SQLite beside it."""
    return f"""
[company]
key = {{ file = "secrets/key" }}
own_addresses = ["oppsigelse@visma.no", "skysupport@visma.com"]
authserv_ids = ["{AUTHSERV_ID}"]
[rules]
rules = "{ROOT / "rules"}"
templates = "{ROOT / "templates"}"
[answers]
level = "{level}"
in_all = 1000000
per_domain = 1000000
[smtp]
host = "127.0.0.1"
port = {smtp_port}
tls = "plain"
from_address = "oppsigelse@visma.no"
[[mailbox]]
name = "oppsigelse"
purpose = "termination"
host = "127.0.0.1"
port = {imap_port}
tls = "plain"
user = "{USER}"
password = {{ file = "secrets/mailbox" }}
poll_seconds = 2
[run]
workers = {workers}
""" + (f'[store]\nurl = "{store}"\n' if store else "")


@dataclass
class Site:
    """What runs, and where its files lie; ``forked`` spares a test the second that a program takes to begin.

    ``servers`` are the process of the sink and the first one of Dovecot.
    """

    folder: Path
    dovecot: Dovecot
    smtp_port: int
    store: str = ""
    reader: Any = None
    forked: bool = False
    servers: tuple[int, ...] = ()

    @property
    def database(self) -> Path:
        return self.folder / "var" / "processor.db"

    def configure(self, workers: int, level: str = "automatic") -> Path:
        (self.folder / "secrets").mkdir(exist_ok=True)
        for name, text in (("key", "bench key"), ("mailbox", PASSWORD)):
            (self.folder / "secrets" / name).write_text(text)
        path = self.folder / "config.toml"
        path.write_text(settings_text(self.dovecot.imap_port, self.smtp_port, workers, level, self.store))
        return path

    def start(self, command: str = "run") -> ready.Process:
        begin = ready.start if self.forked else ready.start_afresh
        with (self.folder / "log").open("ab") as log:
            words = [command, "--config", str(self.folder / "config.toml")]
            return begin("processor", words, ROOT, os.environ, log)

    def taken(self) -> list[dict[str, object]]:
        path = self.folder / "taken.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Read the store beside the running program; nothing when it is not there yet."""
        if not self.store and not self.database.exists():
            return []
        # One connection for all questions: who measures must cost little beside what is measured.
        self.reader = self.reader or self._reader()
        try:
            return list(self.reader.execute(query).fetchall())
        except sqlite3.OperationalError:
            return []
        except sqlite3.DatabaseError:
            # A store whose file is just being laid down (tests/store/blank.py) is not there yet.
            self.reader.close()
            self.reader = None
            return []

    def _reader(self) -> Any:
        if self.store:
            return psycopg.connect(self.store.replace("+psycopg", ""), autocommit=True)
        return sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)


@contextmanager
def site(folder: Path, *, forked: bool = False) -> Iterator[Site]:
    """Start Dovecot and the sink; both end with the block."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.sink", str(port), str(folder)]
    sink = ready.with_pipes(command) if forked else ready.with_pipes_afresh(command)
    assert sink.stdout
    sink.stdout.readline()
    try:
        with Dovecot({USER: PASSWORD}) as dovecot:
            here = Site(folder, dovecot, port, forked=forked, servers=(sink.pid, dovecot.pid))
            yield here
            if here.reader:
                here.reader.close()
    finally:
        sink.kill()
        sink.wait()
        sink.stdout.close()
        if sink.stdin:
            sink.stdin.close()


def kill(process: ready.Process, number: int = signal.SIGKILL) -> None:
    """Send a signal to the program and, for SIGKILL, all of its children."""
    with suppress(ProcessLookupError):
        if number == signal.SIGKILL:
            # One that has just begun leads no group yet, and only its own number leads to it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        os.kill(process.pid, number)
    process.wait(60)
