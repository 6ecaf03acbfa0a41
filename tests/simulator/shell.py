"""A daemon as tasks: the loops of ``processor/daemon.py`` around the same steps, without its threads and waits."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable

from sqlalchemy.exc import OperationalError

from processor.mail_servers import MailboxSettings
from processor.message import Extracted
from processor.steps.deliver import deliver
from processor.steps.follow_ups import follow_up
from processor.steps.loops import MailboxLoop
from processor.steps.upkeep import remind
from processor.steps.work_off import work_off
from processor.store import work as claims
from processor.store.rules_seen import note_rules
from processor.store.settings import OUTBOX_CAP, change_setting, setting
from processor.store.sweep import sweep
from processor.store.watermarks import first_start
from processor.world.backoff import gap
from processor.world.courier import Courier
from processor.world.failures import Failure
from tests.simulator.mailserver import SimMailbox
from tests.simulator.tasks import Task
from tests.simulator.world import World

POLL, IDLE, SWEEP = 60.0, 30.0, 20.0
HAND = 3
"""Replies claimed at once: few, so that full hands, of which some begin together, are common."""


class Daemon:
    """One process of the program.  ``tasks`` are its threads; ``down_until`` is when it is started (again)."""

    def __init__(self, name: str, world: World) -> None:
        self.name, self.world = name, world
        self.clock = world.clock.of(name)
        self.clock()
        self.tasks: list[Task] = []
        self.ending = False
        self.down_until = 0.0

    def start(self) -> None:
        """Start the process: it puts right what a crash left, then its loops begin."""
        self.ending = False
        self.tasks = [Task(self.world.turns, f"{self.name} start", self._start)]

    def kill(self) -> None:
        """SIGKILL."""
        for task in self.tasks:
            task.kill()
        self.tasks = []

    def end(self) -> None:
        """SIGTERM: what is in hand is finished."""
        self.ending = True
        self._wake("")

    def quiet(self) -> bool:
        """Whether every task waits for time to pass."""
        return all(task.ended or task.where == "asleep" for task in self.tasks)

    def _start(self, task: Task) -> None:
        engine, config, now = self.world.disk.engine, self.world.config, self.clock()
        try:
            # As daemon.recover; with two daemons as it does on PostgreSQL.
            if setting(engine, OUTBOX_CAP) != str(config.limits.in_all):
                change_setting(engine, OUTBOX_CAP, str(config.limits.in_all), "configuration", now)
            if self.world.alone:
                claims.release_claims(engine)
            sweep(engine, now, all_leases=self.world.alone)
            for mailbox in config.mailboxes:
                first_start(engine, mailbox.name, now.replace(microsecond=0))
            note_rules(engine, self.world.rulebook.version, "", {}, "daemon", now)
        except OperationalError:
            # The start failed; the service manager tries again.
            self.down_until = self.world.clock.second + 30
            return
        for settings in config.mailboxes:
            self._add(f"mailbox {settings.name}", self._mailbox(settings))
        for number in range(1 + (not self.world.alone)):
            self._add(f"work {number}", self._work(f"{self.name}-{number}"))
        self._add("delivery", self._deliver)
        self._add("clock", self._tick)

    def _add(self, name: str, body: Callable[[Task], None]) -> None:
        self.tasks.append(Task(self.world.turns, f"{self.name} {name}", body))

    def _wake(self, what: str) -> None:
        for task in self.tasks:
            if what in task.name:
                task.wake = 0.0

    def _mailbox(self, settings: MailboxSettings) -> Callable[[Task], None]:
        engine = self.world.disk.engine
        loop = MailboxLoop(settings, engine, self.clock, threading.Event(), lambda: self._wake("work"))
        loop.mailbox = SimMailbox(settings, self.world.accounts[settings.name])

        def body(task: Task) -> None:
            failures = 0
            while not self.ending:
                try:
                    loop._pass()
                    failures = 0
                    task.sleep(self.world.clock.second + POLL)
                except Exception as error:
                    if not isinstance(error, Failure):
                        self._odd(error)
                    failures += 1
                    loop.mailbox.close()
                    task.sleep(self.world.clock.second + gap(failures, self.world.dice.random()))

        return body

    def _work(self, name: str) -> Callable[[Task], None]:
        def body(task: Task) -> None:
            world = self.world
            while not self.ending:
                try:
                    road = (world.disk.engine, world.rulebook, world.config, name, self.clock, lambda *_: Extracted())
                    claimed, _ = work_off(*road)
                    if not claimed and follow_up(world.disk.engine, world.rulebook, world.config, self.clock()):
                        self._wake("delivery")
                except Exception as error:
                    self._odd(error)
                    claimed = 0
                if claimed:
                    self._wake("delivery")
                    self._wake("mailbox")
                else:
                    task.sleep(world.clock.second + IDLE)

        return body

    def _deliver(self, task: Task) -> None:
        world, failures = self.world, 0
        settings = world.config.smtp
        assert settings
        courier = Courier(settings)
        while not self.ending:
            claimed = 0
            try:
                made = deliver(
                    world.disk.engine, courier, settings, self.name, self.clock, HAND, lambda: not self.ending
                )
                claimed, failures = made.claimed, failures + 1 if made.trouble else 0
            except Exception as error:
                self._odd(error)
                failures += 1
            if failures or not claimed:
                pause = gap(failures, world.dice.random()) if failures else IDLE
                task.sleep(world.clock.second + pause)

    def _tick(self, task: Task) -> None:
        while not self.ending:
            try:
                sweep(self.world.disk.engine, self.clock())
                remind(self.world.disk.engine, self.clock())
            except Exception as error:
                self._odd(error)
            self._wake("delivery")
            task.sleep(self.world.clock.second + SWEEP)

    def _odd(self, error: Exception) -> None:
        """The world may fail, which is told as OperationalError; anything else is a bug of ours."""
        if not isinstance(error, OperationalError):
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.world.odd.append(f"{self.name} raised {error!r:.300} at {where.filename}:{where.lineno}")
