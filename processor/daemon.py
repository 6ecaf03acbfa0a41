"""The daemon: threads that wait on the world, child processes that understand, clocks that wake them.

Data flows as in ``pipeline.py``.  Three kinds of loop run beside one another and meet only in the
store: a *mailbox* loop each account (fetch, keep, settle, wait in IDLE), *workers* (understand, decide,
record) and *delivery*.  APScheduler's jobs are clocks only: they set events; what is due are rows.

At SIGTERM nothing new starts, the work in hand is finished and the program ends within seconds; a
transfer past DATA gets 20 s, then its row is ``unknown``.  SIGHUP reloads rules and templates.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.engine import Engine

from processor import journal
from processor.config import Config
from processor.loading.problems import Refused
from processor.loading.rules import load_rulebook
from processor.rulebook import Rulebook
from processor.steps.deliver import deliver
from processor.steps.loops import MailboxLoop
from processor.steps.upkeep import remind, retain
from processor.steps.work_off import Decided, work_off
from processor.steps.workers import Workers
from processor.store import work as claims
from processor.store.settings import OUTBOX_CAP, change_setting, setting
from processor.store.sweep import sweep
from processor.store.watermarks import first_start
from processor.world.courier import Courier

PAST_DATA_SECONDS = 20
SWEEP_SECONDS = 5
REMIND_SECONDS = 60


def clock() -> datetime:
    """The one clock of the running program, aware UTC."""
    return datetime.now(UTC)


@dataclass
class Daemon:
    """Everything that runs, wired by hand in ``run``.

    ``watch`` is called with each decided batch when the work is done in this process (the demo's
    terminal); ``ended`` is set by a signal or by the caller.
    """

    config: Config
    engine: Engine
    rulebook: Rulebook
    watch: Callable[[list[Decided]], None] | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    kept: threading.Event = field(default_factory=threading.Event)
    ready: threading.Event = field(default_factory=threading.Event)
    reload: threading.Event = field(default_factory=threading.Event)
    mailboxes: list[MailboxLoop] = field(default_factory=list)

    def run(self) -> None:
        """Run until ended; returns when everything that was begun is finished."""
        journal.started(self.config.store_url.rpartition("@")[2], len(self.config.mailboxes), self.config.workers)
        recover(self.engine, self.config)
        begin_answering(self.engine, self.config)
        workers = Workers(self.config, self.config.workers, self._recorded) if self.config.workers else None
        self.mailboxes = [
            MailboxLoop(each, self.engine, clock, self.ended, self._kept) for each in self.config.mailboxes
        ]
        work = threading.Thread(target=self._work_loop, name="work", args=(workers,))
        delivery = threading.Thread(target=self._delivery_loop, name="delivery", daemon=True)
        threads: list[threading.Thread] = [*self.mailboxes, work]
        scheduler = self._clocks()
        self.workers = workers
        for thread in (*threads, delivery):
            thread.start()
        scheduler.start()
        while not self.ended.wait(0.2):
            if self.reload.is_set():
                self.reload.clear()
                self._reload(workers)
        self._wake_all()
        scheduler.shutdown(wait=True)
        for thread in threads:
            thread.join()
        if workers:
            workers.stop()
        delivery.join(PAST_DATA_SECONDS)
        if delivery.is_alive():
            sweep(self.engine, clock(), all_leases=_alone(self.engine))
        journal.stopped()

    def listen_to_signals(self) -> None:
        """Let SIGTERM and SIGINT end the daemon and SIGHUP reload its rules."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.ended.set())
        signal.signal(signal.SIGHUP, lambda *_: self.reload.set())

    def _kept(self) -> None:
        self.kept.set()
        if self.workers:
            self.workers.wake()

    def _recorded(self) -> None:
        """Something was recorded: answers may be ready and mails can be settled on the server."""
        self.ready.set()
        for mailbox in self.mailboxes:
            mailbox.settle_soon()

    def _wake_all(self) -> None:
        self.kept.set()
        self.ready.set()
        for mailbox in self.mailboxes:
            mailbox.wake()

    def _work_loop(self, workers: Workers | None) -> None:
        if workers:
            workers.supervise(self.ended)
            return
        while not self.ended.is_set():
            try:
                claimed, decided = work_off(self.engine, self.rulebook, self.config, "daemon", clock)
            except Exception as error:
                journal.step_failed("work", error)
                self.ended.wait(2)
                continue
            if claimed:
                journal.mails_decided("daemon", len(decided), claimed - len(decided))
                self._recorded()
                if self.watch:
                    self.watch(decided)
            else:
                self.kept.wait(1)
                self.kept.clear()

    def _delivery_loop(self) -> None:
        settings = self.config.smtp
        if settings is None:
            return
        with Courier(settings) as courier:
            while not self.ended.is_set():
                self.ready.clear()
                try:
                    claimed, taken = deliver(
                        self.engine, courier, settings, "daemon", clock, going=lambda: not self.ended.is_set()
                    )
                except Exception as error:
                    journal.step_failed("delivery", error)
                    self.ended.wait(2)
                    continue
                if claimed:
                    journal.answers_sent(claimed, taken)
                else:
                    self.ready.wait(1)

    def _reload(self, workers: Workers | None) -> None:
        try:
            self.rulebook = load_rulebook(self.config.rules_dir, self.config.templates_dir, self.config.own_addresses)
        except Refused as refused:
            journal.rules_refused([str(problem) for problem in refused.problems])
            return
        if workers:
            workers.reload()
        journal.rules_reloaded(self.rulebook.version)

    def _clocks(self) -> Any:
        """The clocks: each coalesced, single and without a misfire limit, so that no run is dropped."""
        scheduler = BackgroundScheduler(
            timezone="Europe/Oslo",
            executors={"default": ThreadPoolExecutor(2)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for mailbox in self.mailboxes:
            scheduler.add_job(
                mailbox.wake, "interval", seconds=mailbox.settings.poll_seconds, id=f"poll {mailbox.settings.name}"
            )
        scheduler.add_job(self._sweep, "interval", seconds=SWEEP_SECONDS, id="delivery")
        scheduler.add_job(lambda: remind(self.engine, clock()), "interval", seconds=REMIND_SECONDS, id="reminders")
        # Never between 02 and 03, which the change to summer time skips and the change back repeats.
        scheduler.add_job(lambda: retain(self.engine, clock()), "cron", hour=4, id="retention")
        return scheduler

    def _sweep(self) -> None:
        sweep(self.engine, clock())
        self.ready.set()
        if self.workers:
            self.workers.wake()


def begin_answering(engine: Engine, config: Config) -> None:
    """Fix the time from which mail is answered, as the first start of each mailbox does."""
    for mailbox in config.mailboxes:
        # Servers give INTERNALDATE in whole seconds.
        first_start(engine, mailbox.name, clock().replace(microsecond=0))


def recover(engine: Engine, config: Config) -> None:
    """Put right what a crash left, and let the outbox know its cap.

    On a SQLite store, whose lock we hold, nobody else's lease can be alive.
    """
    if setting(engine, OUTBOX_CAP) != str(config.limits.in_all):
        change_setting(engine, OUTBOX_CAP, str(config.limits.in_all), "configuration", clock())
    alone = _alone(engine)
    if alone:
        claims.release_claims(engine)
    sweep(engine, clock(), all_leases=alone)


def _alone(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def once(
    config: Config, engine: Engine, rulebook: Rulebook, watch: Callable[[list[Decided]], None] | None = None
) -> bool:
    """Make one pass, for cron: fetch all, decide all, send what is ready; true when every server answered."""
    ended = threading.Event()
    recover(engine, config)
    begin_answering(engine, config)
    loops = [MailboxLoop(each, engine, clock, ended, lambda: None) for each in config.mailboxes]
    passed = [loop.one_pass() for loop in loops]
    well = all(passed)
    while True:
        claimed, decided = work_off(engine, rulebook, config, "once", clock)
        if not claimed:
            break
        journal.mails_decided("once", len(decided), claimed - len(decided))
        if watch:
            watch(decided)
    if config.smtp:
        with Courier(config.smtp) as courier:
            while True:
                claimed, taken = deliver(engine, courier, config.smtp, "once", clock)
                if not claimed:
                    break
                journal.answers_sent(claimed, taken)
                well = well and taken == claimed
    settled = [loop.settle_pass() for loop in loops]
    return well and all(settled)
