"""How far an action behind the gate has come, for the page on which staff take its steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from processor.gate import shut
from processor.store import tables as t
from processor.store.gate import (
    CALLED,
    NOTICED,
    OUTSIDE,
    CallBack,
    call_back_of,
    facts_of,
    row_behind,
    told_at,
    wait_hours,
)
from processor.store.transaction import reading


@dataclass(frozen=True, slots=True)
class Step:
    """Who did something for the action as it is now, and when (aware UTC); ``by`` is "" for the program."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """``shut`` is why it can never be approved as it is, "" where it can.

    ``told`` is when the customer's other contacts were told, or why nobody can be said to be; ``free`` when the
    second person may approve.  ``outside`` is who said first that it was handled elsewhere.
    """

    whom: CallBack
    shut: str
    called: Step | None = None
    told: datetime | str | None = None
    free: datetime | None = None
    outside: Step | None = None

    @property
    def may_call(self) -> bool:
        return not self.shut and bool(self.whom.phone) and self.called is None

    def may_approve(self, second: bool, now: datetime) -> bool:
        """Whether the next of the two may approve at this time, as far as the gate goes."""
        if self.shut or self.called is None:
            return False
        return not second or (self.free is not None and self.free <= now)


def gate_standing(engine: Engine, action_id: int) -> Standing | None:
    """How far the action has come; None if there is no such action behind the gate."""
    with reading(engine) as conn:
        row = row_behind(conn, action_id)
        if row is None:
            return None
        facts, g, p = facts_of(row), t.gate_step.c, t.person.c
        query = (
            select(g.step, g.at, p.name)
            .outerjoin_from(t.gate_step, t.person, p.id == g.person_id)
            .where(g.action_id == row.id, g.version == row.version)
        )
        steps = {each.step: Step(each.name or "", each.at) for each in conn.execute(query)}
        noticed = steps.get(NOTICED)
        told = told_at(conn, row, noticed.at) if noticed else None
        free = told + timedelta(hours=wait_hours(conn)) if isinstance(told, datetime) else None
        return Standing(call_back_of(conn, facts), shut(facts), steps.get(CALLED), told, free, steps.get(OUTSIDE))
