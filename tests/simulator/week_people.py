"""Who lives in the week: customers by the rhythm of a working day, colleagues at the same mailbox, and staff."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from email.utils import format_datetime

from processor.deciding.calendar import OSLO
from processor.store import actions
from processor.store.people import Person
from tests.simulator.letters import OURS, Letter
from tests.simulator.mailserver import Stored
from tests.simulator.week_laws import Answered, WeekLaws
from tests.simulator.week_mail import SENT
from tests.simulator.week_world import WeekWorld

HOUR = 3600.0
# Letters an hour: at work, in the morning and evening, at night, at the weekend.
AT_WORK, AROUND, NIGHT, WEEKEND = 14.0, 3.0, 0.5, 1.0
DEEDS, WEIGHTS = ("read", "flag", "move", "answer"), (3, 2, 2, 3)
COLLEAGUE = "ola.nordmann@visma.no"


@dataclass
class People:
    """``deeds`` counts what colleagues did; ``forgotten`` are letters whose tickets staff do not take on."""

    world: WeekWorld
    laws: WeekLaws
    forgotten: set[str] = field(default_factory=set)
    deeds: Counter[str] = field(default_factory=Counter)
    answers: int = 0

    def begin(self) -> None:
        self._next_customer()
        self._staff()

    # -- customers

    def _next_customer(self) -> None:
        local = self.world.clock.true().astimezone(OSLO)
        around = AROUND if 6 <= local.hour < 22 else NIGHT
        rate = WEEKEND if local.weekday() > 4 else AT_WORK if 8 <= local.hour < 16 else around
        wait = min(self.world.dice.expovariate(rate / HOUR), HOUR)
        self.world.after(wait, self._customer)

    def _customer(self) -> None:
        local = self.world.clock.true().astimezone(OSLO)
        if 6 <= local.hour < 22 or self.world.dice.random() < 0.3:
            self.letter()
        self._next_customer()

    def letter(
        self,
        subject: str = "",
        body: str = "",
        *,
        who: tuple[str, str, str] | None = None,
        colleague: bool | None = None,
    ) -> Letter:
        """A letter comes; a colleague acts on one in five, unless it is said whether one does."""
        world, dice = self.world, self.world.dice
        if subject:
            local, domain, org = who or world.writer._customer()
            written = world.writer.plain(f"{local}@{domain}", subject, body.format(org=org), world.clock.true())
        else:
            written = self._any()
        self.laws.ids[written.message_id] += written.token not in self.laws.letters
        self.laws.came(written)
        world.box.deliver(written, world.clock.true(), "Junk" if not subject and dice.random() < 0.03 else "INBOX")
        world.box.poke()
        if colleague or (colleague is None and dice.random() < 0.2):
            world.after(5.0 + dice.expovariate(1 / 1500.0), lambda: self._colleague(written, bool(colleague)))
        return written

    def _any(self) -> Letter:
        writer, dice, now = self.world.writer, self.world.dice, self.world.clock.true()
        chance, accepted = dice.random(), self.world.peer.accepted
        if chance < 0.03 and writer.seen:
            return writer.copy(dice.choice(writer.seen[-20:]))
        if chance < 0.12 and accepted:
            one = dice.choice(accepted[-10:])
            return writer.reply(one.message_id, one.recipient, now)
        return writer.letter(now)

    # -- colleagues

    def _colleague(self, letter: Letter, answers: bool) -> None:
        """Reads, flags, moves or answers it, where it still lies there."""
        uid = self.world.box.find(letter.token)
        if uid is None:
            return
        inbox = self.world.box.folders["INBOX"]
        deed = "answer" if answers else self.world.dice.choices(DEEDS, WEIGHTS)[0]
        self.deeds[deed] += 1
        if deed == "flag":
            inbox.mails[uid].flags.add("\\flagged")
        elif deed == "move":
            if letter.token not in self.world.box.fetched:
                self.laws.moved_unseen.add(letter.token)
            self.world.box.folders["Other"].add(inbox.mails.pop(uid))
        else:
            inbox.mails[uid].flags.add("\\seen")
        if deed == "answer":
            inbox.mails[uid].flags.add("\\answered")
            self._answer(letter)

    def _answer(self, letter: Letter) -> None:
        self.answers += 1
        now = self.world.clock.true()
        names = f"In-Reply-To: {letter.message_id}\r\nReferences: {letter.message_id}\r\n" if letter.message_id else ""
        own = f"<sak{self.answers}.{self.world.dice.getrandbits(32):08x}@visma.no>"
        raw = (
            f"From: Ola Nordmann <{COLLEAGUE}>\r\nTo: {letter.sender}\r\nCc: {OURS}\r\nSubject: Sv: Oppsigelse\r\n"
            f"Date: {format_datetime(now)}\r\nMessage-ID: {own}\r\n{names}MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n\r\nHei,\r\n\r\ndette er ordnet.\r\n\r\nOla\r\n"
        ).encode()
        sent = Stored(Letter("colleague", "normal", COLLEAGUE, own, raw), now.replace(microsecond=0), {"\\seen"})
        self.world.box.folders[SENT].add(sent)
        self.laws.colleague.setdefault(letter.token, Answered(self.world.now, bool(letter.message_id)))

    # -- staff

    def _staff(self) -> None:
        """Every quarter of an hour of a working day somebody registers what waits, but what is forgotten."""
        local = self.world.clock.true().astimezone(OSLO)
        if local.weekday() < 5 and 7 <= local.hour < 17:
            person = Person(*self.world.disk.ask("SELECT id, name FROM person")[0])
            query = (
                "SELECT a.id, r.content FROM action a JOIN item i ON i.id = a.item_id"
                " JOIN raw_mail r ON r.mail_id = i.mail_id WHERE a.state = 'waiting' AND a.needs = 'staff'"
            )
            for which, raw in self.world.disk.ask(query):
                if not any(f"Sak {token}.".encode() in raw for token in self.forgotten):
                    engine, now = self.world.disk.engine, self.world.clock.true()
                    actions.approve(engine, which, person, now, None)
                    actions.done(engine, which, person, now)
        self.world.after(900.0, self._staff)
