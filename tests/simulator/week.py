"""A simulated week: ``python -m tests.simulator week --seed N``.

The program's own threads run on a simulated clock against a mailbox that wants tokens and drops the line each minute,
while colleagues act on one mail in five and one trouble after another must be told in its time.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass, field

from processor.alarms import watching
from tests.simulator.disk import Disk
from tests.simulator.provoked import HOUR, MINUTE, Provocations, Trouble
from tests.simulator.week_daemon import WeekDaemon
from tests.simulator.week_laws import WeekLaws, hung
from tests.simulator.week_people import People
from tests.simulator.week_world import in_place_for_a_week, make_week

DAYS = 7
FIRST, BETWEEN = 4 * HOUR, 12.5 * HOUR
# Where only some troubles are made.
APART = 25 * MINUTE
LOOK_SECONDS, CALM_SECONDS = watching.LOOK_SECONDS, 150.0
# All that was told must be told to be over, which takes longer where an alarm came back.
QUIET_DOWN, SHORT_QUIET = 3 * HOUR, 30 * MINUTE


@dataclass
class WeekRan:
    """What came of a week, or of as many hours of it as ran before a law was broken."""

    seed: int
    hours: float
    steps: int
    took: float
    broken: tuple[str, ...]
    laws: WeekLaws = field(repr=False)
    people: People = field(repr=False)
    troubles: list[Trouble] = field(repr=False)


class Week:
    """A world, its daemon and its people."""

    def __init__(self, seed: int, disk: Disk, hours: float = DAYS * 24.0, only: tuple[str, ...] = ()) -> None:
        self.seed, self.hours = seed, hours
        self.world = make_week(seed, disk)
        self.dice = self.world.dice
        self.laws = WeekLaws(self.world)
        self.people = People(self.world, self.laws)
        self.provoke = Provocations(self.world, self.people.letter, self.people.forgotten)
        self.laws.troubles = [each for each in self.provoke.all() if not only or each.kind in only]
        self.daemon = WeekDaemon(self.world)
        self.steps = 0
        self.only, self.full_week = only, not only
        self.began = time.perf_counter()

    def go(self) -> WeekRan:
        """Run to the end, or until a law is broken."""
        with in_place_for_a_week(self.world):
            try:
                self._prepare()
                self._until(self.hours * HOUR)
                self._quiet_down()
            finally:
                self.daemon.kill()
        broken = tuple(dict.fromkeys(self.laws.broken))
        took, hours = time.perf_counter() - self.began, self.world.now / HOUR
        return WeekRan(self.seed, hours, self.steps, took, broken, self.laws, self.people, self.laws.troubles)

    def _prepare(self) -> None:
        config, troubles = self.world.config, self.laws.troubles
        starts = [FIRST + number * BETWEEN for number in range(len(troubles))]
        if not self.full_week:
            lengths = [each.lasts + APART for each in troubles]
            starts = [10 * MINUTE + sum(lengths[:number]) for number in range(len(troubles))]
        near = [at for at, each in zip(starts, troubles, strict=True) if each.kind == "deadline_near"]
        self.provoke.register(near[0] if near else 0.0)
        for oauth in (config.mailboxes[0].oauth, config.smtp and config.smtp.oauth):
            assert oauth
            oauth.file.unlink(missing_ok=True)
            self.world.sign_in(oauth)
        for at, trouble in zip(starts, troubles, strict=True):
            self.world.after(max(0.0, at - 160.0), lambda: self._look_each(LOOK_SECONDS))
            self.world.after(at, lambda trouble=trouble: self._make(trouble))  # type: ignore[misc]
            self.world.after(at + trouble.lasts + APART, lambda: self._look_each(CALM_SECONDS))
        self.world.after(60.0, self._drop)
        if self.full_week:
            for day in range(DAYS):
                self.world.after((day + 1) * 24 * HOUR, lambda day=day: self._tell(day + 1))  # type: ignore[misc]
                self.world.after((day * 24 + self.dice.uniform(0, 24)) * HOUR, self._kill)
            self.world.after(FIRST + 5.5 * BETWEEN, lambda: self._hang(50 * MINUTE))
        if "hang" in self.only:
            self.world.after(10 * MINUTE, lambda: self._hang(50 * MINUTE))
        self.people.begin()

    def _until(self, second: float) -> None:
        while self.world.now < second and not self.laws.broken:
            self._step(second)

    def _step(self, second: float) -> None:
        """Whoever may goes on; where nobody may, the clock goes to where somebody will."""
        world, self.steps = self.world, self.steps + 1
        while world.events and world.events[0][0] <= world.now:
            heapq.heappop(world.events)[2]()
        if not self.daemon.tasks and self.daemon.restart_at <= world.now:
            self.daemon.start()
        may = [task for task in self.daemon.tasks if task.wake <= world.now and not task.ended]
        if may:
            task = may[0] if len(may) == 1 else self.dice.choice(may)
            task.resume()
            world.clock.second += self.dice.random() * 0.02
            if task.error is not None or task.ended:
                self.laws.broken.append(f"{task.name} ended with {task.error!r:.300}")
        else:
            waiting = [task.wake for task in self.daemon.tasks] or [self.daemon.restart_at]
            coming = min(*waiting, second, world.events[0][0] if world.events else second)
            world.clock.second = max(world.now, coming)
        self.laws.check()

    # -- what befalls the world

    def _drop(self) -> None:
        """The server ends the connection each minute: mostly while it is idle, else in the middle of what follows."""
        box = self.world.box
        if self.dice.random() < 0.7:
            box.drop()
        else:
            box.drop()
            box.fuse = self.dice.randrange(1, 14)
        self.world.after(60.0, self._drop)

    def _tell(self, day: int) -> None:
        took, letters = time.perf_counter() - self.began, len(self.laws.letters)
        print(f"day {day}: {letters} letters, {self.world.box.drops} lines dropped, {took:.0f} s", flush=True)

    def _look_each(self, seconds: float) -> None:
        """How often alarms are looked for: between two troubles less often than the program does, to spare our time."""
        watching.LOOK_SECONDS = seconds

    def _make(self, trouble: Trouble) -> None:
        trouble.began = self.world.now
        trouble.make()
        self.world.after(trouble.lasts, lambda: self._mend(trouble))

    def _mend(self, trouble: Trouble) -> None:
        trouble.mended = self.world.now
        if trouble.told is None and not self.laws.broken:
            self.laws.broken.append(f"{trouble.name} was made, lasted for {trouble.lasts:.0f} s and was never told")
        trouble.mend()

    def _hang(self, seconds: float) -> None:
        """The mailbox's server neither answers nor hangs up, for longer than any wait that we bound ourselves by."""
        self.world.box.hangs_until = self.world.now + seconds
        self.laws.stills.append(hung(self.world, seconds))

    def _kill(self) -> None:
        self.daemon.kill()
        self.daemon.kills += 1
        self.daemon.restart_at = self.world.now + self.dice.choice((1.0, 5.0, 30.0))
        self.laws.kills.append(self.daemon.restart_at)

    def _quiet_down(self) -> None:
        """Nobody writes any more and nothing is dropped: then every law must hold in full."""
        if self.laws.broken:
            return
        self.world.events.clear()
        self.world.box.fuse = None
        for trouble in self.laws.troubles:
            if trouble.began is not None and trouble.mended is None:
                self._mend(trouble)
        self._until(self.world.now + (QUIET_DOWN if self.full_week else SHORT_QUIET))
        if not self.laws.broken:
            self.laws.full()


