"""Open actions of which somebody must be told by mail, and the mail itself in the outbox, once.

What was told is known by the row's Message-ID, which is unique: a repeat, a restart and a second daemon make none
again.  The rows are no automatic replies: neither the stop switch nor a customer's limits are about them, and they
have a limit of their own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, func, insert, select

from processor.store import tables as t
from processor.store.context import bounded_address
from processor.store.events import Happening, write_event
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.transaction import commit, reading
from processor.ticket import ActionState, OutboxState

ESCALATION = "escalation"
ACTOR = "clock"
WINDOW = timedelta(days=1)
MOST_IN_WINDOW = 50
"""Mails to one address in a day; what is beyond waits, so that a flood of mail makes no flood at a manager's."""


@dataclass(frozen=True, slots=True)
class OpenAction:
    """An action that is neither done, nor rejected, nor held by a withdrawal."""

    action_id: int
    ticket_id: int
    ticket_no: str
    kind: str
    needs: str
    due: datetime


@dataclass(frozen=True, slots=True)
class StaffMail:
    """A mail to staff about an action.  ``known_as`` are the Message-IDs of this one and of those above its level."""

    to: str
    subject: str
    text: str
    message_id: str
    known_as: tuple[str, ...]
    envelope_from: str


def open_actions(engine: Engine, since: datetime, until: datetime, without: Collection[str]) -> list[OpenAction]:
    """Open actions due after ``since`` and until ``until``, but for tickets that these senders opened."""
    a, k = t.action.c, t.ticket.c
    query = (
        select(a.id, k.id.label("ticket_id"), k.number, a.kind, a.needs, a.due)
        .join_from(t.action, t.ticket, k.id == a.ticket_id)
        .where(a.state.in_(OPEN_ACTIONS), a.state != ActionState.HELD.value, a.due > since, a.due <= until)
        .where(func.lower(k.sender).not_in(sorted(without)))
        .order_by(a.due, a.id)
    )
    with reading(engine) as conn:
        return [OpenAction(r.id, r.ticket_id, r.number, r.kind, r.needs, r.due) for r in conn.execute(query)]


def told_already(engine: Engine, message_ids: Collection[str]) -> bool:
    """Whether one of these mails was written."""
    with reading(engine) as conn:
        return _told(conn, message_ids)


def write_to_staff(engine: Engine, action: OpenAction, mail: StaffMail, now: datetime) -> bool:
    """Put the mail into the outbox; False if it was written before, its action is closed, or the day's limit is reached."""
    return commit(engine, lambda conn: _write(conn, action, mail, now))


def _write(conn: Connection, action: OpenAction, mail: StaffMail, now: datetime) -> bool:
    a, o = t.action.c, t.outbox.c
    still = select(a.id).where(a.id == action.action_id, a.state.in_(OPEN_ACTIONS), a.state != ActionState.HELD.value)
    if _told(conn, mail.known_as) or conn.execute(still).first() is None or _full(conn, mail.to, now):
        return False
    row = {
        "ticket_id": action.ticket_id,
        "ticket_no": action.ticket_no,
        "kind": ESCALATION,
        "state": OutboxState.READY.value,
        "automatic": False,
        "recipient": bounded_address(mail.to),
        "to_addr": mail.to,
        "envelope_from": mail.envelope_from,
        "subject": mail.subject,
        "text": mail.text,
        "language": "nb",
        "message_id": mail.message_id,
        "created_at": now,
        "changed_at": now,
    }
    outbox_id = int(conn.execute(insert(t.outbox).returning(o.id), row).scalar_one())
    event = Happening(
        "action.escalated", ACTOR, now, ticket_id=action.ticket_id, action_id=action.action_id, outbox_id=outbox_id
    )
    write_event(conn, event)
    return True


def _told(conn: Connection, message_ids: Collection[str]) -> bool:
    o = t.outbox.c
    return conn.execute(select(o.id).where(o.message_id.in_(sorted(message_ids))).limit(1)).first() is not None


def _full(conn: Connection, to: str, now: datetime) -> bool:
    o = t.outbox.c
    query = select(func.count()).select_from(t.outbox)
    lately = query.where(o.recipient == bounded_address(to), o.kind == ESCALATION, o.created_at > now - WINDOW)
    return int(conn.execute(lately).scalar_one()) >= MOST_IN_WINDOW
