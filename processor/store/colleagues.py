"""Replies that colleagues wrote with their own mail programs, found in the Sent folder.

One that names a mail we hold is attached to its ticket.  If it went to the customer, what we had not sent yet is
cancelled by a move of the outbox (``answered``), so that nobody is answered twice.  One that names a mail which is
not decided yet waits in ``colleague_reference`` until that mail is recorded.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from processor.masking import masked
from processor.store import tables as t
from processor.store.answered import answered_by_colleague
from processor.store.context import bounded_address, bounded_id
from processor.store.engine import store_key
from processor.store.prepared import Query
from processor.store.transaction import commit, reading, writing

# As many as a reply of ours names.
MOST_NAMED = 50
TEXT_LENGTH = 100_000
_R = t.colleague_reference.c
_WAITING = Query(
    select(_R.reply_id, _R.message_id).where(_R.message_id.in_(bindparam("wanted", expanding=True))).order_by(_R.place)
)


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail of the Sent folder by its header; ``names`` are the Message-IDs that it answers, nearest first.

    ``recipients`` are addresses that are not ours.  ``message_id`` is "" where it has none.
    """

    uid: int
    message_id: str
    names: tuple[str, ...]
    sender: str
    recipients: tuple[str, ...]
    subject: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Unread:
    """A colleague's reply of a ticket whose words were not read yet."""

    reply_id: int
    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class ColleagueView:
    """A colleague's reply as staff see it; ``answered`` when it went to the customer."""

    id: int
    sender: str
    recipients: str
    subject: str
    sent_at: datetime
    answered: bool
    text: str


def note_sent(
    engine: Engine, account: str, folder: str, uidvalidity: int, mails: Sequence[SentMail], now: datetime
) -> int:
    """Take note of mails of the Sent folder that answer others; how many were attached to tickets.

    Our own, and those known already, are nothing new.
    """
    return commit(engine, lambda conn: _note_sent(conn, (account, folder, uidvalidity), mails, now)) if mails else 0


def attach_waiting(conn: Connection, decided: Sequence[tuple[int, str]], now: datetime) -> int:
    """Mails (id and Message-ID) were just recorded: attach what colleagues had answered already."""
    by_id = {bounded_id(message_id): mail_id for mail_id, message_id in decided if message_id}
    if not by_id:
        return 0
    rows = _WAITING.rows(conn, {"wanted": sorted(by_id)})
    replies = {row.reply_id: by_id[row.message_id] for row in reversed(rows)}
    return sum(_attach(conn, reply_id, mail_id, now) for reply_id, mail_id in replies.items())


def attach_late(engine: Engine, account: str, now: datetime) -> int:
    """Attach what still waits though its mail is decided: both were written down at the same moment."""
    r, m = t.colleague_reference.c, t.mail.c
    query = (
        select(r.reply_id, m.id)
        .join_from(t.colleague_reference, t.mail, m.message_id == r.message_id)
        .join(t.colleague_reply, t.colleague_reply.c.id == r.reply_id)
        .where(t.colleague_reply.c.account == account, m.ticket_id.is_not(None))
        .order_by(r.reply_id, r.place.desc())
        .limit(500)
    )
    with reading(engine) as conn:
        found = {row[0]: row[1] for row in conn.execute(query)}
    if not found:
        return 0
    return commit(engine, lambda conn: sum(_attach(conn, reply, mail, now) for reply, mail in found.items()))


def unread(engine: Engine, account: str, limit: int) -> list[Unread]:
    """The account's attached replies whose words are still to be read."""
    c = t.colleague_reply.c
    query = select(c.id, c.folder, c.uidvalidity, c.uid).where(c.account == account, c.ticket_id.is_not(None))
    with reading(engine) as conn:
        return [Unread(*row) for row in conn.execute(query.where(c.text_read.is_(False)).order_by(c.id).limit(limit))]


def note_text(engine: Engine, reply_id: int, text: str) -> None:
    """The words of a colleague's reply, "" where the server has it no more."""
    c = t.colleague_reply.c
    with writing(engine) as conn:
        here = update(t.colleague_reply).where(c.id == reply_id, c.text_read.is_(False))
        conn.execute(here.values(text_read=True, text=masked(text)[:TEXT_LENGTH]))


def forget_unmatched(engine: Engine, before: datetime) -> int:
    """Forget replies seen before a time that answer no mail of ours; how many."""
    c = t.colleague_reply.c
    return commit(engine, lambda conn: _forget(conn, select(c.id).where(c.ticket_id.is_(None), c.seen_at < before)))


def forget_written_to(conn: Connection, address: str) -> int:
    """Forget replies to an address that answer no mail of ours: all that is held of its owner's there."""
    c = t.colleague_reply.c
    words = c.recipients.contains(bounded_address(address), autoescape=True)
    rows = conn.execute(select(c.id, c.recipients).where(c.ticket_id.is_(None), words)).all()
    return _forget(conn, [row.id for row in rows if bounded_address(address) in row.recipients.split()])


