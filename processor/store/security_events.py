"""What the audit trail tells of people and their access, the newest first."""

from __future__ import annotations

from sqlalchemy import Engine, or_, select

from processor.store import tables as t
from processor.store.events import Event, to_event
from processor.store.transaction import reading

PERSON = "person."
OTHERS = ("level.changed", "setting.changed")


def security_events(engine: Engine, before: int | None = None, limit: int = 200) -> list[Event]:
    """Events about people, sign-ins, keys, settings and levels; ``before`` is the id at which an earlier page ended."""
    e, x = t.event.c, t.event_text.c
    query = select(t.event, x.text).outerjoin(t.event_text, x.event_id == e.id)
    # None of them is about a mail or a ticket, which most events are.
    query = query.where(e.mail_id.is_(None), e.ticket_id.is_(None), or_(e.kind.startswith(PERSON), e.kind.in_(OTHERS)))
    if before is not None:
        query = query.where(e.id < before)
    with reading(engine) as conn:
        return [to_event(row) for row in conn.execute(query.order_by(e.id.desc()).limit(limit))]
