"""The decisions of the past: each mail with its bytes and with what was known and decided about it.

Read page by page in the order of the mails, so that a store of any size is gone through in little memory.
Equal letters, which were never decided by themselves, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, select

from processor.ciphers import NotOpenedError
from processor.store import tables as t
from processor.store.history_tables import HISTORY
from processor.store.sealed import opened, with_keys
from processor.store.transaction import reading
from processor.ticket import MailState

DECIDED = "mail.decided"
REDECIDED = "mail.redecided"
"""A person corrected what was understood, and it was decided anew."""


@dataclass(frozen=True, slots=True)
class PastMail:
    """A decided mail.  ``raw`` is None when its bytes are no longer kept, or do not open: then ``fault`` says why.

    ``told`` is the JSON that was stored with the decision (understanding, context, decision), ``""`` when it was erased.
    """

    mail_id: int
    ticket_no: str
    sender: str
    subject: str
    account: str
    purpose: str
    junk: bool
    arrived_at: datetime
    raw: bytes | None
    told: str
    fault: str = ""


def past_pages(engine: Engine, since: datetime | None, size: int) -> Iterator[tuple[int, int]]:
    """The first and the last id of each page of so many mails that arrived since, oldest first."""
    after = 0
    m = t.mail.c
    while True:
        with reading(engine) as conn:
            query = select(m.id).where(m.id > after, _counted(since)).order_by(m.id).limit(size)
            page = list(conn.execute(query).scalars())
        if not page:
            return
        yield page[0], page[-1]
        after = page[-1]


def past_count(engine: Engine, since: datetime | None) -> int:
    """How many mails ``past_pages`` goes through."""
    with reading(engine) as conn:
        return int(conn.execute(select(func.count()).select_from(t.mail).where(_counted(since))).scalar_one())


def past_mails(
    engine: Engine, first: int, last: int, since: datetime | None, *, history: bool = False
) -> list[PastMail]:
    """The mails of one page, with their latest decision; with ``history`` also those of which none was made,
    and with a decision that a person's correction led to."""
    m, e, k, r = t.mail.c, t.event.c, t.ticket.c, t.raw_mail.c
    latest = (
        select(func.max(e.id).label("event_id"), e.mail_id.label("mail_id"))
        .where(e.mail_id.between(first, last), e.kind.in_((DECIDED, REDECIDED) if history else (DECIDED,)))
        .group_by(e.mail_id)
        .subquery()
    )
    query = with_keys(
        select(m.id, k.number, k.sender, k.subject, m.account, m.purpose, m.junk, m.arrived_at)
        .add_columns(r.content, r.whole, t.event_text.c.text)
        .join_from(t.mail, latest, latest.c.mail_id == m.id, isouter=history)
        .join(t.event, e.id == latest.c.event_id, isouter=history)
        .join(t.ticket, k.id == m.ticket_id)
        .outerjoin(t.raw_mail, r.mail_id == m.id)
        .outerjoin(t.event_text, t.event_text.c.event_id == e.id)
        .where(m.id.between(first, last), *(() if history else (_counted(since),)))
        .order_by(m.id)
    )
    with reading(engine) as conn:
        return [_past(conn, row) for row in conn.execute(query)]


def _past(conn: Connection, row: t.AnyRow) -> PastMail:
    raw, fault = None, ""
    if row.content and row.whole:
        try:
            raw = opened(conn, row, row.content) or None
        except NotOpenedError as error:
            fault = str(error)
    return PastMail(
        mail_id=row.id,
        ticket_no=row.number,
        sender=row.sender,
        subject=row.subject,
        account=row.account,
        purpose=row.purpose,
        junk=row.junk,
        arrived_at=row.arrived_at,
        raw=raw,
        told=row.text or "",
        fault=fault,
    )


def _counted(since: datetime | None) -> ColumnElement[bool]:
    m = t.mail.c
    # What we wrote ourselves, and what came before our time, was never decided.
    ours = and_(m.own.is_(False), m.outcome != HISTORY)
    decided = and_(m.state == MailState.DECIDED.value, m.duplicate.is_(False), ours)
    return decided if since is None else and_(decided, m.arrived_at >= since)
