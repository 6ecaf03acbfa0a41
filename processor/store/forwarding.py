"""A customer's mail sent on to somebody of our own, with its files, through the same outbox."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, func, insert, select

from processor.store import tables as t
from processor.store.context import bounded_address
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.replies import UNDO
from processor.store.sealed import file_bound, make_key, opened_file, shut, wrapped
from processor.store.transaction import commit, reading
from processor.ticket import OutboxState

FORWARD = "forward"
"""The kind of a row of the outbox that sends a mail on."""
GONE = (OutboxState.CANCELLED.value, OutboxState.FAILED.value)


@dataclass(frozen=True, slots=True)
class File:
    """A file that leaves with a mail; ``kind`` is its media type."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Forward:
    """A mail that is sent on, as it leaves."""

    mail_id: int
    to: str
    subject: str
    text: str
    message_id: str
    envelope_from: str
    language: str
    files: tuple[File, ...] = ()


def forwarded_before(source: Engine | Connection, mail_id: int) -> int:
    """How often a mail was sent on, also in vain."""
    o = t.outbox.c
    query = select(func.count()).where(o.mail_id == mail_id, o.kind == FORWARD)
    with reading(source) as conn:
        return int(conn.execute(query).scalar_one())


def forward(
    engine: Engine, letter: Forward, person: Person, now: datetime, hold_until: datetime | None = None
) -> int | None:
    """Put it into the outbox; its id there.  None if there is no such mail, or it was sent on to this address before."""
    return commit(engine, lambda conn: _forward(conn, letter, person, now, hold_until))


def files_of(source: Engine | Connection, outbox_id: int) -> Sequence[File]:
    """The files that leave with a row of the outbox; raises NotOpenedError."""
    f = t.outbox_file.c
    query = select(t.outbox_file).where(f.outbox_id == outbox_id).order_by(f.number)
    with reading(source) as conn:
        return [File(row.name, row.kind, opened_file(conn, row)) for row in conn.execute(query)]


def insert_files(conn: Connection, outbox_id: int, files: Sequence[File]) -> None:
    """Let files leave with a row of the outbox; sealed where this process has a key for that."""
    rows = []
    for number, each in enumerate(files, 1):
        key = make_key(conn)
        named = {"outbox_id": outbox_id, "number": number, "name": each.name, "kind": each.kind}
        rows.append({**named, "content": shut(key, each.content), **wrapped(conn, key, file_bound(outbox_id, number))})
    if rows:
        conn.execute(insert(t.outbox_file), rows)


def file_names(source: Engine | Connection, outbox_ids: Collection[int]) -> dict[int, list[str]]:
    """The names of the files that leave with these rows."""
    f = t.outbox_file.c
    query = select(f.outbox_id, f.name).where(f.outbox_id.in_(outbox_ids)).order_by(f.outbox_id, f.number)
    found: dict[int, list[str]] = {}
    if outbox_ids:
        with reading(source) as conn:
            for row in conn.execute(query):
                found.setdefault(row.outbox_id, []).append(row.name)
    return found


def _forward(conn: Connection, letter: Forward, person: Person, now: datetime, until: datetime | None) -> int | None:
    o, m, k = t.outbox.c, t.mail.c, t.ticket.c
    about = conn.execute(
        select(m.ticket_id, k.number).join(t.ticket, k.id == m.ticket_id).where(m.id == letter.mail_id)
    ).first()
    recipient = bounded_address(letter.to)
    same = (o.mail_id == letter.mail_id, o.kind == FORWARD, o.recipient == recipient, o.state.not_in(GONE))
    if about is None or conn.execute(select(o.id).where(*same)).first() is not None:
        return None
    row = {
        "ticket_id": about.ticket_id,
        "ticket_no": about.number,
        "mail_id": letter.mail_id,
        "kind": FORWARD,
        "state": (OutboxState.HELD if until else OutboxState.READY).value,
        "hold_reason": UNDO if until else "",
        "due_at": until,
        "automatic": False,
        "by_person": True,
        "approved_by": person.name,
        "recipient": recipient,
        "to_addr": letter.to,
        "envelope_from": letter.envelope_from,
        "subject": letter.subject,
        "text": letter.text,
        "language": letter.language,
        "message_id": letter.message_id,
        "created_at": now,
        "changed_at": now,
    }
    outbox_id = int(conn.execute(insert(t.outbox).returning(o.id), row).scalar_one())
    insert_files(conn, outbox_id, letter.files)
    subjects = {"mail_id": letter.mail_id, "ticket_id": about.ticket_id, "outbox_id": outbox_id}
    said = f"{letter.to}\n\n{letter.subject}\n\n{letter.text}"
    happened = Happening("outbox.forwarded", person.name, now, **subjects, data={"files": len(letter.files)}, text=said)
    write_event(conn, happened)
    return outbox_id
