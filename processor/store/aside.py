"""The mails that a person must look at because no decision could be made, and where they lie on the server."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select

from processor.ciphers import DamagedError
from processor.store import tables as t
from processor.store.sealed import head_of, opened_head, with_keys
from processor.store.transaction import reading
from processor.ticket import MailState

# Room for any honest header; what stands before the bytes of a mail is not loaded for a line in a list.
HEADER_BYTES = 64_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where staff find a mail with their own mail program."""

    account: str
    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class AsideMail:
    """A mail set aside.  ``whole``: all its bytes are here, not its header alone.

    ``arrival_time`` is INTERNALDATE, else when it was kept; ``size`` is 0 where the server did not say
    it.  ``head`` are the mail's first bytes, at most HEADER_BYTES; ``b""`` where not even the header came.
    """

    mail_id: int
    account: str
    folder: str
    arrival_time: datetime
    size: int
    reason: str
    whole: bool
    places: tuple[Place, ...]
    head: bytes = field(repr=False)


def set_aside_mails(engine: Engine, limit: int = 200) -> list[AsideMail]:
    """The mails that wait for a person, oldest first."""
    with reading(engine) as conn:
        return _mails(conn, limit=limit)


def set_aside_mail(engine: Engine, mail_id: int) -> AsideMail | None:
    """One of them; None if there is no such mail or it is not set aside."""
    with reading(engine) as conn:
        return next(iter(_mails(conn, t.mail.c.id == mail_id, limit=1)), None)


def set_aside_ids(engine: Engine) -> list[int]:
    """The mails that are set aside, oldest first, all of them."""
    m = t.mail.c
    with reading(engine) as conn:
        return list(conn.execute(select(m.id).where(m.state == MailState.SET_ASIDE.value).order_by(m.id)).scalars())


def _mails(conn: Connection, *which: ColumnElement[bool], limit: int) -> list[AsideMail]:
    m, raw, part = t.mail.c, t.raw_mail.c, t.raw_part.c
    first = func.coalesce(*(head_of(content) for content in (raw.content, part.content)))
    query = with_keys(
        select(m.id, m.account, m.folder, m.arrived_at, m.size, m.reason, raw.whole, first.label("head"))
        .add_columns(func.coalesce(part.number, 0).label("piece"))
        .outerjoin_from(t.mail, t.raw_mail, raw.mail_id == m.id)
        .outerjoin(t.raw_part, and_(part.mail_id == m.id, part.number == 1))
        .where(m.state == MailState.SET_ASIDE.value, *which)
        .order_by(m.id)
        .limit(limit)
    )
    rows = conn.execute(query).all()
    places = _places(conn, [row.id for row in rows])
    return [
        AsideMail(
            row.id,
            row.account,
            row.folder,
            row.arrived_at,
            row.size,
            row.reason,
            # Of a mail kept in parts every byte is here.
            row.whole is not False and row.head is not None,
            places.get(row.id, ()),
            _head(conn, row),
        )
        for row in rows
    ]


def _head(conn: Connection, row: t.AnyRow) -> bytes:
    """The mail's first bytes; none where they do not open, which the reason tells."""
    try:
        return opened_head(conn, row, row.head, row.piece)[:HEADER_BYTES] if row.head else b""
    except DamagedError:
        return b""


def _places(conn: Connection, mail_ids: Collection[int]) -> dict[int, tuple[Place, ...]]:
    a = t.arrival.c
    query = select(a.mail_id, a.account, a.folder, a.uidvalidity, a.uid).where(a.mail_id.in_(mail_ids)).order_by(a.id)
    found: dict[int, list[Place]] = defaultdict(list)
    for row in conn.execute(query):
        found[row.mail_id].append(Place(row.account, row.folder, row.uidvalidity, row.uid))
    return {mail_id: tuple(each) for mail_id, each in found.items()}
