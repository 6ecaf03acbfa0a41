"""The audit: what happened, by whom, in the transaction in which it happened.

``data`` is for facts without personal text; ``text`` (the explanation of a decision, a reason that a
person typed) stands in a row of its own that can be erased, and the event keeps a salted digest of it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Text, bindparam, insert, select

from processor.store import tables as t
from processor.store.columns import canonical, storable
from processor.store.inserting import insert_for_ids
from processor.store.prepared import Prepared
from processor.store.transaction import reading, writing


@dataclass(frozen=True, slots=True)
class Happening:
    """An event to be written; ids are of rows that exist."""

    kind: str
    actor: str
    now: datetime
    mail_id: int | None = None
    ticket_id: int | None = None
    action_id: int | None = None
    outbox_id: int | None = None
    data: Mapping[str, object] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """An event as stored; ``text`` is ``""`` when there was none or it was erased."""

    id: int
    at: datetime
    kind: str
    actor: str
    mail_id: int | None
    ticket_id: int | None
    action_id: int | None
    outbox_id: int | None
    data: Mapping[str, Any]
    text: str


# Built once: every reply that leaves writes events.
_INSERT = Prepared(insert(t.event).inline(), [column.name for column in t.event.c if column.name != "id"])
# The text is made storable before, for its digest, so that its column need not do so once more.
_INSERT_TEXTS = Prepared(
    insert(t.event_text).values(text=bindparam("text", type_=Text)).inline(), ("event_id", "salt", "text")
)


def write_event(conn: Connection, happening: Happening) -> None:
    """Write one event in the caller's transaction."""
    write_events(conn, [happening])


def write_events(conn: Connection, happenings: Sequence[Happening]) -> None:
    """Write events in order, in one statement, in the caller's transaction."""
    if not happenings:
        return
    salted = [(secrets.token_hex(16), storable(h.text)) if h.text else ("", "") for h in happenings]
    rows = [_row(h, salt + text) for h, (salt, text) in zip(happenings, salted, strict=True)]
    if not any(text for _, text in salted):
        _INSERT.run_each(conn, rows)
        return
    ids = insert_for_ids(conn, t.event, rows)
    texts = [
        {"event_id": event_id, "salt": salt, "text": text}
        for event_id, (salt, text) in zip(ids, salted, strict=True)
        if text
    ]
    _INSERT_TEXTS.run_each(conn, texts)


def note(engine: Engine, happening: Happening) -> None:
    """Write one event in a transaction of its own."""
    with writing(engine) as conn:
        write_event(conn, happening)


def events(source: Engine | Connection, ticket_no: str) -> list[Event]:
    """Everything that happened to a ticket, oldest first."""
    own = select(t.ticket.c.id).where(t.ticket.c.number == ticket_no).scalar_subquery()
    return events_where(source, t.event.c.ticket_id == own)


def events_where(source: Engine | Connection, condition: ColumnElement[bool]) -> list[Event]:
    """The events that a condition holds for, oldest first, with their texts."""
    query = (
        select(t.event, t.event_text.c.text)
        .outerjoin(t.event_text, t.event_text.c.event_id == t.event.c.id)
        .where(condition)
        .order_by(t.event.c.id)
    )
    with reading(source) as conn:
        return [to_event(row) for row in conn.execute(query)]


def to_event(row: t.AnyRow) -> Event:
    """An event of a row with its text."""
    return Event(
        id=row.id,
        at=row.at,
        kind=row.kind,
        actor=row.actor,
        mail_id=row.mail_id,
        ticket_id=row.ticket_id,
        action_id=row.action_id,
        outbox_id=row.outbox_id,
        data=json.loads(row.data),
        text=row.text or "",
    )


def _row(happening: Happening, salted: str) -> dict[str, object]:
    return {
        "at": happening.now,
        "kind": happening.kind,
        "actor": happening.actor,
        "mail_id": happening.mail_id,
        "ticket_id": happening.ticket_id,
        "action_id": happening.action_id,
        "outbox_id": happening.outbox_id,
        "data": canonical(happening.data),
        "text_digest": hashlib.sha256(salted.encode()).hexdigest() if salted else "",
    }
