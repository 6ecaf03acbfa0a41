"""Several tickets at once: their numbers, and which of them still have something to be done."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, exists, select

from processor.store import tables as t
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.transaction import reading
from processor.ticket import OutboxState

WAITING = (OutboxState.DRAFT.value, OutboxState.HELD.value)


def numbers_of(engine: Engine, ids: Sequence[int]) -> list[tuple[str, bool]]:
    """The number of each ticket that there is, and whether an action or a reply of it waits for a person."""
    k, a, o = t.ticket.c, t.action.c, t.outbox.c
    open_action = exists(select(a.id).where(a.ticket_id == k.id, a.state.in_(OPEN_ACTIONS)))
    waiting = exists(select(o.id).where(o.ticket_id == k.id, o.state.in_(WAITING)))
    with reading(engine) as conn:
        rows = conn.execute(select(k.number, open_action | waiting).where(k.id.in_(ids)).order_by(k.id))
        return [(row[0], bool(row[1])) for row in rows]
