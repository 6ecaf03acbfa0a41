"""What is kept no longer; the keyed digest of an erased mail stays, so that it never comes in again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, delete, select

from processor.store import tables as t
from processor.store.transaction import commit
from processor.ticket import MailState


def erase_automatic(engine: Engine, before: datetime) -> int:
    """Erase the bytes of automatic mail (ignored, without an item) that arrived before a time (domain.md 6)."""
    items = select(t.item.c.id).where(t.item.c.ticket_id == t.ticket.c.id)
    old = (
        select(t.mail.c.id)
        .join_from(t.mail, t.ticket, t.ticket.c.id == t.mail.c.ticket_id)
        .where(
            t.mail.c.state == MailState.DECIDED.value,
            t.mail.c.arrived_at < before,
            t.ticket.c.outcome == "ignore",
            ~items.exists(),
        )
    )
    erase = delete(t.raw_mail).where(t.raw_mail.c.mail_id.in_(old))
    return commit(engine, lambda conn: conn.execute(erase).rowcount)
