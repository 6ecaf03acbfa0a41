"""What a week must hold beside the simulator's laws: colleagues, the Sent folder, alarms in time, and the ping."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from processor.alarm import Pace
from processor.alarms.rounds import OF_THE_START
from processor.alarms.watching import PING_SECONDS, STARTING_SECONDS
from processor.steps.loops import PORTION_SECONDS
from processor.steps.sent_folder import READ_EACH
from tests.simulator.disk import Change
from tests.simulator.laws import Laws, _token
from tests.simulator.provoked import ROUND, Trouble
from tests.simulator.week_mail import COPY, SENT
from tests.simulator.week_world import Heard, WeekWorld

PACE = Pace()
# After a trouble is mended: the longest pause before a server is tried again, and a round.
MENDING = 420.0
READ = READ_EACH.total_seconds() + 1.0
QUIET = 90.0


@dataclass
class Answered:
    """A colleague's answer: when it lay in the Sent folder.  ``known`` is false where nothing of it names the letter."""

    at: float
    known: bool


@dataclass
class Still:
    """A time in which a loop stood still; no ping may come from ``silent`` seconds after its beginning on."""

    began: float
    ended: float
    silent: float


@dataclass
class WeekLaws(Laws):
    """The laws of a week."""

    week: WeekWorld
    troubles: list[Trouble] = field(default_factory=list)
    stills: list[Still] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)
    colleague: dict[str, Answered] = field(default_factory=dict)
    ids: Counter[str] = field(default_factory=Counter)
    moved_unseen: set[str] = field(default_factory=set)
    # Both answered, and we could not have known: for so many seconds the colleague's reply had lain there.
    crossed: list[float] = field(default_factory=list)
    unnamed: int = 0
    kept_silent: set[str] = field(default_factory=set)
    heard: int = 0
    pinged: int = 0
    last_told: dict[tuple[str, str], Heard] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(self.week)

    def check(self) -> None:
        super().check()
        self._alarms()
        self._pings()

    def _watermark(self, change: Change) -> None:
        """Of the Sent folder nothing is kept but what answers."""
        if change[6] != SENT:
            super()._watermark(change)

    # -- colleagues

    def _reply(self, change: Change) -> None:
        super()._reply(change)
        _, _, which, _, new, _, kind, attempted, _ = change
        if new == "sending" and kind != "confirmation":
            self._after_a_colleague(which, self.week.second_of(attempted))

    def _after_a_colleague(self, which: int, began: float) -> None:
        """We begin to send: nobody may have answered the letter, as far as we were shown it."""
        query = (
            "SELECT r.content, m.message_id FROM outbox o JOIN mail m ON m.id = o.answers_mail_id"
            " JOIN raw_mail r ON r.mail_id = m.id WHERE o.id = ?"
        )
        for raw, message_id in self.disk.ask(query, which):
            token = _token(raw)
            answer = self.colleague.get(token)
            if answer is None or answer.at >= began:
                continue
            if not answer.known or self.ids[message_id] > 1:
                self.unnamed += 1
                continue
            searched = self.week.box.searched
            # New mail is asked for after the Sent folder was read, or was within READ_EACH.
            place = bisect_left(searched, answer.at + READ)
            if place < len(searched) and searched[place] < began:
                lay = began - answer.at
                self._break(f"letter {token} was answered by r{which} {lay:.0f} s after a colleague had answered it")
            else:
                self.crossed.append(began - answer.at)

    # -- alarms

    def _alarms(self) -> None:
        alarms, now = self.week.watch.alarms, self.week.now
        while self.heard < len(alarms):
            self._told(alarms[self.heard])
            self.heard += 1
        for trouble in self.troubles:
            if trouble.began is None or trouble.told is not None or trouble.mended is not None:
                continue
            if trouble.condition is None:
                trouble.condition = trouble.since()
            if trouble.condition is not None and now > self._latest(trouble, trouble.condition):
                late = now - trouble.condition
                self._break(
                    f"{trouble.name} has lasted for {late:.0f} s and nobody was told within {trouble.limit:.0f} s"
                )
                trouble.told = now

    def _latest(self, trouble: Trouble, condition: float) -> float:
        """When it must have been told; a process that has just begun waits with what would tell of its standing still."""
        if trouble.kind not in OF_THE_START:
            return condition + trouble.limit
        begun = max((at for at in self.kills if at <= self.week.now), default=0.0)
        return max(condition + trouble.limit, begun + STARTING_SECONDS + ROUND)

    def _told(self, heard: Heard) -> None:
        key = (heard.kind, heard.subject)
        before = self.last_told.get(key)
        self.last_told[key] = heard
        if heard.event == "repeated" and before and heard.at - before.at < PACE.repeat.total_seconds() - QUIET:
            self._break(f"{heard.kind} was told again after {heard.at - before.at:.0f} s")
        if heard.event == "raised" and before and before.event != "cleared":
            self._break(f"{heard.kind} was raised twice")
        if heard.event != "raised":
            return
        mine = [each for each in self.troubles if (each.kind, each.subject) == key and self._lasts(each, heard.at)]
        for trouble in mine:
            if trouble.told is not None:
                self._break(f"{trouble.name} was raised more than once in one trouble")
            trouble.told = heard.at
        beside = [each for each in self.troubles if heard.kind in each.beside and self._lasts(each, heard.at)]
        hung = heard.kind == "mailbox_unread" and any(
            each.began <= heard.at <= each.ended + QUIET for each in self.stills
        )
        if not (mine or beside or hung):
            self._break(f"{heard.kind} {heard.subject} was raised at {heard.at:.0f} and nothing was wrong")

    def _lasts(self, trouble: Trouble, at: float) -> bool:
        if trouble.began is None or at < trouble.began:
            return False
        return trouble.mended is None or at <= trouble.mended + MENDING

    # -- the dead-man's switch

    def _pings(self) -> None:
        """While all is well it comes each minute; while a loop stands still it does not."""
        pings, now = self.week.watch.pings, self.week.now
        for at in pings[self.pinged :]:
            for still in self.stills:
                if still.began + still.silent < at < still.ended:
                    self._break(f"a ping came {at - still.began:.0f} s after a loop had hung")
        self.pinged = len(pings)
        last = pings[-1] if pings else 0.0
        calm = max([last, *self.kills, *(each.ended for each in self.stills if each.began <= now)])
        if now > calm + PING_SECONDS + QUIET:
            self._break(f"no ping came for {now - calm:.0f} s although all was well")
            pings.append(now)

    # -- at the end

    def full(self) -> None:
        super().full()
        box = self.week.box
        copies = Counter(
            mail.letter.message_id for mail in box.folders[SENT].mails.values() if mail.letter.token == COPY
        )
        for message_id, number in copies.items():
            if number > 1:
                self._break(f"{message_id} lies {number} times in the Sent folder")
        for which, message_id in self.disk.ask("SELECT id, message_id FROM outbox WHERE state = 'sent'"):
            if not copies[message_id]:
                self._break(f"reply r{which} left and lies in no Sent folder")
        for key, heard in self.last_told.items():
            if heard.event != "cleared":
                self._break(f"{key[0]} is over, and nobody was told")
        self._all_accounted_for()

    def _all_accounted_for(self) -> None:
        """Every letter is kept, or a colleague took it before the server had shown it to us."""
        known = {_token(raw) for (raw,) in self.disk.ask("SELECT content FROM raw_mail")}
        for token in self.letters:
            if token not in known and token not in self.moved_unseen:
                self._break(f"lost: letter {token}")


def hung(world: WeekWorld, seconds: float) -> Still:
    """A mailbox's loop that hangs from now on; its last beat may have been just now, and before a waiting."""
    silent = PORTION_SECONDS + world.config.mailboxes[0].poll_seconds + 5.0
    return Still(world.now, world.now + seconds, silent)
