"""The reply of a mail that was decided anew: it changes while it is still ours to change."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select, update

from processor.store import tables as t
from processor.store.decided import Record
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.replies import REFERENCE_LENGTH, UNDO, first_state, references, words
from processor.store.transitions import move
from processor.ticket import Level, OutboxState, Reply

LEFT, WRITTEN, CHANGED, WITHDRAWN, DRAFTED, NONE = "left", "written", "changed", "withdrawn", "drafted", ""
"""What became of the reply: it is gone already; a person wrote it, and it stays; it says something else now; it was
withdrawn; there is a draft where there was none; there is none."""


def reply_anew(conn: Connection, r: Record, ticket_id: int, item_id: int | None, person: Person) -> str:
    """Let the mail's reply say what is decided now; what became of it."""
    o = t.outbox.c
    query = select(t.outbox).where(o.answers_mail_id == r.mail_id)
    row, reply = conn.execute(query.with_for_update()).first(), r.decision.reply
    if row is None:
        return _drafted(conn, r, reply, ticket_id, item_id, person) if reply else NONE
    waits = row.state == OutboxState.DRAFT.value or (row.state == OutboxState.HELD.value and row.hold_reason != UNDO)
    if not waits:
        return NONE if row.state == OutboxState.CANCELLED.value else LEFT
    if _written(conn, row.id):
        return WRITTEN
    if reply is None:
        move(conn, "cancel", row.id, person.name, r.now)
        return WITHDRAWN
    if (reply.subject, reply.text, reply.kind) == (row.subject, row.text, row.kind):
        return NONE
    values = _words(r, reply) | {"message_id": row.message_id, "created_at": row.created_at}
    if _taken(conn, item_id, reply.kind, row.id):
        return LEFT
    conn.execute(update(t.outbox).where(o.id == row.id).values(values | {"kind": reply.kind, "item_id": item_id}))
    _say(conn, r, row.id, ticket_id, reply, person)
    return CHANGED


def _drafted(conn: Connection, r: Record, reply: Reply, ticket_id: int, item_id: int | None, person: Person) -> str:
    if _taken(conn, item_id, reply.kind, 0):
        return NONE
    # At level observe nothing leaves, whoever decided it.
    state, reason = first_state(reply.kind, r.level, stopped=True)
    if r.level != Level.OBSERVE:
        state, reason = OutboxState.DRAFT, ""
    message = r.message
    made = message.message_id_made or len(message.message_id) > REFERENCE_LENGTH
    row: dict[str, Any] = {
        "ticket_id": ticket_id,
        "ticket_no": r.ticket_no,
        "mail_id": r.mail_id,
        "item_id": item_id,
        "answers_mail_id": r.mail_id,
        "kind": reply.kind,
        "state": state.value,
        "hold_reason": reason,
        "automatic": False,
        "in_reply_to": "" if made else message.message_id,
        "refs": "" if made else references(message),
        **_words(r, reply),
    }
    outbox_id = int(conn.execute(insert(t.outbox).returning(t.outbox.c.id), row).scalar_one())
    _say(conn, r, outbox_id, ticket_id, reply, person)
    return DRAFTED


def _words(r: Record, reply: Reply) -> dict[str, object]:
    return words(reply, r.reply_message_id, r.envelope_from, r.now)


def _written(conn: Connection, outbox_id: int) -> bool:
    """Whether a person has changed its words."""
    e = t.event.c
    query = select(e.id).where(e.outbox_id == outbox_id, e.kind == "outbox.edited")
    return conn.execute(query.limit(1)).first() is not None


def _taken(conn: Connection, item_id: int | None, kind: str, but: int) -> bool:
    o = t.outbox.c
    same = (o.item_id == item_id, o.kind == kind, o.issue == 1, o.id != but)
    return item_id is not None and conn.execute(select(o.id).where(*same).limit(1)).first() is not None


def _say(conn: Connection, r: Record, outbox_id: int, ticket_id: int, reply: Reply, person: Person) -> None:
    said = f"{reply.subject}\n\n{reply.text}"
    happened = Happening("outbox.redecided", person.name, r.now, ticket_id=ticket_id, outbox_id=outbox_id, text=said)
    write_event(conn, happened)
