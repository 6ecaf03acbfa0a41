"""How far each folder is read, and which mails the server has still to be told about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, and_, bindparam, exists, insert, or_, select, update

from processor.store import tables as t
from processor.store.prepared import Query
from processor.store.transaction import commit, reading, writing
from processor.ticket import MailState

# Databases bound the number of parameters of a statement.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Watermark:
    """The last UID that is kept; ``answer_from`` is None before the account's first start."""

    account: str
    folder: str
    uidvalidity: int
    last_uid: int
    answer_from: datetime | None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A mail that is decided or set aside here, which the server has not been told.

    ``handled``: decided, and no person has to look at it.
    """

    uid: int
    state: MailState
    mail_id: int
    handled: bool


def watermark(engine: Engine, account: str, folder: str) -> Watermark | None:
    """How far a folder is read, None if never."""
    w = t.watermark.c
    query = (
        select(w.uidvalidity, w.last_uid, t.mailbox.c.answer_from)
        .outerjoin_from(t.watermark, t.mailbox, t.mailbox.c.account == w.account)
        .where(w.account == account, w.folder == folder)
    )
    with reading(engine) as conn:
        row = conn.execute(query).first()
    return row and Watermark(account, folder, row.uidvalidity, row.last_uid, row.answer_from)


def advance(engine: Engine, account: str, folder: str, uidvalidity: int, last_uid: int) -> None:
    """Move the watermark on; never back under the same UIDVALIDITY, and to ``last_uid`` under a new one."""
    commit(engine, lambda conn: _advance(conn, account, folder, uidvalidity, last_uid))


def first_start(engine: Engine, account: str, now: datetime) -> datetime:
    """The time of the account's first start: ``now`` the first time, the same ever after."""
    with reading(engine) as conn:
        found = _started(conn, account)
    return found or commit(engine, lambda conn: _first_start(conn, account, now))


def known_uids(engine: Engine, account: str, folder: str, uidvalidity: int, uids: Collection[int]) -> set[int]:
    """Those of ``uids`` that are kept already; their INTERNALDATE and size are not compared."""
    found: set[int] = set()
    with reading(engine) as conn:
        for part in chunks(sorted(uids)):
            query = select(t.arrival.c.uid).where(_in_folder(account, folder, uidvalidity), t.arrival.c.uid.in_(part))
            found.update(conn.execute(query).scalars())
    return found


def unfinished(engine: Engine, account: str, folder: str, uidvalidity: int) -> list[Unfinished]:
    """Mails whose server-side "done" is still owed, by UID.

    Not those of which we hold the header only: they are nobody's but the server's, which must not be
    told that they are dealt with.
    """
    whole = exists().where(t.raw_mail.c.mail_id == t.mail.c.id, t.raw_mail.c.whole.is_(True))
    parts = exists().where(t.raw_part.c.mail_id == t.mail.c.id)
    query = (
        select(t.arrival.c.uid, t.mail.c.state, t.mail.c.id, t.mail.c.outcome)
        .join_from(t.arrival, t.mail)
        .where(
            or_(t.mail.c.state == MailState.DECIDED.value, whole, parts),
            _in_folder(account, folder, uidvalidity),
            t.arrival.c.done.is_(False),
            t.mail.c.state != MailState.KEPT.value,
        )
        .order_by(t.arrival.c.uid)
    )
    with reading(engine) as conn:
        return [
            Unfinished(
                row.uid, MailState(row.state), row.id, row.state == MailState.DECIDED.value and row.outcome != "review"
            )
            for row in conn.execute(query)
        ]


def mark_arrivals_done(
    engine: Engine, account: str, folder: str, uidvalidity: int, uids: Collection[int], now: datetime
) -> None:
    """Remember that the server was told; a repeat changes nothing."""
    with writing(engine) as conn:
        for part in chunks(sorted(uids)):
            conn.execute(
                update(t.arrival)
                .where(
                    _in_folder(account, folder, uidvalidity),
                    t.arrival.c.uid.in_(part),
                    t.arrival.c.done.is_(False),
                )
                .values(done=True, done_at=now)
            )


def chunks(values: Sequence[int]) -> Iterator[Sequence[int]]:
    """The values in slices short enough for one statement."""
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _in_folder(account: str, folder: str, uidvalidity: int) -> ColumnElement[bool]:
    a = t.arrival.c
    return and_(a.account == account, a.folder == folder, a.uidvalidity == uidvalidity)


def _advance(conn: Connection, account: str, folder: str, uidvalidity: int, last_uid: int) -> None:
    w = t.watermark.c
    here = and_(w.account == account, w.folder == folder)
    forward = conn.execute(
        update(t.watermark)
        .where(here, (w.uidvalidity != uidvalidity) | (w.last_uid < last_uid))
        .values(uidvalidity=uidvalidity, last_uid=last_uid)
    )
    if forward.rowcount or conn.execute(select(w.last_uid).where(here)).first():
        return
    conn.execute(insert(t.watermark).values(account=account, folder=folder, uidvalidity=uidvalidity, last_uid=last_uid))


def _first_start(conn: Connection, account: str, now: datetime) -> datetime:
    found = _started(conn, account)
    if found:
        return found
    conn.execute(insert(t.mailbox).values(account=account, answer_from=now))
    return now


def _started(conn: Connection, account: str) -> datetime | None:
    started: datetime | None = _STARTED.value(conn, {"whose": account})
    return started


_STARTED = Query(select(t.mailbox.c.answer_from).where(t.mailbox.c.account == bindparam("whose")))
