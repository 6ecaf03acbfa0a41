"""All that happened to a ticket, wherever the trail has it: of those merged into it, and of the one it was split from."""

from __future__ import annotations

import json

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from processor.store import tables as t
from processor.store.events import Event, events_where

ABSORBED = "ticket.absorbed"


def story(conn: Connection, ticket_id: int) -> list[Event]:
    """Everything that happened to a ticket and to what is in it now, oldest first."""
    return events_where(conn, of_ticket(conn, ticket_id))


def of_ticket(conn: Connection, ticket_id: int) -> ColumnElement[bool]:
    """The condition of an event that it belongs to a ticket's story."""
    e = t.event.c
    whole = e.ticket_id.in_([ticket_id, *absorbed(conn, ticket_id)])
    origin = conn.execute(select(t.ticket.c.split_from).where(t.ticket.c.id == ticket_id)).scalar()
    if origin is None:
        return whole
    ours = (
        getattr(e, name).in_(list(conn.execute(select(table.c.id).where(table.c.ticket_id == ticket_id)).scalars()))
        for name, table in (("mail_id", t.mail), ("action_id", t.action), ("outbox_id", t.outbox))
    )
    return or_(whole, and_(e.ticket_id == origin, or_(*ours)))


def absorbed(conn: Connection, ticket_id: int) -> list[int]:
    """The tickets that were merged into this one, and into those, and are so still."""
    e, k = t.event.c, t.ticket.c
    found: list[int] = []
    left = [ticket_id]
    while left:
        told = conn.execute(select(e.data).where(e.ticket_id == left.pop(), e.kind == ABSORBED)).scalars()
        named = sorted({int(json.loads(each)["from"]) for each in told} - {*found, ticket_id})
        still = conn.execute(select(k.id).where(k.id.in_(named), k.merged_into.is_not(None))).scalars().all()
        found += still
        left += still
    return found
