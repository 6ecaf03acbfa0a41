"""Several daemons on one PostgreSQL: each says that it lives, reads the mailboxes that it has leased, and frees what
a dead one had in hand.  On SQLite there is one, and none of this.

The leases and their fences are the store's (``store/leases.py``); here is the thread that renews them.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Engine

from processor import journal
from processor.config import Config
from processor.mail_servers import MailboxSettings
from processor.store.leases import bury, fenced, has_leases, leave, let_go, live, renew, take
from processor.store.lines import Lines

RENEWALS = 4
"""Within the time of a lease, so that one or two may fail."""
PATIENCE_SECONDS = 600.0
"""A mailbox's thread that neither waits nor writes for so long hangs, though the daemon lives."""


def own_name() -> str:
    """A name for this process that no other has, on any machine, now or later; its workers' begin with it."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True)
class Reader:
    """The right to read a mailbox: its fence, and the store that refuses to write when it has become another's."""

    fence: int
    store: Engine


class MailboxLease:
    """One mailbox's lease, as this daemon knows it; its thread and the renewing one meet here."""

    def __init__(self, engine: Engine, settings: MailboxSettings, holder: str, seconds: float) -> None:
        self.engine, self.account, self.holder, self.seconds = engine, settings.name, holder, seconds
        self.patience = PATIENCE_SECONDS + settings.poll_seconds
        self.changed = threading.Event()
        self.lost: Callable[[], None] = lambda: None
        self._fence: int | None = None
        self._until = self._rests_until = 0.0
        self._seen = time.monotonic()

    def reader(self) -> Reader | None:
        """The right to read now; None while another daemon has it, or may have it soon."""
        self._alive()
        fence = self._fence
        if fence is None or time.monotonic() >= self._until:
            return None
        return Reader(fence, fenced(self.engine, self.account, fence, self._alive))

    def let_go(self, rest: float = 0.0) -> None:
        """Give the mailbox up, to whoever wants it; we ourselves do not for ``rest`` seconds."""
        self._rests_until = time.monotonic() + rest
        fence, self._fence = self._fence, None
        if fence is not None:
            let_go(self.engine, self.account, fence)

    def turn(self, grace: float, going: bool) -> None:
        """Renew the lease, or take it if it is free and we are ``going`` on."""
        # What is granted counts from before the asking.
        now = time.monotonic()
        fence = self._fence
        if fence is None:
            if going and now >= self._rests_until and (taken := self._take(grace)):
                self._until, self._fence = now + self.seconds, taken
                self.changed.set()
        elif now - self._seen < self.patience and renew(self.engine, self.account, fence, self.seconds):
            self._until = now + self.seconds
        else:
            self._fence = None
            journal.lease_lost(self.account)
            self.lost()

    def _take(self, grace: float) -> int | None:
        fence = take(self.engine, self.account, self.holder, self.seconds, grace)
        if fence is not None:
            journal.lease_taken(self.account, fence)
            self._alive()
        return fence

    def _alive(self) -> None:
        self._seen = time.monotonic()


class Several(threading.Thread):
    """The thread that renews this daemon's leases, takes free ones, and frees what the dead had in hand."""

    def __init__(self, engine: Engine, config: Config, name: str, clock: Callable[[], datetime]) -> None:
        super().__init__(name="leases", daemon=True)
        self.engine, self.holder, self.clock = engine, name, clock
        self.seconds = config.lease_seconds
        self.hands = max(1, config.workers)
        self.leases = {each.name: MailboxLease(engine, each, name, self.seconds) for each in config.mailboxes}
        self.lines = Lines(engine, self.seconds, name)
        self.ending, self.over, self.wake = threading.Event(), threading.Event(), threading.Event()
        self.troubled_until = 0.0
        self.answered = self.looked = time.monotonic()
        self.failed = False

    def run(self) -> None:
        """Renew until ``stop``; a database that fails is asked again each second."""
        while not self.over.is_set():
            pause = self.seconds / RENEWALS
            try:
                self.turn()
                self.failed = False
                # A connection that cannot be opened is no answer: others may wait on those that are open.
                self.answered = time.monotonic()
            except Exception as error:
                if not self.failed:
                    journal.step_failed("leases", error)
                self.failed = True
                # Others may have been cut off as we were: they get the time to say that they live.
                self.troubled_until = time.monotonic() + self.seconds
                pause = min(pause, 1.0)
            self.wake.wait(pause)
            self.wake.clear()

    def turn(self) -> None:
        """Renew, take and bury once."""
        live(self.engine, self.holder, self.hands, self.seconds)
        grace = self.seconds if time.monotonic() < self.troubled_until else 0.0
        for lease in self.leases.values():
            lease.turn(grace, going=not self.ending.is_set())
        for each in bury(self.engine, self.holder, self.clock(), grace):
            if each.whole or each.mails or each.replies.unknown:
                journal.daemon_buried(each.holder, each.mails, each.replies.unknown)

    def silent(self) -> bool:
        """Whether the database has said nothing for the time of a lease; every connection is cut then, and true once.

        To be asked all the time.
        """
        now, looked = time.monotonic(), self.looked
        self.looked = now
        if now - looked > self.seconds / RENEWALS:
            # We ourselves stood still, and could hear nothing.
            self.answered = now
        if now - self.answered < self.seconds + self.seconds / RENEWALS:
            return False
        self.answered = now
        journal.database_silent(self.lines.cut())
        return True

    def stop(self) -> None:
        """End the leases, and free what we had in hand; a database that cannot be reached finds out by itself."""
        self.over.set()
        self.wake.set()
        self.join(self.seconds)
        with suppress(Exception):
            for lease in self.leases.values():
                lease.let_go()
            leave(self.engine, self.holder, self.clock())


def several(engine: Engine, config: Config, name: str, clock: Callable[[], datetime]) -> Several | None:
    """What keeps this daemon apart from others on its store; None on SQLite, where there are none."""
    return Several(engine, config, name, clock) if has_leases(engine) else None