def erase_replies(conn: Connection, *, ticket_id: int | None = None, mail_id: int | None = None) -> None:
    """Erase the words and addresses of colleagues' replies in a ticket, or to one mail."""
    c = t.colleague_reply.c
    which = c.ticket_id == ticket_id if ticket_id is not None else c.mail_id == mail_id
    nothing = {"message_id": None, "sender": "", "recipients": "", "subject": "", "text": "", "text_read": True}
    conn.execute(update(t.colleague_reply).where(which).values(nothing))


def colleague_views(conn: Connection, ticket_id: int) -> tuple[ColleagueView, ...]:
    """The colleagues' replies of a ticket, oldest first."""
    c = t.colleague_reply.c
    query = select(c.id, c.sender, c.recipients, c.subject, c.sent_at, c.answered, c.text)
    return tuple(ColleagueView(*row) for row in conn.execute(query.where(c.ticket_id == ticket_id).order_by(c.sent_at)))


def _note_sent(conn: Connection, place: tuple[str, str, int], mails: Sequence[SentMail], now: datetime) -> int:
    key, (account, folder, uidvalidity) = store_key(conn), place
    digests = {mail.uid: _digest(key, mail, place) for mail in mails}
    known = _known(conn, digests.values())
    ours = _ours(conn, {bounded_id(mail.message_id) for mail in mails if mail.message_id})
    attached = 0
    for mail in mails:
        if digests[mail.uid] in known or bounded_id(mail.message_id) in ours:
            continue
        known.add(digests[mail.uid])
        row = {
            "digest": digests[mail.uid],
            "account": account,
            "folder": folder,
            "uidvalidity": uidvalidity,
            "uid": mail.uid,
            "message_id": bounded_id(mail.message_id) or None,
            "sender": mail.sender,
            "recipients": " ".join(bounded_address(each) for each in mail.recipients),
            "subject": masked(mail.subject),
            "sent_at": mail.sent_at,
            "seen_at": now,
        }
        reply_id = int(conn.execute(insert(t.colleague_reply).returning(t.colleague_reply.c.id), row).scalar_one())
        names = list(dict.fromkeys(bounded_id(each) for each in mail.names if each))[:MOST_NAMED]
        found = _answered_mail(conn, names)
        if found is not None:
            attached += _attach(conn, reply_id, found, now)
        elif names:
            rows = [{"reply_id": reply_id, "place": n, "message_id": each} for n, each in enumerate(names)]
            conn.execute(insert(t.colleague_reference), rows)
    return attached


def _digest(key: bytes, mail: SentMail, place: tuple[str, str, int]) -> str:
    name = mail.message_id or repr((place, mail.uid))
    return hmac.digest(key, b"sent\0" + name.encode("utf-8", "surrogatepass"), "sha256").hex()


def _known(conn: Connection, digests: Iterable[str]) -> set[str]:
    c = t.colleague_reply.c
    return set(conn.execute(select(c.digest).where(c.digest.in_(sorted(digests)))).scalars())


def _ours(conn: Connection, message_ids: Collection[str]) -> set[str]:
    """Those that we sent, and those that an archive brought as our own."""
    o, m, ids = t.outbox.c, t.mail.c, sorted(message_ids)
    sent = set(conn.execute(select(o.message_id).where(o.message_id.in_(ids))).scalars())
    return sent | set(conn.execute(select(m.message_id).where(m.message_id.in_(ids), m.own.is_(True))).scalars())


def _answered_mail(conn: Connection, names: Sequence[str]) -> int | None:
    """The mail that these names lead to, the nearest first: one that we hold, or that a reply in the thread answers."""
    o, m, c = t.outbox.c, t.mail.c, t.colleague_reply.c
    found: dict[str, int] = {}
    for query in (
        select(c.message_id, c.mail_id).where(c.message_id.in_(names), c.mail_id.is_not(None)),
        select(o.message_id, o.mail_id).where(o.message_id.in_(names), o.mail_id.is_not(None)),
        select(m.message_id, m.id).where(m.message_id.in_(names), m.ticket_id.is_not(None)).order_by(m.id.desc()),
    ):
        found |= {row[0]: row[1] for row in conn.execute(query)}
    return next((found[each] for each in names if each in found), None)


def _attach(conn: Connection, reply_id: int, mail_id: int, now: datetime) -> bool:
    """Attach a reply to the ticket of the mail that it answers; False if another worker was first."""
    attached = answered_by_colleague(conn, reply_id, mail_id, now)
    if attached:
        conn.execute(delete(t.colleague_reference).where(t.colleague_reference.c.reply_id == reply_id))
    return attached


def _forget(conn: Connection, which: object) -> int:
    r, c = t.colleague_reference.c, t.colleague_reply.c
    conn.execute(delete(t.colleague_reference).where(r.reply_id.in_(which)))  # type: ignore[arg-type]
    return int(conn.execute(delete(t.colleague_reply).where(c.id.in_(which))).rowcount)  # type: ignore[arg-type]
