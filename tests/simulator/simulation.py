"""One run: a seeded scheduler that chooses, at every step, who goes on and what befalls the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tests.simulator import disk as disk_module
from tests.simulator import mailserver, smtp_peer
from tests.simulator.disk import Disk
from tests.simulator.laws import Laws
from tests.simulator.letters import Letter
from tests.simulator.mailserver import Account
from tests.simulator.shell import Daemon
from tests.simulator.staff import deed_of
from tests.simulator.tasks import Task
from tests.simulator.world import in_place, make_world

# Of a hundred steps this many are something that befalls the world.
EVENTS = 0.15
# Rounds in which the world is whole again: a few minutes each, since a mail that breaks the line takes five tries
# of each daemon, then hours each, since a clock that was wrong by a day has put things off by a day.
SHORT_ROUNDS, ROUNDS, ROUND_STEPS = 40, 66, 6_000


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run; it ends at the step at which a law is broken."""

    seed: int
    steps: int
    broken: tuple[str, ...]
    mails: int = 0
    sent: int = 0
    changes: int = 0


class Run:
    """A world and the daemons, people and laws in it."""

    def __init__(self, seed: int, disk: Disk) -> None:
        self.seed = seed
        self.world = make_world(seed, disk)
        self.dice = self.world.dice
        self.laws = Laws(self.world)
        names = ("daemon",) if self.world.alone else ("north", "south")
        self.daemons = [Daemon(name, self.world) for name in names]
        self.deeds: list[Task] = []
        self.steps = 0
        self.storms: list[tuple[float, Callable[[], None]]] = []
        if not self.world.steady:
            for name in names:
                self.world.clock.off[name] = self.dice.choice((0.0, -300.0, 120.0))

    def go(self, steps: int) -> Ran:
        """Run for so many steps, then until all is quiet, or until a law is broken."""
        with in_place(self.world):
            try:
                self._go(steps)
            finally:
                for daemon in self.daemons:
                    daemon.kill()
                for task in self.deeds:
                    task.kill()
        broken = tuple(dict.fromkeys(self.laws.broken))
        mails = len(self.world.writer.seen)
        return Ran(self.seed, self.steps, broken, mails, len(self.world.peer.accepted), self.laws.checked)

    def _go(self, steps: int) -> None:
        # The first start, which fixes from when mail is answered, is a quiet one.
        self._until_asleep()
        while self.steps < steps and not self.laws.broken:
            self._step()
        if not self.laws.broken:
            self._quiet_down()

    def _step(self) -> None:
        self.steps += 1
        self.world.clock.second += self.dice.random()
        for storm in [each for each in self.storms if each[0] <= self.world.clock.second]:
            self.storms.remove(storm)
            storm[1]()
        self._start_daemons()
        if self.dice.random() < EVENTS or not self._resume():
            self._befall()
        self.laws.check()

    def _start_daemons(self) -> None:
        for daemon in self.daemons:
            if daemon.tasks and all(task.ended for task in daemon.tasks):
                # Ended as it was told, or could not start.
                daemon.tasks = []
                daemon.down_until = max(daemon.down_until, self.world.clock.second + 5)
            if not daemon.tasks and daemon.down_until <= self.world.clock.second:
                daemon.start()

    def _resume(self) -> bool:
        """Let one task go on that may; false when none may."""
        now = self.world.clock.second
        tasks = [task for daemon in self.daemons for task in daemon.tasks] + self.deeds
        may = [task for task in tasks if not task.ended and task.wake <= now]
        if not may:
            return False
        task = self.dice.choice(may)
        task.resume()
        if task.ended and task in self.deeds:
            self.deeds.remove(task)
        if task.error is not None:
            self.laws.broken.append(f"{task.name} ended with {task.error!r:.300}")
            task.error = None
        if self.world.fatal:
            self._kill_owner(task)
        return True

    def _kill_owner(self, task: Task) -> None:
        """A mail took the whole process with it."""
        self.world.fatal = False
        for daemon in self.daemons:
            if task in daemon.tasks:
                daemon.kill()
                daemon.down_until = self.world.clock.second + 1

    # -- what befalls the world

    def _befall(self) -> None:
        self.dice.choices(HAPPENINGS, CHANCES)[0](self)

    def _deliver(self) -> None:
        letter = self._letter()
        now, dice = self.world.clock.true(), self.dice
        account = self.world.accounts[dice.choice(("a", "a", "b"))]
        when = now - timedelta(days=dice.choice((1, 2, 400))) if dice.random() < 0.04 else now
        cursed = dice.choices(("", "no", "cut"), (97, 2, 1))[0]
        self._put(account, letter, when.replace(microsecond=0), dice.choices(("INBOX", "Junk"), (15, 1))[0], cursed)
        if dice.random() < 0.04:
            self._put(self.world.accounts["b"], letter, when)

    def _put(self, account: Account, letter: Letter, when: object, folder: str = "INBOX", cursed: str = "") -> None:
        account.deliver(letter, when, folder, cursed)  # type: ignore[arg-type]
        self.laws.came(letter)

    def _letter(self) -> Letter:
        writer, now, chance = self.world.writer, self.world.clock.true(), self.dice.random()
        accepted = self.world.peer.accepted
        if chance < 0.06 and writer.seen:
            return self.dice.choice(writer.seen[-20:])
        if chance < 0.11 and writer.seen:
            return writer.copy(self.dice.choice(writer.seen[-20:]))
        if chance < 0.17 and accepted:
            one = self.dice.choice(accepted[-10:])
            return writer.reply(one.message_id, one.recipient, now)
        if chance < 0.20 and accepted:
            one = self.dice.choice(accepted[-10:])
            return writer.bounce(one.message_id, one.recipient, now)
        return writer.letter(now)

    def _flood(self) -> None:
        for _ in range(self.dice.randrange(3, 12)):
            self._deliver()

    def _others(self) -> None:
        """Somebody moves, deletes or reads a mail with their own program."""
        folder = self._account().folders["INBOX"]
        if not folder.mails:
            return
        uid = self.dice.choice(list(folder.mails)[-10:])
        mail = folder.mails[uid]
        how = self.dice.choice(("delete", "Junk", "Other", "seen"))
        if how == "seen":
            mail.flags.add("\\seen")
            return
        del folder.mails[uid]
        if how != "delete":
            self._account_of(folder).folders[how].add(mail)

    def _recreate(self) -> None:
        self._account().recreate(self.dice.choice(("INBOX", "INBOX", "Junk")))

    def _imap_fault(self) -> None:
        self._arm(self._account().faults, mailserver.FAULTS)

    def _imap_down(self) -> None:
        account = self._account()
        account.down = True
        self._after((5, 60, 600), lambda: setattr(account, "down", False))

    def _smtp_fault(self) -> None:
        self._arm(self.world.peer.faults, smtp_peer.FAULTS)

    def _smtp_storm(self) -> None:
        what = self.dice.choice(("storm", "down"))
        setattr(self.world.peer, what, True)
        self._after((10, 60, 600, 4000), lambda: setattr(self.world.peer, what, False))

    def _disk_fault(self) -> None:
        self._arm(self.world.disk.faults, disk_module.FAULTS)

    def _disk_full(self) -> None:
        self.world.disk.full = True
        self._after((5, 30, 120), lambda: setattr(self.world.disk, "full", False))

    def _locked(self) -> None:
        self.world.disk.hold()
        self._after((1, 5, 20), self.world.disk.let_go)

    def _kill(self) -> None:
        daemon = self.dice.choice(self.daemons)
        daemon.kill()
        daemon.down_until = self.world.clock.second + self.dice.choice((0, 5, 60, 1000))

    def _end(self) -> None:
        self.dice.choice(self.daemons).end()

    def _staff(self) -> None:
        if len(self.deeds) < 4:
            self.deeds.append(Task(self.world.turns, "deed", deed_of(self.world)))

    def _wait(self) -> None:
        self.world.clock.second += self.dice.choices((30, 300, 1000, 3700, 90_000), (8, 8, 4, 4, 1))[0]

    def _jump(self) -> None:
        """Clocks jump, and somebody puts them right in the end."""
        if not self.world.steady:
            off = self.dice.choice((3600.0, -3600.0, -30.0, 86_400.0, -86_400.0, 31_536_000.0))
            self.world.clock.jump(off)
            self._after((60, 600, 4000), lambda: self.world.clock.jump(-off))

    def _rules(self) -> None:
        self.world.rules = 1 - self.world.rules

    def _render_fault(self) -> None:
        self.world.bad_renders += 1

    def _arm(self, waiting: list[str], faults: tuple[str, ...]) -> None:
        """Let something fail soon; never so much at once that nothing is ever tried beyond the first command."""
        if len(waiting) < 3:
            waiting.append(self.dice.choice(faults))

    def _account(self) -> Account:
        return self.world.accounts[self.dice.choice(("a", "b"))]

    def _account_of(self, folder: mailserver.Folder) -> Account:
        return next(each for each in self.world.accounts.values() if folder in each.folders.values())

    def _after(self, seconds: tuple[int, ...], end: Callable[[], None]) -> None:
        self.storms.append((self.world.clock.second + self.dice.choice(seconds), end))

    # -- the end

    def _heal(self) -> None:
        world = self.world
        for _, end in self.storms:
            end()
        self.storms.clear()
        for account in world.accounts.values():
            account.faults.clear()
        world.peer.faults.clear()
        world.disk.faults.clear()
        world.poison, world.bad_renders = True, 0

    def _quiet_down(self) -> None:
        """Heal the world and let the daemons finish; then every law must hold in full."""
        self._heal()
        for daemon in self.daemons:
            daemon.down_until = 0.0
        for number in range(ROUNDS):
            if number < SHORT_ROUNDS and self._cursed():
                # A mail that the server refuses to give is given up only where others come.
                self._one_more_everywhere()
            if number:
                self.world.clock.second += 400 if number < SHORT_ROUNDS else 20_000
            self._until_asleep()
            if self.laws.broken or not self._unfinished():
                break
        if not self.laws.broken:
            self.laws.full()

    def _cursed(self) -> bool:
        folders = [each for account in self.world.accounts.values() for each in mailserver.watched(account)]
        return any(mail.cursed for folder in folders for mail in folder.mails.values())

    def _one_more_everywhere(self) -> None:
        now = self.world.clock.true()
        for account in self.world.accounts.values():
            for folder in mailserver.watched(account):
                self._put(account, self.world.writer.letter(now), now, folder.name)

    def _until_asleep(self) -> None:
        for _ in range(ROUND_STEPS):
            if any(not daemon.tasks for daemon in self.daemons):
                self.world.clock.second += 5
            self._start_daemons()
            self.steps += 1
            if not self._resume() or self.laws.broken:
                break
            self.laws.check()

    def _unfinished(self) -> bool:
        before = list(self.laws.broken)
        self.laws.full()
        unfinished, self.laws.broken = bool(self.laws.broken), before
        return unfinished


HAPPENINGS: tuple[Callable[[Run], None], ...] = (
    *(Run._deliver, Run._flood, Run._others, Run._recreate, Run._imap_fault, Run._imap_down),
    *(Run._smtp_fault, Run._smtp_storm, Run._disk_fault, Run._disk_full, Run._locked, Run._kill),
    *(Run._end, Run._staff, Run._wait, Run._jump, Run._rules, Run._render_fault),
)
CHANCES = (270, 10, 40, 6, 60, 6, 60, 4, 30, 6, 15, 15, 5, 250, 15, 6, 4, 4)
assert len(HAPPENINGS) == len(CHANCES)
