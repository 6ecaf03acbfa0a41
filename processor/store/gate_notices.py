"""Notices to a customer's other contacts that rights are asked for, in the outbox once for each version of an action.

They are no automatic replies: neither the stop switch nor a sender's limits are about them, since a person's first
approval stands behind each.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, and_, exists, insert, or_, select

from processor.gate import CUSTOMER, KINDS, TYPES
from processor.store import tables as t
from processor.store.context import bounded_address
from processor.store.events import Happening, write_event
from processor.store.gate import NOTICE, NOTICED, contacts_of, note_step, notice_name
from processor.store.transaction import commit, reading
from processor.ticket import ActionState, OutboxState

ACTOR = "gate"
MOST = 100


@dataclass(frozen=True, slots=True)
class Untold:
    """An action that one person has approved and of which nobody at the customer is told yet.

    ``contacts`` are the register's, without the address that asked; ``type`` is the request's.
    """

    action_id: int
    version: int
    ticket_no: str
    type: str
    contacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to one address."""

    to: str
    subject: str
    text: str
    message_id: str
    envelope_from: str


def untold(engine: Engine) -> list[Untold]:
    """Actions behind the gate that wait for this, oldest first."""
    a, i, k, g = t.action.c, t.item.c, t.ticket.c, t.gate_step.c
    done = exists().where(and_(g.action_id == a.id, g.version == a.version, g.step == NOTICED))
    query = (
        select(a.id, a.version, a.facts, i.type, k.number, k.sender)
        .join_from(t.action, t.item, i.id == a.item_id)
        .join(t.ticket, k.id == a.ticket_id)
        .where(a.state == ActionState.SECONDED.value, ~done, or_(i.type.in_(TYPES), a.kind.in_(KINDS)))
        .order_by(a.id)
        .limit(MOST)
    )
    with reading(engine) as conn:
        rows = conn.execute(query).all()
        return [Untold(row.id, row.version, row.number, row.type, _others(conn, row)) for row in rows]


def write_notices(engine: Engine, about: Untold, notices: Sequence[Notice], now: datetime) -> bool:
    """Put the notices into the outbox, all or none; False if it was done, or the action has changed, since."""
    return commit(engine, lambda conn: _write(conn, about, notices, now))


def _others(conn: Connection, row: t.AnyRow) -> tuple[str, ...]:
    asked = {row.sender.casefold(), json.loads(row.facts).get("sender", "").casefold()}
    known = contacts_of(conn, json.loads(row.facts).get(CUSTOMER, ""))
    return tuple(each for each in known if each.casefold() not in asked)


def _write(conn: Connection, about: Untold, notices: Sequence[Notice], now: datetime) -> bool:
    a, g = t.action.c, t.gate_step.c
    this = and_(a.id == about.action_id, a.version == about.version, a.state == ActionState.SECONDED.value)
    row = conn.execute(select(t.action).where(this).with_for_update()).first()
    done = select(g.id).where(g.action_id == about.action_id, g.version == about.version, g.step == NOTICED)
    if row is None or conn.execute(done).first():
        return False
    note_step(conn, row, NOTICED, None, now)
    for each in notices:
        conn.execute(insert(t.outbox).values(_columns(about, row.ticket_id, each, now)))
    subjects = {"ticket_id": row.ticket_id, "action_id": row.id}
    data = {"version": row.version, "told": len(notices)}
    write_event(conn, Happening("gate.noticed", ACTOR, now, **subjects, data=data))
    return True


def _columns(about: Untold, ticket_id: int, notice: Notice, now: datetime) -> dict[str, object]:
    return {
        "ticket_id": ticket_id,
        "ticket_no": about.ticket_no,
        "kind": NOTICE,
        "template": notice_name(about.action_id, about.version),
        "state": OutboxState.READY.value,
        "automatic": False,
        "recipient": bounded_address(notice.to),
        "to_addr": notice.to,
        "envelope_from": notice.envelope_from,
        "subject": notice.subject,
        "text": notice.text,
        "language": "nb",
        "message_id": notice.message_id,
        "created_at": now,
        "changed_at": now,
    }
