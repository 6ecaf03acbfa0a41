"""What came of a step that a person took with an action, in a value and in words for staff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from processor.ticket import ActionState

OSLO = ZoneInfo("Europe/Oslo")


class Outcome(StrEnum):
    """What came of it.  After what is not in STEPS nothing has changed."""

    SECONDED = "seconded"
    APPROVED = "approved"
    DONE = "done"
    REJECTED = "rejected"
    SAME_PERSON = "same_person"
    HELD = "held"
    NOT_APPROVED = "not_approved"
    CHANGED = "changed"
    ALREADY = "already"
    UNKNOWN = "unknown"
    NOT_STAFF = "not_staff"
    NOT_APPROVER = "not_approver"
    GATE = "gate"
    NOTED = "noted"


REFUSALS = {
    Outcome.SAME_PERSON: "not done: a second, different person must approve",
    Outcome.HELD: "not done: the customer has taken it back; decide on that first",
    Outcome.NOT_APPROVED: "not done: two people must approve it first",
    Outcome.CHANGED: "not done: it has changed since you looked",
    Outcome.ALREADY: "not done: somebody was here before",
    Outcome.UNKNOWN: "there is no such action",
    Outcome.NOT_STAFF: "not done: nobody of that name may approve",
    Outcome.NOT_APPROVER: "not done: it needs two people whose role is approver",
    Outcome.GATE: "not done",
}


STEPS = {Outcome.SECONDED, Outcome.APPROVED, Outcome.DONE, Outcome.REJECTED, Outcome.NOTED}
IN_WORDS = {
    Outcome.SECONDED: "approved; one more person must approve",
    Outcome.NOTED: "noted; a second, different person must say so too",
}


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The outcome, and the action as it stands now: in which state, and who put it there and when.

    ``letter`` is the confirmation's id in the outbox where one leaves, ``why`` what the gate says against it.
    """

    outcome: Outcome
    state: ActionState | None = None
    by: str = ""
    at: datetime | None = None
    letter: int | None = None
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether a step was taken."""
        return self.outcome in STEPS

    def __str__(self) -> str:
        if self.ok:
            return IN_WORDS.get(self.outcome, self.outcome.value)
        if self.why:
            return f"{REFUSALS[self.outcome]}: {self.why}"
        who = {ActionState.SECONDED: ": "}.get(self.state, " by ") + self.by if self.state and self.by else ""
        stands = f"; it is {self.state.in_words}{who}" if self.state else ""
        stands += f", {self.at.astimezone(OSLO):%d.%m.%Y kl. %H.%M}" if self.state and self.by and self.at else ""
        return REFUSALS[self.outcome] + stands
