"""Terminations whose day has come and that nobody is on."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, and_, exists, or_, select

from processor.store import tables as t
from processor.store.queue import NOTICE, deadlines_of
from processor.store.transaction import reading
from processor.ticket import ActionState

OSLO = ZoneInfo("Europe/Oslo")
DAYS = ("last_safe_notice_day", "last_service_day")


def urgent_tickets(engine: Engine, now: datetime, days: int) -> list[str]:
    """The numbers of tickets with a termination to be registered that nobody has taken on or approved.

    Its due time is past, or a day that counts for the customer (the last on which a notice is safely in time, or the
    last of service) is today or within ``days``, in Oslo.
    """
    today = now.astimezone(OSLO).date()
    soon = [today + timedelta(days=number) for number in range(days + 1)]
    a, i, k = t.action.c, t.item.c, t.ticket.c
    other = t.item.alias("other")
    # Nearly all are left out by the database; what remains is read exactly.
    written = [f'"{name}":"{day}"' for name in DAYS for day in soon]
    held = exists().where(t.ticket_holder.c.ticket_id == k.id)
    answers = and_(other.c.continues == i.id, or_(*(other.c.evidence.contains(each) for each in written)))
    query = (
        select(k.number, a.due, i.id)
        .join_from(t.action, t.item, a.item_id == i.id)
        .join(t.ticket, k.id == a.ticket_id)
        .where(a.state == ActionState.WAITING.value, i.type == NOTICE, ~held)
        .where(or_(a.due <= now, *(i.evidence.contains(each) for each in written), exists().where(answers)))
    )
    with reading(engine) as conn:
        rows = conn.execute(query).all()
        found = deadlines_of(conn, {row.id for row in rows})
    near = {item for item, each in found.items() if {each.last_safe_notice_day, each.last_service_day} & set(soon)}
    return sorted({row.number for row in rows if row.due <= now or row.id in near})
