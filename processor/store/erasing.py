"""Erasing: the bytes of mails, or all personal text of tickets; digests, states and the audit chain stay.

What stays of a mail is its keyed digest, so that a copy on the server never comes in again, its places of arrival
and its times; of an event everything but its text, of which the chain holds a salted digest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, delete, insert, or_, select, update

from processor.store import tables as t
from processor.store.colleagues import erase_replies
from processor.store.events import Happening, write_event
from processor.store.story import absorbed, of_ticket
from processor.store.transitions import FREE, move
from processor.ticket import OutboxState, TicketState

MERGED_PAGES = 500
BYTES_ERASED, ERASED = "ticket.bytes_erased", "ticket.erased"
WORDS = {
    "recipient": "",
    "recipient_domain": "",
    "to_addr": "",
    "subject": "",
    "text": "",
    "html": "",
    "error": "",
    "response": "",
}
UNSENT = [state.value for state in (OutboxState.DRAFT, OutboxState.HELD, OutboxState.UNKNOWN, OutboxState.FAILED)]


def lock_ticket(conn: Connection, ticket_id: int) -> None:
    """Let no mail join a ticket until the transaction that looks at it, and erases it, has ended."""
    conn.execute(select(t.ticket.c.id).where(t.ticket.c.id == ticket_id).with_for_update())


def erase_bytes(
    conn: Connection, ticket_id: int | None, mail_ids: Sequence[int], why: str, actor: str, now: datetime
) -> None:
    """Erase the bytes of mails with their attachments; what was read from them stays."""
    overwrite(conn)
    _without_bytes(conn, mail_ids)
    _note(conn, mail_ids, False, why, now)
    data = {"why": why, "mails": list(mail_ids)}
    write_event(conn, Happening(BYTES_ERASED, actor, now, ticket_id=ticket_id, data=data))


def erase_ticket(conn: Connection, ticket_id: int, why: str, actor: str, now: datetime) -> list[int]:
    """Erase all personal text of a ticket and the bytes of its mails; which mails they were.  Unsent replies fall."""
    overwrite(conn)
    m, o, i, a = t.mail.c, t.outbox.c, t.item.c, t.action.c
    mail_ids = list(conn.execute(select(m.id).where(m.ticket_id == ticket_id).order_by(m.id)).scalars())
    for reply in conn.execute(select(o.id).where(o.ticket_id == ticket_id, o.state.in_(UNSENT))).scalars().all():
        move(conn, "cancel", reply, actor, now, values=FREE, data={"why": "erased"})
    _without_words(conn, mail_ids)
    _without_texts(conn, mail_ids, ticket_id)
    _without_letters(conn, select(o.id).where(o.ticket_id == ticket_id))
    erase_replies(conn, ticket_id=ticket_id)
    conn.execute(delete(t.thread_name).where(t.thread_name.c.ticket_id == ticket_id))
    nothing = {"org_no": "", "customer_no": "", "evidence": "{}", "known": "", "asks": "", "follow_up_at": None}
    conn.execute(update(t.item).where(i.ticket_id == ticket_id).values(nothing))
    conn.execute(update(t.action).where(a.ticket_id == ticket_id).values(facts="{}", reason=""))
    closed = {"sender": "", "subject": "", "company": "", "state": TicketState.CLOSED.value}
    conn.execute(update(t.ticket).where(t.ticket.c.id == ticket_id).values(closed))
    # Those that were merged into it lead here still.
    nobody = {"sender": "", "subject": "", "company": ""}
    conn.execute(update(t.ticket).where(t.ticket.c.id.in_(absorbed(conn, ticket_id))).values(nobody))
    _note(conn, mail_ids, True, why, now)
    data = {"why": why, "mails": mail_ids}
    write_event(conn, Happening(ERASED, actor, now, ticket_id=ticket_id, data=data))
    return mail_ids


def erase_mail(conn: Connection, mail_id: int, address: str, why: str, actor: str, now: datetime) -> None:
    """Erase one mail in somebody else's ticket, or in none, with what was read from it and written to its sender."""
    overwrite(conn)
    o = t.outbox.c
    ticket_id = conn.execute(select(t.mail.c.ticket_id).where(t.mail.c.id == mail_id)).scalar()
    _without_words(conn, [mail_id])
    _without_texts(conn, [mail_id], None)
    _without_letters(conn, select(o.id).where(o.mail_id == mail_id, o.recipient == address))
    erase_replies(conn, mail_id=mail_id)
    conn.execute(update(t.item).where(t.item.c.mail_id == mail_id).values(evidence="{}"))
    _note(conn, [mail_id], True, why, now)
    data = {"why": why, "mails": [mail_id]}
    write_event(conn, Happening("mail.erased", actor, now, mail_id=mail_id, ticket_id=ticket_id, data=data))