def told(ran: WeekRan) -> str:
    """The last lines: a small table."""
    laws, world, people = ran.laws, ran.laws.week, ran.people
    box, tokens = world.box, world.tokens
    sent = Counted(world.disk.ask("SELECT state, count(*) FROM outbox GROUP BY state"))
    crossed = sorted(laws.crossed)
    longest = f", for {crossed[-1]:.0f} s at most" if crossed else ""
    rows: list[tuple[str, str]] = [
        ("simulated", f"{ran.hours:.1f} hours in {ran.took:.0f} s, {ran.steps} steps"),
        ("mail", f"{len(laws.letters)} letters, {sent('sent')} answers sent, {laws.checked} changes checked"),
        ("connection", f"dropped {box.drops} times; {ran.people.world.tokens.given} tokens given, {tokens.slow} slowly, {tokens.failed} refused to"),
        ("colleagues", ", ".join(f"{people.deeds[each]} {each}" for each in ("read", "flag", "move", "answer"))),
        ("cancelled for them", f"{world.disk.ask(CANCELLED)[0][0]}"),
        ("crossed on the way", f"{len(crossed)} (theirs lay in Sent{longest}); nameless {laws.unnamed}"),
        ("moved before seen", f"{len(laws.moved_unseen)}, told by the comparison"),
        ("alarms", f"{len(world.watch.alarms)} told; the chat missed {world.watch.missed_by_chat} and took {world.watch.by_chat}"),
        ("pings", f"{len(world.watch.pings)}"),
    ]  # fmt: skip
    lines = [f"  {name:20} {value}" for name, value in rows]
    lines.append("  alarm                      condition to delivery   at most")
    for each in ran.troubles:
        took = f"{each.told - each.condition:.0f} s" if each.told is not None and each.condition is not None else "-"
        lines.append(f"  {each.name:30} {took:>18} {each.limit:>7.0f} s")
    lines += [f"  BROKEN at {world.now / HOUR:.2f} h: {each}" for each in ran.broken]
    verdict = f"{len(ran.broken)} laws broken" if ran.broken else "0 lost, 0 doubled, 0 answered after a colleague"
    lines.append(f"{verdict}; replay: python -m tests.simulator week --seed {ran.seed}")
    return "\n".join(lines)


class Counted:
    """Counts by name, 0 for what is not there."""

    def __init__(self, rows: list[tuple[str, int]]) -> None:
        self.rows = dict(rows)

    def __call__(self, name: str) -> int:
        return self.rows.get(name, 0)


CANCELLED = "SELECT count(*) FROM event WHERE kind = 'outbox.answered'"


def simulate_week(seed: int, hours: float, only: tuple[str, ...] = ()) -> int:
    """Run a week, or some hours of it with these troubles only, and tell of it; 1 when a law was broken."""
    disk = Disk()
    try:
        ran = Week(seed, disk, hours, only).go()
        print(told(ran), flush=True)
    finally:
        disk.close()
    return 1 if ran.broken else 0


def prove_week(seed: int, quick: bool) -> int:
    """Break the program in every way (in those that show at once); 1 when the laws did not see one of them."""
    from tests.simulator.week_mutants import MUTANTS, broken_week

    blind, chosen = [], {name: each for name, each in MUTANTS.items() if each.quick or not quick}
    for name, mutant in chosen.items():
        disk = Disk()
        try:
            with broken_week(name):
                ran = Week(seed, disk, mutant.hours, mutant.only).go()
        finally:
            disk.close()
        print(f"{name}: {ran.broken[0] if ran.broken else 'NOT SEEN'} ({ran.hours:.1f} h)", flush=True)
        blind += [] if ran.broken else [name]
    print(f"{len(chosen) - len(blind)} of {len(chosen)} mutants found")
    return 1 if blind else 0
