"""How the program stands, in numbers."""

from __future__ import annotations

from sqlalchemy import Engine, func, select

from processor.store import tables as t
from processor.store.transaction import reading
from processor.ticket import MailState, OutboxState

UNDER_WAY = (OutboxState.READY.value, OutboxState.SENDING.value)


def counts(engine: Engine) -> dict[str, dict[str, int]]:
    """Count mails, tickets, actions and replies by state."""
    found: dict[str, dict[str, int]] = {}
    with reading(engine) as conn:
        for name, table in (("mails", t.mail), ("tickets", t.ticket), ("actions", t.action), ("replies", t.outbox)):
            rows = conn.execute(select(table.c.state, func.count()).group_by(table.c.state))
            found[name] = {row[0]: row[1] for row in rows}
    return found


def sending(engine: Engine) -> bool:
    """Whether a reply is past DATA."""
    with reading(engine) as conn:
        query = select(t.outbox.c.id).where(t.outbox.c.state == OutboxState.SENDING.value).limit(1)
        return conn.execute(query).first() is not None


def idle(engine: Engine) -> bool:
    """Whether nothing is left to decide and no reply is about to leave."""
    with reading(engine) as conn:
        kept = select(t.mail.c.id).where(t.mail.c.state == MailState.KEPT.value).limit(1)
        ready = select(t.outbox.c.id).where(t.outbox.c.state.in_(UNDER_WAY)).limit(1)
        return conn.execute(kept).first() is None and conn.execute(ready).first() is None
