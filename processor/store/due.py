"""Actions whose due time is near or past; each is told of once, so that a reminder is a row and no flood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, case, func, select

from processor.store import tables as t
from processor.store.events import Happening, write_events
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.transaction import commit, reading
from processor.ticket import ActionState

SOON = timedelta(hours=2)
DUE_SOON, OVERDUE = "action.due_soon", "action.overdue"


@dataclass(frozen=True, slots=True)
class DueAction:
    """An open action that a person is reminded of; ``due`` is aware UTC."""

    action_id: int
    ticket_no: str
    kind: str
    due: datetime
    overdue: bool


def due_actions(engine: Engine, now: datetime, soon: timedelta) -> list[DueAction]:
    """Open actions due within ``soon`` or overdue that were not told of yet as such; marks them as told."""
    return commit(engine, lambda conn: _due(conn, now, soon))


def due_counts(engine: Engine, now: datetime, soon: timedelta) -> tuple[int, int]:
    """How many open actions are overdue, and how many are due within ``soon``."""
    a = t.action.c
    waiting = (a.state.in_(OPEN_ACTIONS), a.state != ActionState.HELD.value)
    query = select(func.count().filter(a.due <= now), func.count().filter(a.due > now, a.due <= now + soon)).where(
        *waiting
    )
    with reading(engine) as conn:
        overdue, near = conn.execute(query).one()
    return int(overdue), int(near)


def _due(conn: Connection, now: datetime, soon: timedelta) -> list[DueAction]:
    a, e = t.action.c, t.event.c
    name = case((a.due <= now, OVERDUE), else_=DUE_SOON)
    told = select(e.id).where(e.ticket_id == a.ticket_id, e.action_id == a.id, e.kind == name)
    query = (
        select(a.id, t.ticket.c.number, t.ticket.c.id.label("ticket_id"), a.kind, a.due)
        .join_from(t.action, t.ticket, t.ticket.c.id == a.ticket_id)
        .where(a.state.in_(OPEN_ACTIONS), a.state != ActionState.HELD.value, a.due <= now + soon, ~told.exists())
        .order_by(a.due)
    )
    rows = conn.execute(query).all()
    write_events(
        conn, [Happening(_event(r.due, now), "clock", now, ticket_id=r.ticket_id, action_id=r.id) for r in rows]
    )
    return [DueAction(r.id, r.number, r.kind, r.due, r.due <= now) for r in rows]


def _event(due: datetime, now: datetime) -> str:
    return OVERDUE if due <= now else DUE_SOON
