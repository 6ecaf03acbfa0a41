"""A letter that a person writes: a draft in the outbox, which leaves when somebody lets it go out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from processor.masking import masked
from processor.message import Message
from processor.store import tables as t
from processor.store.events import Happening, write_event
from processor.store.forwarding import File, insert_files
from processor.store.people import Person
from processor.store.replies import REFERENCE_LENGTH, references, words
from processor.store.transaction import commit
from processor.ticket import OutboxState, Reply, TicketState


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter to the writer of a mail, with its files; ``asks`` is what it asks an item's customer for."""

    mail_id: int
    reply: Reply
    message_id: str
    envelope_from: str
    message: Message
    files: tuple[File, ...] = ()
    item_id: int | None = None
    asks: tuple[str, ...] = ()


def draft(engine: Engine, letter: Draft, person: Person, now: datetime) -> int | None:
    """Put it into the outbox as a draft; its id there, None if there is no such mail.

    What it asks for is what the item lacks from now on, so that the customer's answer completes it.
    """
    return commit(engine, lambda conn: _draft(conn, letter, person, now))


def _draft(conn: Connection, letter: Draft, person: Person, now: datetime) -> int | None:
    m, k, i = t.mail.c, t.ticket.c, t.item.c
    query = select(m.ticket_id, k.number).join(t.ticket, k.id == m.ticket_id).where(m.id == letter.mail_id)
    about = conn.execute(query).first()
    if about is None:
        return None
    message = letter.message
    made = message.message_id_made or len(message.message_id) > REFERENCE_LENGTH
    row = {
        "ticket_id": about.ticket_id,
        "ticket_no": about.number,
        "mail_id": letter.mail_id,
        "kind": letter.reply.kind,
        "state": OutboxState.DRAFT.value,
        "automatic": False,
        "in_reply_to": "" if made else message.message_id,
        "refs": "" if made else references(message),
        **words(letter.reply, letter.message_id, letter.envelope_from, now),
        "subject": masked(letter.reply.subject),
        "text": masked(letter.reply.text),
    }
    outbox_id = int(conn.execute(insert(t.outbox).returning(t.outbox.c.id), row).scalar_one())
    insert_files(conn, outbox_id, letter.files)
    if letter.asks and letter.item_id is not None:
        mine = (i.id == letter.item_id, i.ticket_id == about.ticket_id)
        conn.execute(update(t.item).where(*mine).values(asks=" ".join(letter.asks)))
    answered = (TicketState.CLOSED.value, TicketState.WITH_CUSTOMER.value)
    again = update(t.ticket).where(k.id == about.ticket_id, k.state.in_(answered))
    conn.execute(again.values(state=TicketState.OPEN.value))
    conn.execute(update(t.ticket).where(k.id == about.ticket_id).values(changed_at=now))
    data = {"files": len(letter.files), "asks": list(letter.asks)}
    said = f"{row['subject']}\n\n{row['text']}"
    happened = Happening(
        "outbox.drafted", person.name, now, letter.mail_id, about.ticket_id, outbox_id=outbox_id, data=data, text=said
    )
    write_event(conn, happened)
    return outbox_id
