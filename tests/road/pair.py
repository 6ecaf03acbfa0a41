"""Two daemons, north and south, on one PostgreSQL, with one mailbox and one SMTP server; and how to break them."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from processor.store.engine import connect, upgrade
from tests.bench.site import USER, Site, corpus, kill, site
from tests.servers.ready import Process

# A third of the usual, so that a takeover fits into a test.
LEASE_SECONDS = 3
NAMES = ("north", "south")
# The most that one daemon has to the SMTP server.
CONNECTIONS = 4
DONE = "select count(*) from mail where state in ('decided', 'set_aside')"
LEAVING = "select count(*) from outbox where state in ('ready', 'sending', 'retry')"


class Pair:
    """The site, the store as a bystander sees it (``url``), and the running programs by name."""

    def __init__(self, here: Site, url: str) -> None:
        self.here, self.url = here, url
        self.engine: Engine = connect(url)
        self.running: dict[str, Process] = {}
        self.delivered = 0
        self.waiting = iter(corpus(400))

    def start(self, name: str, url: str = "", workers: int = 1) -> None:
        """Start a daemon, which sees the store by a URL of its own if there is one."""
        folder = self.here.folder / name
        folder.mkdir(exist_ok=True)
        its = Site(folder, self.here.dovecot, self.here.smtp_port, forked=True)
        path = its.configure(workers=workers)
        plain = path.read_text().replace("[run]", f"[run]\nlease_seconds = {LEASE_SECONDS}")
        path.write_text(f'{plain}\n[store]\nurl = "{url or self.url}"\n')
        self.running[name] = its.start()

    def end(self, name: str, number: int = signal.SIGKILL) -> int:
        process = self.running.pop(name)
        kill(process, number)
        return process.wait()

    def deliver(self, count: int) -> None:
        for _ in range(count):
            self.here.dovecot.deliver(USER, next(self.waiting))
        self.delivered += count

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """The store's answer, none while it cannot be asked."""
        try:
            with self.engine.connect() as conn:
                return [tuple(row) for row in conn.execute(text(query))]
        except SQLAlchemyError:
            return []

    def count(self, query: str) -> int:
        rows = self.ask(query)
        return int(str(rows[0][0])) if rows else -1

    def reader(self) -> str:
        """The name of the running daemon that reads the mailbox now, "" for none of them."""
        query = "select holder from lease where name like 'mailbox/%' and until > clock_timestamp()"
        holders = [str(row[0]) for row in self.ask(query)]
        return next((name for name, each in self.running.items() if f":{each.pid}:" in "".join(holders)), "")

    def alive(self) -> int:
        """How many daemons the database takes to live."""
        return self.count("select count(*) from lease where name like 'daemon/%' and until > clock_timestamp()")

    def log(self, name: str) -> str:
        return (self.here.folder / name / "log").read_text()

    def roles(self) -> tuple[str, str]:
        """Who reads the mailbox, and the other; on a slow machine a lease may end before it is renewed."""
        found = ""

        def known() -> bool:
            nonlocal found
            found = self.reader()
            return found != ""

        await_true(known, 20, self.told)
        return found, next(name for name in NAMES if name != found)

    def finish(self, seconds: float = 40) -> None:
        """Wait until all that was delivered is decided, and nothing is about to leave."""
        await_true(lambda: self.count(DONE) >= self.delivered and self.count(LEAVING) == 0, seconds, self.told)

    def faults(self, broken: int = 1) -> list[str]:
        """What was lost or doubled; of each daemon that was ``broken`` one answer a connection may be unknown."""
        found = []
        taken = self.here.taken()
        if (mails := self.count("select count(*) from mail")) != self.delivered:
            found.append(f"{mails} mails kept of {self.delivered}")
        if lonely := self.count("select count(*) from mail where ticket_id is null and state = 'decided'"):
            found.append(f"{lonely} decided mails have no ticket")
        if aside := self.count("select count(*) from mail where state = 'set_aside'"):
            found.append(f"{aside} mails are set aside")
        for key in ("message_id", "to"):
            found += [f"two answers: {each}" for each, n in Counter(str(row[key]) for row in taken).items() if n > 1]
        sent = self.count("select count(*) from outbox where state = 'sent'")
        unknown = self.count("select count(*) from outbox where state = 'unknown'")
        if not sent <= len(taken) <= sent + unknown:
            found.append(f"{len(taken)} answers taken, {sent} sent and {unknown} unknown")
        if unknown > broken * CONNECTIONS:
            found.append(f"{unknown} answers in doubt")
        return found

    def told(self) -> str:
        states = self.ask("select state, count(*) from mail group by state")
        leaving = self.ask("select state, count(*) from outbox group by state")
        return f"{self.delivered} delivered, mails {states}, outbox {leaving}, leases {self.ask('select * from lease')}"


@contextmanager
def pair(folder: Path, url: str, workers: int = 1, urls: Mapping[str, str] | None = None) -> Iterator[Pair]:
    """Both daemons, running, and the mailbox read by one of them; ``urls`` by name where one has its own way."""
    upgrade(url)
    with site(folder, forked=True) as here:
        two = Pair(here, url)
        try:
            for name in NAMES:
                two.start(name, (urls or {}).get(name, ""), workers)
            await_true(lambda: two.alive() == 2 and two.reader() != "", 60, two.told)
            yield two
            for each in two.running.values():
                each.terminate()
            for name in list(two.running):
                two.end(name, signal.SIGTERM)
        finally:
            for name in list(two.running):
                two.end(name)
            two.engine.dispose()


def await_true(true: Callable[[], bool], seconds: float, told: Callable[[], str] = str) -> float:
    """Wait until it is true; says how many seconds that took."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > seconds:
            raise TimeoutError(told())
        time.sleep(0.05)
    return time.monotonic() - began
