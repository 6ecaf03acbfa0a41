"""Putting right what a crash, or time, left in the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, Table, or_, select, update

from processor.store import tables as t
from processor.store.claims import past
from processor.store.replies import HOLD_OLD
from processor.store.transaction import commit
from processor.store.transitions import FREE, move
from processor.ticket import OutboxState

CRASHED = "the lease ended in the middle of sending"


@dataclass(frozen=True, slots=True)
class Swept:
    """How many rows became unknown, are sent again, left their hold, or grew too old to leave."""

    unknown: int = 0
    again: int = 0
    released: int = 0
    too_old: int = 0


def sweep(engine: Engine, now: datetime, *, all_leases: bool = False, worker: str = "") -> Swept:
    """End leases that have run out, and holds whose time has come.

    ``all_leases`` ends every lease: for the one daemon of a SQLite store, at its start.  ``worker``
    ends those of one worker, or of all workers of one daemon, that is known to have stopped.
    """
    over = past(t.outbox.c.claimed_until, now)
    if all_leases:
        over = t.outbox.c.claimed_until.is_not(None)
    elif worker:
        over = or_(over, claimed_by(t.outbox, worker))
    return commit(engine, lambda conn: _sweep(conn, now, over))


def claimed_by(table: Table, worker: str) -> ColumnElement[bool]:
    """Whether a row is claimed by a worker, or by one of a daemon's, whose names begin with the daemon's."""
    holder = table.c.claimed_by
    return or_(holder == worker, holder.startswith(f"{worker}/", autoescape=True))


def _sweep(conn: Connection, now: datetime, over: ColumnElement[bool]) -> Swept:
    o = t.outbox.c
    free = or_(o.claimed_until.is_(None), over)
    waiting = o.state.in_((OutboxState.READY.value, OutboxState.RETRY.value))
    # Whoever stands still in the middle of a commit is not waited for; the next sweep finds the row.
    ended = select(o.id).where(waiting, over).order_by(o.id).with_for_update(skip_locked=True)
    conn.execute(update(t.outbox).where(o.id.in_(ended)).values(FREE))
    sending = (o.state == OutboxState.SENDING.value, free)
    too_old = (waiting, o.automatic.is_(True), o.leave_before <= now, free)
    return Swept(
        unknown=_each(conn, "lost", now, *sending, o.kind != "confirmation", text=CRASHED, error=CRASHED),
        again=_each(conn, "repeat", now, *sending, o.kind == "confirmation", text=CRASHED, error=CRASHED),
        released=_each(
            conn, "due", now, o.state == OutboxState.HELD.value, o.due_at <= now, hold_reason="", due_at=None
        ),
        too_old=_each(conn, "too_old", now, *too_old, hold_reason=HOLD_OLD, due_at=None),
    )


def _each(
    conn: Connection, name: str, now: datetime, *which: ColumnElement[bool], text: str = "", **values: object
) -> int:
    query = select(t.outbox.c.id).where(*which).order_by(t.outbox.c.id).with_for_update(skip_locked=True)
    found = conn.execute(query).scalars().all()
    return sum(move(conn, name, one, "sweep", now, *which, values={**values, **FREE}, text=text) for one in found)
