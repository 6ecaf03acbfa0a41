"""How a reply stands: what staff are told when what they wanted of it cannot be done any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from processor.store import tables as t
from processor.store.gate import behind_gate
from processor.store.replies import OBSERVE, UNDO
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.story import of_ticket
from processor.store.transaction import reading
from processor.ticket import OutboxState as S

ON_ITS_WAY = "it is on its way already"
SAID = {
    S.READY: ON_ITS_WAY,
    S.RETRY: ON_ITS_WAY,
    S.SENDING: ON_ITS_WAY,
    S.SENT: "it was sent already",
    S.CANCELLED: "it was withdrawn",
    S.UNKNOWN: "it is no draft: nobody knows whether it was sent",
    S.FAILED: "it is no draft: the server refused it",
    S.BOUNCED: "it is no draft: it was sent and came back",
}

OBSERVED = "it was written to be observed only, and never leaves"
APPROVED = "it is approved, and leaves in a few seconds"
CONFIRMS = "it waits, since it confirms what is not done yet"
NONE = "there is no such reply"
WAITS = "it waits to be approved"
REASONS = (*SAID.values(), *(f"{each}, approved" for each in SAID.values()), OBSERVED, APPROVED, CONFIRMS, NONE, WAITS)
"""Everything that is said, for who translates it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """In words, with the person behind it (``""`` for the program) and the time of its last change."""

    words: str
    by: str = ""
    at: datetime | None = None


def standing(engine: Engine, outbox_id: int) -> Standing:
    """How a reply stands, and by whom it came to stand so."""
    o = t.outbox.c
    query = select(o.id, o.ticket_id, o.state, o.kind, o.hold_reason, o.approved_by, o.changed_at)
    with reading(engine) as conn:
        row = conn.execute(query.where(o.id == outbox_id)).first()
        if row is None:
            return Standing(NONE)
        state = S(row.state)
        if state == S.CANCELLED:
            return Standing(SAID[state], _canceller(conn, row), row.changed_at)
        if state in SAID:
            approved = ", approved" if row.approved_by else ""
            return Standing(SAID[state] + approved, row.approved_by, row.changed_at)
    if row.hold_reason == OBSERVE:
        return Standing(OBSERVED)
    if row.hold_reason == UNDO:
        return Standing(APPROVED, row.approved_by, row.changed_at)
    if row.kind == "confirmation":
        return Standing(CONFIRMS)
    return Standing(WAITS)


def last_editor(engine: Engine, outbox_id: int) -> tuple[str, datetime] | None:
    """Who changed a draft's words last, and when; None if nobody has."""
    e = t.event.c
    query = select(e.actor, e.at).where(e.outbox_id == outbox_id, e.kind == "outbox.edited").order_by(e.id.desc())
    with reading(engine) as conn:
        row = conn.execute(query.limit(1)).first()
    return (row.actor, row.at) if row else None


def open_action(engine: Engine, action_id: int) -> bool:
    """Whether an action waits for staff."""
    a = t.action.c
    query = select(a.id).where(a.id == action_id, a.state.in_(OPEN_ACTIONS))
    with reading(engine) as conn:
        return conn.execute(query).first() is not None


def wants_approver(engine: Engine, action_id: int) -> bool:
    """Whether two people with the role approver must say yes to an action."""
    with reading(engine) as conn:
        row = conn.execute(select(t.action).where(t.action.c.id == action_id)).first()
        return row is not None and (row.needs == "two_staff" or behind_gate(conn, row))


def _canceller(conn: Connection, row: t.AnyRow) -> str:
    e = t.event.c
    query = select(e.actor).where(of_ticket(conn, row.ticket_id), e.outbox_id == row.id, e.kind == "outbox.cancel")
    return conn.execute(query.order_by(e.id.desc()).limit(1)).scalar() or ""


def ticket_of_action(engine: Engine, action_id: int) -> str:
    """The number of an action's ticket, ``""`` if there is no such action."""
    query = select(t.ticket.c.number).join(t.action, t.action.c.ticket_id == t.ticket.c.id)
    with reading(engine) as conn:
        return conn.execute(query.where(t.action.c.id == action_id)).scalar() or ""


def ticket_of_reply(engine: Engine, outbox_id: int) -> str:
    """The number of a reply's ticket, ``""`` if there is no such reply."""
    with reading(engine) as conn:
        return conn.execute(select(t.outbox.c.ticket_no).where(t.outbox.c.id == outbox_id)).scalar() or ""


def ticket_of_mail(engine: Engine, mail_id: int) -> str:
    """The number of a mail's ticket, ``""`` if there is no such mail or it has none."""
    query = select(t.ticket.c.number).join(t.mail, t.mail.c.ticket_id == t.ticket.c.id)
    with reading(engine) as conn:
        return conn.execute(query.where(t.mail.c.id == mail_id)).scalar() or ""
