"""The other tickets of a ticket's customer: what an agent should know of before answering this one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Select, func, select

from processor.store import tables as t
from processor.store.transaction import reading
from processor.store.visible import Scope, within
from processor.ticket import TicketState

MOST = 8
REQUESTS = 4 * (MOST + 1)
"""Of these many requests the tickets are taken: a ticket may hold several."""


@dataclass(frozen=True, slots=True)
class OtherTicket:
    """A ticket of the same customer, by its number, or else of the same sender; ``type`` is its first request's."""

    number: str
    subject: str
    state: TicketState
    type: str
    opened_at: datetime
    same_customer: bool


def other_tickets(engine: Engine, ticket_no: str, scope: Scope = None) -> tuple[list[OtherTicket], bool]:
    """The newest other tickets of the customer or the sender, and whether there are more than MOST.

    The same customer is one whose organisation or customer number a request of both tickets names.  Merged tickets
    are part of another and are not told; ``scope`` is the mailboxes whose tickets are told.
    """
    i, k = t.item.c, t.ticket.c
    with reading(engine) as conn:
        this = conn.execute(select(k.id, k.sender).where(k.number == ticket_no)).first()
        if this is None:
            return [], False
        told = (k.id != this.id, k.merged_into.is_(None), *within(scope, k.id))
        customer = {
            ticket for query in _of_customer(conn, this.id) for ticket in conn.execute(query.where(*told)).scalars()
        }
        of_sender = select(k.id).where(k.sender == this.sender, k.sender != "", *told).order_by(k.id.desc())
        ids = sorted(customer | set(conn.execute(of_sender.limit(MOST + 1)).scalars()), reverse=True)[: MOST + 1]
        first = select(func.min(i.id)).where(i.ticket_id == k.id).correlate(t.ticket).scalar_subquery()
        query = (
            select(k.number, k.subject, k.state, k.opened_at, i.type, k.id.in_(customer).label("same_customer"))
            .select_from(t.ticket)
            .outerjoin(t.item, i.id == first)
            .where(k.id.in_(ids))
            .order_by(k.id.desc())
        )
        rows = conn.execute(query).all()
    found = [
        OtherTicket(r.number, r.subject, TicketState(r.state), r.type or "", r.opened_at, bool(r.same_customer))
        for r in rows[:MOST]
    ]
    return found, len(rows) > MOST


def _of_customer(conn: Connection, ticket_id: int) -> Iterator[Select[tuple[int]]]:
    """The latest requests with a number of the ticket's customer: one query a number, each from the end of its index.

    One sender or customer may have ten thousand tickets, such as a form of the web site, and all of them are not read.
    """
    i = t.item.c
    named = conn.execute(select(i.org_no, i.customer_no).where(i.ticket_id == ticket_id)).all()
    for column, values in (
        (i.org_no, {row.org_no for row in named}),
        (i.customer_no, {row.customer_no for row in named}),
    ):
        for value in sorted(values - {""}):
            query = select(i.ticket_id).join(t.ticket, t.ticket.c.id == i.ticket_id).where(column == value)
            yield query.order_by(i.id.desc()).limit(REQUESTS)
