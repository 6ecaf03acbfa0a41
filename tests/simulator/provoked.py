"""What is done to the world so that each alarm has its reason, one after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from processor.alarm import Thresholds
from processor.alarms.watching import LOOK_SECONDS
from processor.deciding.boundaries import boundaries
from processor.deciding.calendar import OSLO
from processor.store import outbox
from processor.store.people import Person
from tests.simulator.letters import Letter, org_no
from tests.simulator.week_world import BOX, PLENTY, WeekWorld

LIMITS = Thresholds()
# A round looks, then tells by a chat that may hang for eight seconds.
ROUND = LOOK_SECONDS + 15.0
MINUTE, HOUR = 60.0, 3600.0


@dataclass
class Trouble:
    """An alarm's reason.  ``since`` tells when its condition began, None while it has not; ``limit`` is how many
    seconds later it must have been told.  ``beside`` are alarms that may come along.

    ``told`` is when it was; ``began`` and ``mended`` are when the trouble was made and taken away.
    """

    kind: str
    subject: str
    lasts: float
    limit: float
    make: Callable[[], None]
    mend: Callable[[], None]
    since: Callable[[], float | None]
    beside: frozenset[str] = frozenset()
    began: float | None = None
    condition: float | None = None
    told: float | None = None
    mended: float | None = None

    @property
    def name(self) -> str:
        return f"{self.kind} {self.subject}".rstrip()


@dataclass
class Provocations:
    """Makes the troubles of a week.  ``letter`` puts a customer's mail of these words in the mailbox."""

    world: WeekWorld
    letter: Callable[..., Letter]
    forgotten: set[str] = field(default_factory=set)
    late_customer: tuple[str, str, str] = ("post", "frist-demo.no", "")

    def all(self) -> list[Trouble]:
        """In the order in which they come."""
        return [
            self.disk_full(),
            self.token_server_away(),
            self.unknown_reply(),
            self.login_refused(),
            self.breaker(),
            self.oldest_mail(),
            self.consent_revoked(),
            self.lease_lost(),
            self.delivery_failing(),
            self.token_ending(),
            self.deadline_near(),
            self.reconciliation_old(),
        ]

    def _ask(self, query: str, *values: object) -> float | None:
        """A time in the store as a second."""
        rows = self.world.disk.ask(query, *values)
        return self.world.second_of(rows[0][0]) if rows and rows[0][0] else None

    def _plain(self) -> None:
        self.letter("Oppsigelse", "Vi sier opp avtalen vår.")

    def _perhaps_answered(self) -> None:
        self.letter(colleague=self.world.dice.random() < 0.6)

    def disk_full(self) -> Trouble:
        world, made = self.world, list[float]()

        def make() -> None:
            world.disk_free = 300_000_000
            made.append(world.now)

        def mend() -> None:
            world.disk_free = PLENTY

        return Trouble("disk_full", "", 30 * MINUTE, ROUND, make, mend, lambda: made[0])

    def token_server_away(self) -> Trouble:
        """For an hour no token is given out, and those in hand end; colleagues go on meanwhile."""
        world = self.world

        def make() -> None:
            world.tokens.down = True
            world.tokens.end_access(BOX)
            # What an hour brings, and how much of it a colleague has dealt with before we can.
            for number in range(8):
                world.after(60.0 + number * 240, self._perhaps_answered)

        def mend() -> None:
            world.tokens.down = False
            # A server that comes back stumbles.
            world.box.fuse = world.dice.randrange(3, 14)

        last = "SELECT seen_at FROM mailbox"
        limit = LIMITS.unread.total_seconds() + ROUND
        beside = frozenset({"delivery_failing"})
        return Trouble("mailbox_unread", "a", HOUR, limit, make, mend, lambda: self._ask(last), beside)

    def unknown_reply(self) -> Trouble:
        world = self.world

        def make() -> None:
            world.peer.faults.append("lost after the dot")
            for _ in range(3):
                self.letter("Oppsigelse", "Vi sier opp avtalen vår.", colleague=False)

        def mend() -> None:
            person = Person(*world.disk.ask("SELECT id, name FROM person")[0])
            for (which,) in world.disk.ask("SELECT id FROM outbox WHERE state = 'unknown'"):
                outbox.cancel_reply(world.disk.engine, which, person, world.clock.true(), "it lies in Sent")

        since = "SELECT min(changed_at) FROM outbox WHERE state = 'unknown'"
        return Trouble("unknown_replies", "", 40 * MINUTE, ROUND, make, mend, lambda: self._ask(since))

    def login_refused(self) -> Trouble:
        """The server takes no token, however new."""
        box = self.world.box

        def make() -> None:
            box.refuses, box.refused_at = True, None

        def mend() -> None:
            box.refuses = False

        limit = LIMITS.login.total_seconds() + ROUND
        return Trouble("login_failed", "a", 40 * MINUTE, limit, make, mend, lambda: box.refused_at)

    def breaker(self) -> Trouble:
        world = self.world

        def make() -> None:
            for number in range(70):
                world.after(number * 5.0, self._plain)

        def mend() -> None:
            outbox.resume_answers(world.disk.engine, "Kari", world.clock.true())

        since = "SELECT value FROM setting WHERE name = 'breaker_open_since'"
        return Trouble("breaker_open", "", 75 * MINUTE, ROUND, make, mend, lambda: self._ask(since))

    def oldest_mail(self) -> Trouble:
        """Nothing is decided, as when the workers have hung."""
        world, made = self.world, list[Letter]()

        def make() -> None:
            world.workers_stand = True
            made.append(self.letter("Oppsigelse", "Vi sier opp avtalen vår.", colleague=False))

        def mend() -> None:
            world.workers_stand = False

        oldest = (
            "SELECT min(arrived_at) FROM mail WHERE state = 'kept' AND arrived_at >= (SELECT answer_from FROM mailbox)"
        )
        limit = LIMITS.oldest_mail.total_seconds() + ROUND
        return Trouble("oldest_mail", "", 50 * MINUTE, limit, make, mend, lambda: self._ask(oldest))

    def consent_revoked(self) -> Trouble:
        """Somebody at the customer's IT has taken the consent back: a person must sign in anew."""
        world = self.world

        def make() -> None:
            world.tokens.refused_at = None
            world.tokens.revoke_user(BOX)

        def mend() -> None:
            world.sign_in(world.config.mailboxes[0].oauth)

        beside = frozenset({"login_failed"})
        since = lambda: world.tokens.refused_at  # noqa: E731
        return Trouble("token_ending", "a", 45 * MINUTE, ROUND, make, mend, since, beside)

    def lease_lost(self) -> Trouble:
        world = self.world

        def make() -> None:
            world.lease_held = False

        def mend() -> None:
            world.lease_held = True

        limit = LIMITS.lease.total_seconds() + ROUND
        return Trouble("lease_lost", "a", 25 * MINUTE, limit, make, mend, lambda: world.leased)

    def delivery_failing(self) -> Trouble:
        world = self.world

        def make() -> None:
            world.peer.down = True
            for _ in range(2):
                self.letter("Oppsigelse", "Vi sier opp avtalen vår.", colleague=True)

        def mend() -> None:
            world.peer.down = False

        since = "SELECT since FROM trouble WHERE name = 'delivery'"
        limit = LIMITS.delivery.total_seconds() + ROUND
        return Trouble("delivery_failing", "", 45 * MINUTE, limit, make, mend, lambda: self._ask(since))

    def token_ending(self) -> Trouble:
        """The token server tells that the consent ends in ten days."""
        world = self.world

        def make() -> None:
            world.tokens.ends_in[BOX] = 10 * 86_400.0
            world.tokens.ending_at.clear()
            world.tokens.end_access(BOX)

        def mend() -> None:
            world.tokens.ends_in[BOX] = 90 * 86_400.0
            world.tokens.end_access(BOX)

        since = lambda: world.tokens.ending_at.get(BOX)  # noqa: E731
        return Trouble("token_ending", "a", 50 * MINUTE, ROUND, make, mend, since)

    def deadline_near(self) -> Trouble:
        """A notice whose last safe day is tomorrow, and that nobody takes on."""
        made = list[Letter]()

        def make() -> None:
            subject, body = "Oppsigelse", f"Vi sier opp Visma.net Expense.\nOrg.nr {self.late_customer[2]}"
            made.append(self.letter(subject, body, who=self.late_customer, colleague=False))
            self.forgotten.add(made[0].token)

        def mend() -> None:
            self.forgotten.clear()

        def since() -> float | None:
            query = (
                "SELECT min(m.decided_at) FROM action a JOIN item i ON i.id = a.item_id"
                " JOIN mail m ON m.id = i.mail_id WHERE m.message_id = ? AND a.state = 'waiting'"
            )
            return self._ask(query, made[0].message_id)

        return Trouble("deadline_near", "", 60 * MINUTE, ROUND, make, mend, since)

    def reconciliation_old(self) -> Trouble:
        box = self.world.box

        def make() -> None:
            box.no_census = True

        def mend() -> None:
            box.no_census = False

        last = "SELECT min(swept_at) FROM reconciliation"
        limit = LIMITS.reconciled.total_seconds() + ROUND
        return Trouble("reconciliation_old", "a", 4.5 * HOUR, limit, make, mend, lambda: self._ask(last))

    def register(self, deadline_at: float) -> None:
        """Write the register of contracts: one whose last safe day is the day after the one of a second."""
        world = self.world
        day = (world.clock.start + timedelta(seconds=deadline_at)).astimezone(OSLO).date()
        rule = world.rulebook.agreements.rules["B"]
        signed = next(
            each
            for each in (day - timedelta(days=number) for number in range(700, 1200))
            if next(boundaries(rule, day, each)).last_safe == day + timedelta(days=1)
        )
        org = org_no(5000)
        self.late_customer = ("post", "frist-demo.no", org)
        head = "customer_no;org_no;name;domains;product;family;type;signed"
        line = f"100042;{org};Frist AS;frist-demo.no;Visma.net Expense;;B;{signed:%d.%m.%Y}"
        assert world.config.contracts_path
        world.config.contracts_path.write_text(f"{head}\n{line}\n", encoding="utf-8")
