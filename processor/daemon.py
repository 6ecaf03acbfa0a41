"""The daemon: threads that wait on the world, child processes that understand, clocks that wake them.

Data flows as in ``pipeline.py``.  Three kinds of loop run beside one another and meet only in the
store: a *mailbox* loop each account (fetch, keep, settle, wait in IDLE), *workers* (understand, decide,
record) and *delivery*.  APScheduler's jobs are clocks only: they set events; what is due are rows.

At SIGTERM nothing new starts, the work in hand is finished and the program ends within seconds; a
transfer past DATA gets 20 s, then its row is ``unknown``.  SIGHUP, or the command ``reload`` by way of a row,
reloads rules and templates if they are right and the examples beside them still do as they should.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import SimpleQueue
from typing import Protocol

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.engine import Engine

from processor import journal
from processor.alarms.watching import watch
from processor.config import Config
from processor.mail_servers import MailboxSettings
from processor.steps.acceptance import Acceptance
from processor.steps.consents import consents
from processor.steps.delivering import Deliveries
from processor.steps.gate_notices import tell_contacts
from processor.steps.listening import Listener
from processor.steps.loops import MailboxLoop
from processor.steps.recovery import recover
from processor.steps.sent_folder import sent_folder_of
from processor.steps.several import Several, several
from processor.steps.upkeep import count, remind_staff, retain, seal, take_register
from processor.steps.webhooks import start_webhooks
from processor.store.clock import StoreClock
from processor.store.reloading import Wish, note_reload, wished
from processor.store.rules_seen import note_rules
from processor.store.sweep import sweep
from processor.store.watermarks import first_start
from processor.watch.lookout import Lookout

MAILBOX_SECONDS = 5
SWEEP_SECONDS = 5
WISH_SECONDS = 2
RECONCILE_SECONDS = 3600
SEAL_SECONDS = 2
CONTRACTS_SECONDS = 60
COUNT_SECONDS = 3600
# After so long without a word a loop has hung: the one that only waits, and the clocks, of which two may do
# long work.
TICK_SECONDS = 60.0
CLOCK_SECONDS = 900.0


def clock() -> datetime:
    """The one clock of the running program, aware UTC."""
    return datetime.now(UTC)


class Deciders(Protocol):
    """Whatever understands and decides: InProcess or Workers.

    ``acceptance`` is of the rules in force; with ``name``, the process's own, the names of its claims begin.
    """

    acceptance: Acceptance
    name: str

    def start(
        self, ended: threading.Event, recorded: Callable[[], None], beat: Callable[[float], None] = lambda _: None
    ) -> None: ...
    def wake(self) -> None: ...
    def reload(self, force: bool) -> Acceptance: ...
    def hang_up(self) -> None: ...
    def stop(self) -> None: ...


@dataclass
class Daemon:
    """Everything that runs, wired by hand; ``ended`` is set by a signal or by the caller."""

    config: Config
    engine: Engine
    deciders: Deciders
    ended: threading.Event = field(default_factory=threading.Event)
    reload: threading.Event = field(default_factory=threading.Event)
    look: threading.Event = field(default_factory=threading.Event)
    mailboxes: list[MailboxLoop] = field(default_factory=list)
    deliveries: Deliveries = field(default_factory=Deliveries)
    several: Several | None = None
    wish: Wish | None = None
    lookout: Lookout = field(init=False)
    clock: StoreClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = StoreClock(self.engine)
        self.lookout = Lookout(
            self.config,
            self.engine,
            self.clock,
            lambda: self.deciders.acceptance.version,
            consents=lambda: consents(self.config),
        )

    def run(self) -> None:
        """Run until ended; returns when everything that was begun is finished."""
        journal.started(self.config.store_url.rpartition("@")[2], len(self.config.mailboxes), self.config.workers)
        recover(self.engine, self.config, self.deciders.name)
        begin_answering(self.engine, self.config)
        note_rules_in_force(self.engine, self.deciders.acceptance)
        # What was wished before the start has come true by it.
        self.wish = wished(self.engine)
        pulse = self.lookout.pulse
        self.mailboxes = [self._mailbox_loop(each) for each in self.config.mailboxes]
        if smtp := self.config.smtp:
            self.deliveries.connect(smtp, self.engine, self.deciders.name, self.clock, self.ended, pulse.of)
        self._stand_beside_others()
        scheduler = self._clocks()
        self.deciders.start(self.ended, self._recorded, pulse.of("work"))
        for thread in (*self.mailboxes, *self.deliveries.loops):
            thread.start()
        pulse.beat("clocks", CLOCK_SECONDS)
        scheduler.start()
        watch(self.config, self.engine, self.clock, self.ended, pulse.of("alarms"), lambda: pulse.ticking)
        self.lookout.begin()
        start_webhooks(self.config, self.engine, self.clock, self.ended)
        while not self.ended.wait(0.2):
            pulse.beat("main", TICK_SECONDS)
            if self.several and self.several.silent():
                self.deciders.hang_up()
            if self.reload.is_set():
                self.reload.clear()
                self._reload(None)
            if self.look.is_set():
                self.look.clear()
                self._reload(self.wish)
        self._end(scheduler)

    def listen_to_signals(self) -> None:
        """Let SIGTERM and SIGINT end the daemon and SIGHUP reload its rules, whatever it is at.

        A handler runs inside what the main thread does, which holds an Event's lock at each turn of its wait for
        it: a handler that set the Event would then wait for ever for whom it interrupts.  A SimpleQueue may be
        filled at any moment, and a thread of its own sets what it brings.
        """
        told: SimpleQueue[threading.Event] = SimpleQueue()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: told.put(self.ended))
        signal.signal(signal.SIGHUP, lambda *_: told.put(self.reload))
        threading.Thread(target=set_all, args=(told,), name="signals", daemon=True).start()

    def _mailbox_loop(self, settings: MailboxSettings) -> MailboxLoop:
        beat = self.lookout.pulse.of(f"mailbox {settings.name}")
        loop = MailboxLoop(settings, self.engine, self.clock, self.ended, self.deciders.wake, beat)
        loop.sent = sent_folder_of(self.config, settings)
        loop.reconciled = self.lookout.note_reconciled
        return loop

    def _stand_beside_others(self) -> None:
        """On PostgreSQL: lease the mailboxes, and hear of work that others write."""
        self.several = several(self.engine, self.config, self.deciders.name, self.clock)
        if self.several is None:
            return
        for mailbox in self.mailboxes:
            mailbox.lease = self.several.leases[mailbox.settings.name]
            mailbox.lease.lost = mailbox.wake
        tell = {
            "work": self.deciders.wake,
            "outbox": self.deliveries.wake,
            "settle": self._recorded,
            "lease": self.several.wake.set,
        }
        Listener(self.config.store_url, tell, self.ended).start()
        self.several.start()

    def _end(self, scheduler: BackgroundScheduler) -> None:
        if self.several:
            self.several.ending.set()
        self.lookout.end()
        self.deliveries.wake_all()
        for mailbox in self.mailboxes:
            mailbox.wake()
        scheduler.shutdown(wait=True)
        self.deciders.stop()
        until = time.monotonic() + MAILBOX_SECONDS
        for mailbox in self.mailboxes:
            # One that is still opening a connection has nothing in hand.
            mailbox.join(max(0.0, until - time.monotonic()))
        self.deliveries.end()
        if self.several:
            self.several.stop()
        journal.stopped()

    def _recorded(self) -> None:
        """Something was recorded: answers may be ready and mails can be settled on the server."""
        self.deliveries.wake()
        for mailbox in self.mailboxes:
            mailbox.settle_soon()

    def _reload(self, wish: Wish | None) -> None:
        """Take changed rules, if they may be taken; ``wish`` is None after a signal."""
        with self.lookout.reloading():
            try:
                self._take_rules(wish)
            except Exception as error:
                # The old rules stay in force, and a store that cannot be asked just now ends nothing.
                journal.step_failed("reload", error)

    def _look_for_wish(self) -> None:
        """Ask the store in a clock's thread: the main one must notice a silent database."""
        try:
            found = wished(self.engine)
        except Exception as error:
            journal.step_failed("reload", error)
            return
        if found is not None and found != self.wish:
            self.wish = found
            self.look.set()

    def _take_rules(self, wish: Wish | None) -> None:
        force = bool(wish and wish.force)
        found = self.deciders.reload(force)
        if found.problems:
            journal.rules_refused(found.problems)
        else:
            journal.rules_reloaded(found.version, found.examples, force)
            note_rules_in_force(self.engine, found)
        note_reload(self.engine, found.version, found.problems, wish, "daemon", clock())

    def _clocks(self) -> BackgroundScheduler:
        """The clocks: each coalesced, single and without a misfire limit, so that no run is dropped."""
        scheduler = BackgroundScheduler(
            timezone="Europe/Oslo",
            executors={"default": ThreadPoolExecutor(2), "watch": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for mailbox in self.mailboxes:
            name, poll = mailbox.settings.name, mailbox.settings.poll_seconds
            scheduler.add_job(mailbox.wake, "interval", seconds=poll, id=f"poll {name}")
            scheduler.add_job(mailbox.reconcile_soon, "interval", seconds=RECONCILE_SECONDS, id=f"reconcile {name}")
        often = self.lookout.tick_seconds
        scheduler.add_job(self.lookout.tick, "interval", seconds=often, id="watch", executor="watch")
        scheduler.add_job(self._sweep, "interval", seconds=SWEEP_SECONDS, id="delivery")
        scheduler.add_job(lambda: seal(self.engine, clock()), "interval", seconds=SEAL_SECONDS, id="seals")
        scheduler.add_job(self._look_for_wish, "interval", seconds=WISH_SECONDS, id="wishes")
        scheduler.add_job(lambda: remind_staff(self.engine, self.config, clock()), "interval", minutes=1, id="staff")
        scheduler.add_job(lambda: tell_contacts(self.engine, self.config, clock()), "interval", minutes=1, id="gate")
        if self.config.escalations:
            # Imported where somebody is to be told, since it brings a calendar and its holidays along.
            from processor.steps.escalation import escalate

            telling = {"minutes": 1, "id": "escalation"}
            scheduler.add_job(lambda: escalate(self.engine, self.config, clock()), "interval", **telling)
        if self.config.contracts_path:
            taking = {"seconds": CONTRACTS_SECONDS, "id": "contracts", "next_run_time": clock()}
            scheduler.add_job(lambda: take_register(self.engine, self.config, clock()), "interval", **taking)
        counting = {"seconds": COUNT_SECONDS, "id": "counts", "next_run_time": clock() + timedelta(minutes=1)}
        scheduler.add_job(lambda: count(self.engine, clock()), "interval", **counting)
        # Never between 02 and 03, which the change to summer time skips and the change back repeats.
        scheduler.add_job(lambda: retain(self.engine, clock()), "cron", hour=4, id="retention")
        return scheduler

    def _sweep(self) -> None:
        self.lookout.pulse.beat("clocks", CLOCK_SECONDS)
        sweep(self.engine, self.clock())
        self.deliveries.wake()
        self.deciders.wake()


def set_all(told: SimpleQueue[threading.Event]) -> None:
    """Set each Event that comes, for as long as the program runs."""
    while True:
        told.get().set()


def begin_answering(engine: Engine, config: Config) -> None:
    """Fix the time from which mail is answered, as the first start of each mailbox does."""
    for mailbox in config.mailboxes:
        # Servers give INTERNALDATE in whole seconds.
        first_start(engine, mailbox.name, clock().replace(microsecond=0))


def note_rules_in_force(engine: Engine, taken: Acceptance) -> None:
    """Note which rules are in force from now on, for ``rules history``."""
    note_rules(engine, taken.version, taken.model, taken.rows, "daemon", clock())
