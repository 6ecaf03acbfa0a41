"""The daemon of the week: the bodies of the program's own threads, as tasks whose waits are simulated."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import OperationalError

from processor.alarms.watching import DeadMansPing, Watchman
from processor.message import Extracted
from processor.steps.deliver import LEASE_SECONDS
from processor.steps.delivering import DeliveryLoop
from processor.steps.follow_ups import follow_up
from processor.steps.loops import MailboxLoop
from processor.steps.sent_folder import sent_folder_of
from processor.steps.upkeep import count, remind, retain, take_register
from processor.steps.work_off import work_off
from processor.store import work as claims
from processor.store.rules_seen import note_rules
from processor.store.settings import OUTBOX_CAP, change_setting
from processor.store.sweep import sweep
from processor.store.watermarks import first_start
from processor.watch.pulse import Pulse
from tests.simulator.tasks import Task
from tests.simulator.waiting import SimEvent
from tests.simulator.week_mail import SharedMailbox
from tests.simulator.week_world import WeekWorld

# As daemon.py has them; the clocks' own pauses are longer here, since whatever becomes ready wakes its loop.
RECONCILE_SECONDS, COUNT_SECONDS, DAY = 3600.0, 3600.0, 86_400.0
CLOCK_PAUSE, CLOCK_SECONDS, TICK_SECONDS, WORK_SECONDS = 60.0, 900.0, 90.0, 900.0
assert LEASE_SECONDS > CLOCK_PAUSE


@dataclass
class WeekDaemon:
    """One process.  ``restart_at`` is when it is started (again)."""

    world: WeekWorld
    tasks: list[Task] = field(default_factory=list)
    restart_at: float = 0.0
    pulse: Pulse = field(init=False)
    mailbox: MailboxLoop = field(init=False)
    delivery: DeliveryLoop = field(init=False)
    watchman: Watchman = field(init=False)
    kills: int = 0

    def start(self) -> None:
        """Recover, and begin the loops; called by the scheduler, so nothing of the start is interrupted."""
        world, config, engine = self.world, self.world.config, self.world.disk.engine
        now, clock = world.clock.true(), world.clock.true
        change_setting(engine, OUTBOX_CAP, str(config.limits.in_all), "configuration", now)
        claims.release_claims(engine)
        sweep(engine, now, all_leases=True)
        first_start(engine, "a", now.replace(microsecond=0))
        note_rules(engine, world.rulebook.version, "", {}, "daemon", now)
        take_register(engine, config, now)

        def event() -> Any:
            return SimEvent(world.turns, world.clock)

        ended: Any = event()
        self.kept = event()
        self.pulse = Pulse(world.time.monotonic)
        (settings,) = config.mailboxes
        assert config.smtp
        assert config.alarms.ping
        beat = self.pulse.of
        self.mailbox = MailboxLoop(settings, engine, clock, ended, self.kept.set, beat("mailbox a"))
        self.mailbox.interrupt = event()
        stop = self.mailbox.interrupt
        self.mailbox.mailbox = SharedMailbox(settings, world.box, world.tokens, world.turns, world.clock, stop)
        self.mailbox.sent = sent_folder_of(config, settings)
        self.delivery = DeliveryLoop(config.smtp, engine, "week/delivery-1", clock, ended, beat("delivery-1"))
        self.delivery.ready = event()
        self.watchman = Watchman(config, engine, clock, ended, beat("alarms"))
        pulse = self.pulse
        ping = DeadMansPing(config.alarms.ping, self.watchman, lambda: pulse.ticking, ended)
        bodies = {
            "mailbox": self.mailbox.run, "delivery": self.delivery.run, "alarms": self.watchman.run, "ping": ping.run
        }  # fmt: skip
        self.tasks = [Task(world.turns, name, _without(run)) for name, run in bodies.items()]
        self.tasks += [Task(world.turns, "work", self._work), Task(world.turns, "clocks", self._clocks)]

    def kill(self) -> None:
        """SIGKILL."""
        for task in self.tasks:
            task.kill()
        self.tasks = []

    def wake_work(self) -> None:
        self.kept.set()

    def _work(self, task: Task) -> None:
        world, beat = self.world, self.pulse.of("work")
        engine, clock = world.disk.engine, world.clock.true
        while True:
            beat(WORK_SECONDS)
            self.kept.clear()
            claimed = 0
            try:
                if not world.workers_stand:
                    road = (engine, world.rulebook, world.config, "week/work", clock, lambda *_: Extracted())
                    claimed, _ = work_off(*road)
                    if not claimed and follow_up(engine, world.rulebook, world.config, clock()):
                        self.delivery.wake()
            except Exception as error:
                self._odd(error)
            if claimed:
                self.delivery.wake()
                self.mailbox.settle_soon()
            else:
                self.kept.wait(60.0)

    def _clocks(self, task: Task) -> None:
        """The scheduler's jobs and the main thread's beat."""
        world, engine, clock = self.world, self.world.disk.engine, self.world.clock.true
        due: dict[Callable[[], object], tuple[float, float]] = {
            self.mailbox.wake: (self.mailbox.settings.poll_seconds, world.now + self.mailbox.settings.poll_seconds),
            self.mailbox.reconcile_soon: (RECONCILE_SECONDS, world.now + RECONCILE_SECONDS),
            lambda: count(engine, clock()): (COUNT_SECONDS, world.now + 60.0),
            lambda: retain(engine, clock()): (DAY, world.now + DAY),
            lambda: remind(engine, clock()): (60.0, world.now + 60.0),
            lambda: sweep(engine, clock()): (CLOCK_PAUSE, world.now),
        }
        while True:
            self.pulse.beat("main", TICK_SECONDS)
            self.pulse.beat("clocks", CLOCK_SECONDS)
            for job, (each, at) in due.items():
                if at <= world.now:
                    due[job] = (each, at + each)
                    try:
                        job()
                    except Exception as error:
                        self._odd(error)
            self.kept.set()
            self.delivery.wake()
            task.sleep(world.now + CLOCK_PAUSE)

    def _odd(self, error: Exception) -> None:
        """The world may fail, which is told as OperationalError; anything else is a bug of ours."""
        if not isinstance(error, OperationalError):
            where = traceback.extract_tb(error.__traceback__)[-1]
            self.world.odd.append(f"the daemon raised {error!r:.300} at {where.filename}:{where.lineno}")


def _without(run: Callable[[], None]) -> Callable[[Task], None]:
    return lambda _: run()
