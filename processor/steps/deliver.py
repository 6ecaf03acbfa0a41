"""One step of delivery: ready rows of the outbox are claimed, sent and marked, over one open connection.

The attempt is committed before DATA, so a crash in the middle leaves a row that is ``unknown`` and
never one that would be sent again by mistake (threats.md, sending once).

When many wait and the server is quick, the attempts of a few are committed together; those that were not begun when the
line fails are taken back.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from processor.letter import compose
from processor.mail_servers import SmtpSettings
from processor.store import outbox
from processor.store.escalations import ESCALATION
from processor.store.forwarding import FORWARD, File, files_of
from processor.store.gate import NOTICE
from processor.store.outbox import Outgoing, Start, Taken
from processor.store.sending import Leaving
from processor.store.staff_notices import DIGEST, URGENT
from processor.store.transaction import away
from processor.world.handing import WayOut
from processor.world.outcomes import Deferred, Delivered, Lost, Outcome, Rejected, text_of

TO_STAFF = (ESCALATION, NOTICE, DIGEST, URGENT)
AHEAD = 3
"""So many attempts of automatic replies are committed at once; a crash leaves no more in doubt on a connection."""
MANY = 7
"""So many must be in hand, and a quarter of what was asked for."""
FEW = 31
"""Of a hand of more, the rest is for whoever is free when the server turns out slow: the first and ten times three."""
QUICK = timedelta(seconds=0.2)
"""A server that takes a mail within this time is quick: the switch that stops answers is obeyed within a second."""
# Longer than the longest wait for a reply (ten minutes after the final dot, RFC 5321 section 4.5.3.2.6).
WITH_FILES = (FORWARD, "answer", "question")
"""The kinds of letters that staff write, which may have files."""
LEASE_SECONDS = 900
# RFC 5321 section 4.5.4.1 speaks of four to five days; a receipt is stale long before.
GIVE_UP_AFTER = timedelta(hours=48)
FIRST_GAP = timedelta(seconds=30)
LONGEST_GAP = timedelta(hours=2)
# What a server has just answered is told for so long to a database that is restarting or failing over.
INSIST_SECONDS = 60.0
INSIST_PAUSE = 0.5


class FenceLostError(Exception):
    """Another worker has taken the row over: this one must not send it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a step did.  ``trouble`` is what the server (not one mail) failed with: pause before the next step.

    ``more``: others may be ready that were not claimed.
    """

    claimed: int
    taken: int
    trouble: str = ""
    more: bool = False


def deliver(
    engine: Engine,
    courier: WayOut,
    settings: SmtpSettings,
    worker: str,
    clock: Callable[[], datetime],
    limit: int = 50,
    going: Callable[[], bool] = lambda: True,
    full: Callable[[], None] = lambda: None,
) -> Delivery:
    """Send up to ``limit`` ready answers, fewer when the server fails or ``going`` says no.

    ``full`` is called before the first leaves if more may be ready than were claimed.
    """
    rows = outbox.claim(engine, worker, limit, clock(), LEASE_SECONDS)
    if rows.full:
        full()
    line = _Line(engine, courier, settings, clock)
    # Then many wait, and what follows may be begun together.
    many = len(rows) > min(limit // 4, MANY)
    for number, row in enumerate(rows):
        outcome = _sent(line, row, rows[number + 1 :] if many else ()) if going() else None
        trouble = _trouble(outcome)
        if outcome is None or trouble:
            line.finish(trouble or "the program ends")
            # What was claimed and not begun is free again at once.
            if number + 1 < len(rows) or outcome is None:
                outbox.abandon(engine, worker, clock())
            return Delivery(len(rows), line.taken, trouble, rows.full)
        if FEW <= number + 1 < len(rows) and not line.quick:
            line.finish("the server is slow")
            outbox.abandon(engine, worker, clock())
            full()
            return Delivery(number + 1, line.taken, more=True)
    line.finish()
    return Delivery(len(rows), line.taken, more=rows.full)


def _sent(line: _Line, row: Outgoing, coming: Sequence[Outgoing]) -> Outcome:
    try:
        return line.send(row, coming)
    except DBAPIError:
        # The database was lost before this mail; that the one before was taken is known to nobody but us.
        line.finish("the database was lost")
        raise


def _insist(mark: Callable[[], object]) -> None:
    """Say it until the database has heard it: what a lost connection leaves unsaid would be in doubt for staff."""
    until = time.monotonic() + INSIST_SECONDS
    while True:
        try:
            mark()
            return
        except DBAPIError as error:
            if not away(error) or time.monotonic() >= until:
                raise
        time.sleep(INSIST_PAUSE)


def _trouble(outcome: Outcome | None) -> str:
    """The reason for which the next mail would fail as this one did, "" when there is none."""
    if isinstance(outcome, Lost) or (isinstance(outcome, Deferred) and (outcome.setup or outcome.code in (0, 421))):
        return outcome.text
    return ""


def gap_after(tries: int) -> timedelta:
    """The wait before the next try: doubled each time, two hours at most (RFC 5321 section 4.5.4.1)."""
    return min(FIRST_GAP * int(2 ** min(tries, 16)), LONGEST_GAP)


@dataclass(frozen=True, slots=True)
class _Written:
    """A letter, and the Date that it says."""

    data: bytes
    dated: datetime


class _Line:
    """One batch over one connection.

    Replies that were taken are marked in the commit that begins the next, so a reply costs one commit and not two, and
    less than one when several begin together; ``finish`` marks the last.
    """

    def __init__(self, engine: Engine, courier: WayOut, settings: SmtpSettings, clock: Callable[[], datetime]) -> None:
        self.engine, self.courier, self.settings, self.clock = engine, courier, settings, clock
        self.taken = 0
        self.unmarked: list[Taken] = []
        self.begun: dict[int, tuple[Start, _Written]] = {}
        self.quick = False

    def send(self, row: Outgoing, coming: Sequence[Outgoing] = ()) -> Outcome:
        """Send a reply; the attempts of some of those ``coming`` may be written with its own."""
        before = self.clock()
        try:
            _, written = self.begun[row.id] if row.id in self.begun else (None, self._write(row, before))
        except Exception as error:
            # A poison answer is set aside for a person and the rest goes on (threats.md T92).
            self._mark(row, Rejected(0, f"could not be written: {error}"), before)
            return Rejected(0, str(error))

        def on_data() -> None:
            if row.id not in self.begun:
                self._begin(row, written, coming if self.quick and row.automatic else ())
            if self.begun.pop(row.id, None) is None:
                raise FenceLostError(row.id)

        try:
            begun = row.id in self.begun
            outcome = self.courier.send(self.settings.envelope_from, row.to, written.data, on_data, begun=begun)
        except FenceLostError:
            return Rejected(0, "the row was taken over")
        self.begun.pop(row.id, None)
        self._mark(row, outcome, written.dated)
        self.quick = self.clock() - before < QUICK
        return outcome

    def _write(self, row: Outgoing, dated: datetime) -> _Written:
        return _Written(letter(row, self.settings, dated, self._files(row)), dated)

    def _begin(self, row: Outgoing, written: _Written, coming: Sequence[Outgoing]) -> None:
        """Commit the attempt of a reply, and of some that come after it, with the marks of those before."""
        now = self.clock()
        letters = {row.id: (row, written)}
        for each in coming[: AHEAD - 1]:
            # A person's letter is never in doubt for another's sake.  One that cannot be written is told in its turn.
            if each.automatic and each.id not in self.begun:
                with suppress(Exception):
                    letters[each.id] = (each, self._write(each, now))
        starts = {
            number: Start(number, each.fence, Leaving(hashlib.sha256(ready.data).hexdigest(), ready.dated))
            for number, (each, ready) in letters.items()
        }
        # Were the database lost in the commit, nobody would know whether they are begun: then they are taken back.
        self.begun |= {number: (start, letters[number][1]) for number, start in starts.items()}
        ours = outbox.attempt_all(self.engine, self.settings.place, now, [*starts.values()], self.unmarked)
        self.unmarked = []
        for number in starts.keys() - set(ours):
            del self.begun[number]

    def _files(self, row: Outgoing) -> Sequence[File]:
        # Nothing that leaves by itself has files, and costs no question more for it.
        return files_of(self.engine, row.id) if row.kind in WITH_FILES and not row.automatic else ()

    def finish(self, why: str = "") -> None:
        """Mark what is not marked yet, and take back what was not begun after all."""
        if taken := self.unmarked:
            _insist(lambda: outbox.sent_all(self.engine, taken))
            self.unmarked = []
        if starts := [start for start, _ in self.begun.values()]:
            _insist(lambda: outbox.not_begun(self.engine, starts, why, self.clock()))
            self.begun = {}

    def _mark(self, row: Outgoing, outcome: Outcome, dated: datetime) -> None:
        now = self.clock()
        if isinstance(outcome, Delivered):
            self.taken += 1
            self.unmarked.append(Taken(row.id, row.fence, outcome.response, now, dated))
            return
        _insist(lambda: self._mark_untaken(row, outcome, now))

    def _mark_untaken(self, row: Outgoing, outcome: Outcome, now: datetime) -> None:
        match outcome:
            case Rejected():
                outbox.failed(self.engine, row.id, row.fence, text_of(outcome), now)
            case Lost(after_data=True, text=text):
                outbox.unknown(self.engine, row.id, row.fence, text, now)
            case _ if now - row.created > GIVE_UP_AFTER:
                reason = f"given up after {GIVE_UP_AFTER}: {text_of(outcome)}"
                outbox.failed(self.engine, row.id, row.fence, reason, now)
            case _:
                when = now + gap_after(row.tries)
                outbox.retry_at(self.engine, row.id, row.fence, text_of(outcome), when, now)


def letter(row: Outgoing, settings: SmtpSettings, dated: datetime, files: Sequence[File] = ()) -> bytes:
    """A reply as the bytes that leave; the same again for the same Date."""
    return compose(
        message_id=row.message_id,
        in_reply_to=row.in_reply_to,
        references=row.references.split(),
        from_address=settings.from_address,
        from_name=settings.from_name,
        reply_to=settings.reply_to,
        to=row.to,
        date=dated,
        subject=row.subject,
        text=row.text,
        html=row.html,
        auto_submitted=_auto_submitted(row),
        files=[(each.name, each.kind, each.content) for each in files],
    )


def _auto_submitted(row: Outgoing) -> str:
    """RFC 3834 section 5: what answers no mail is generated, not replied; what a person wrote or sent on is neither."""
    if row.kind in TO_STAFF:
        return "auto-generated"
    return "" if row.by_person else "auto-replied"
