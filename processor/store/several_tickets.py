"""Several tickets at once, for the desk and the terminal alike: what cannot be done to one is left, and told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, exists, select

from processor.store import tables as t
from processor.store.actions import set_ticket_state
from processor.store.notes import take_ticket
from processor.store.people import Person
from processor.store.snoozing import snooze
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.transaction import reading
from processor.ticket import OutboxState, TicketState

WAITING = (OutboxState.DRAFT.value, OutboxState.HELD.value)


def numbers_of(engine: Engine, ids: Sequence[int]) -> list[tuple[str, bool]]:
    """The number of each ticket that there is, and whether an action or a reply of it waits for a person."""
    k, a, o = t.ticket.c, t.action.c, t.outbox.c
    open_action = exists(select(a.id).where(a.ticket_id == k.id, a.state.in_(OPEN_ACTIONS)))
    waiting = exists(select(o.id).where(o.ticket_id == k.id, o.state.in_(WAITING)))
    with reading(engine) as conn:
        rows = conn.execute(select(k.number, open_action | waiting).where(k.id.in_(ids)).order_by(k.id))
        return [(row[0], bool(row[1])) for row in rows]


def ids_of(engine: Engine, numbers: Sequence[str]) -> dict[str, int]:
    """The id of each ticket that there is, by its number."""
    k = t.ticket.c
    with reading(engine) as conn:
        return {row.number: row.id for row in conn.execute(select(k.number, k.id).where(k.number.in_(numbers)))}


def take_several(engine: Engine, ids: Sequence[int], person: Person, now: datetime) -> dict[int, str]:
    """Take tickets on; who holds each now, which is somebody else where they were first."""
    return {each: take_ticket(engine, each, person, now) for each in ids}


def snooze_several(engine: Engine, ids: Sequence[int], until: datetime, person: Person, now: datetime) -> list[str]:
    """Let tickets sleep until one time, each no longer than its next action allows; the numbers of those that do not."""
    found = [number for number, _ in numbers_of(engine, ids)]
    return [number for number in found if snooze(engine, number, until, person, now).until is None]


def close_idle(engine: Engine, ids: Sequence[int], person: Person, now: datetime) -> list[str]:
    """Close those in which nothing waits for a person; the numbers of the others, which closing would hide."""
    found = numbers_of(engine, ids)
    for number, waits in found:
        if not waits:
            set_ticket_state(engine, number, TicketState.CLOSED, person, now)
    return [number for number, waits in found if waits]