def settle_erasure(engine: Engine) -> None:
    """Let the erased leave SQLite's search index and its write-ahead log too, as far as nobody is reading just now."""
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as raw:
            # Past SQLAlchemy, since neither may stand in a transaction.
            dbapi: Any = raw.driver_connection
            dbapi.execute("PRAGMA secure_delete = ON")
            _merge_search(dbapi)
            dbapi.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _merge_search(dbapi: Any) -> None:
    """FTS5 keeps words that were taken out until it merges; in small steps, since each holds up whoever writes.

    https://sqlite.org/fts5.html#the_merge_command: a negative number begins, less than two changes are the end.
    """
    pages, changes = -MERGED_PAGES, 2
    while changes >= 2:
        before = dbapi.total_changes
        dbapi.execute("INSERT INTO search_index(search_index, rank) VALUES ('merge', ?)", (pages,))
        pages, changes = MERGED_PAGES, dbapi.total_changes - before


def overwrite(conn: Connection) -> None:
    """SQLite leaves what is deleted in its file until the room is used again, unless it is told otherwise."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete = ON")


def _without_bytes(conn: Connection, mail_ids: Collection[int]) -> None:
    # The key last: whoever seals what lies in clear locks the bytes before it writes a key.
    for table in (t.raw_mail, t.raw_part, t.raw_key):
        conn.execute(delete(table).where(table.c.mail_id.in_(mail_ids)))
    # Their files, where they were forwarded.
    forwarded = select(t.outbox.c.id).where(t.outbox.c.mail_id.in_(mail_ids))
    conn.execute(delete(t.outbox_file).where(t.outbox_file.c.outbox_id.in_(forwarded)))


def _without_words(conn: Connection, mail_ids: Collection[int]) -> None:
    _without_bytes(conn, mail_ids)
    conn.execute(
        update(t.mail).where(t.mail.c.id.in_(mail_ids)).values(message_id=None, reason="", form_digest="", sender_key=0)
    )


def _without_texts(conn: Connection, mail_ids: Collection[int], ticket_id: int | None) -> None:
    e = t.event.c
    ours: ColumnElement[bool] = e.mail_id.in_(mail_ids)
    if ticket_id is not None:
        ours = or_(ours, of_ticket(conn, ticket_id))
    conn.execute(delete(t.event_text).where(t.event_text.c.event_id.in_(select(e.id).where(ours))))


def _without_letters(conn: Connection, which: Select[tuple[int]]) -> None:
    ids = list(conn.execute(which).scalars())
    conn.execute(update(t.outbox).where(t.outbox.c.id.in_(ids)).values({**WORDS, "in_reply_to": "", "refs": ""}))
    conn.execute(update(t.outbox_attempt).where(t.outbox_attempt.c.outbox_id.in_(ids)).values(response=""))
    conn.execute(delete(t.outbox_file).where(t.outbox_file.c.outbox_id.in_(ids)))


def _note(conn: Connection, mail_ids: Collection[int], whole: bool, why: str, now: datetime) -> None:
    conn.execute(delete(t.erasure).where(t.erasure.c.mail_id.in_(mail_ids)))
    rows = [{"mail_id": each, "at": now, "whole": whole, "why": why} for each in mail_ids]
    if rows:
        conn.execute(insert(t.erasure), rows)
