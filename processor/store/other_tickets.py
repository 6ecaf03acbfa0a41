"""The other tickets of a ticket's customer: what an agent should know of before answering this one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, or_, select, union

from processor.store import tables as t
from processor.store.transaction import reading
from processor.store.visible import Scope, within
from processor.ticket import TicketState

MOST = 8


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
        named = conn.execute(select(i.org_no, i.customer_no).where(i.ticket_id == this.id)).all()
        orgs, customers = {row.org_no for row in named} - {""}, {row.customer_no for row in named} - {""}
        # Two queries, each by its index: "or" over both would read every item there is.
        same = union(
            select(i.ticket_id).where(i.org_no.in_(orgs)), select(i.ticket_id).where(i.customer_no.in_(customers))
        )
        first = select(func.min(i.id)).where(i.ticket_id == k.id).correlate(t.ticket).scalar_subquery()
        customer = k.id.in_(select(same.subquery().c.ticket_id))
        sender = k.id.in_(select(k.id).where(k.sender == this.sender, k.sender != ""))
        query = (
            select(k.number, k.subject, k.state, k.opened_at, i.type, customer.label("same_customer"))
            .select_from(t.ticket)
            .outerjoin(t.item, i.id == first)
            .where(k.id != this.id, k.merged_into.is_(None), or_(customer, sender), *within(scope, k.id))
            .order_by(k.id.desc())
            .limit(MOST + 1)
        )
        rows = conn.execute(query).all()
    found = [
        OtherTicket(r.number, r.subject, TicketState(r.state), r.type or "", r.opened_at, bool(r.same_customer))
        for r in rows[:MOST]
    ]
    return found, len(rows) > MOST
