"""Full-text search over mails and what was understood of them, by the database's own index.

Text is cut into words here, so that SQLite (FTS5) and PostgreSQL (tsvector) find the same.  Mails are taken
into the index by whoever searches, in batches, the newest first: recording a mail costs nothing for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Select, exists, func, insert, select, text, update

from processor.ciphers import DamagedError
from processor.store import tables as t
from processor.store.sealed import opened, with_keys
from processor.store.transaction import commit, reading
from processor.store.visible import Scope, within
from processor.ticket import MailState, TicketState

MOST_WORDS = 20_000
MOST_ASKED = 8
WORD = re.compile(r"\w{1,60}")
SPACED_NUMBER = re.compile(r"\d[\d ]{4,16}\d")


@dataclass(frozen=True, slots=True)
class Unindexed:
    """A decided mail that cannot be found yet; ``about`` is what its ticket and items say, ``raw`` its bytes."""

    mail_id: int
    ticket_id: int
    about: tuple[str, ...]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """A ticket that was found, by its newest mail that fits."""

    ticket_no: str
    state: TicketState
    sender: str
    company: str
    subject: str
    type: str
    changed_at: datetime
    mail_id: int


def words_of(texts: Iterable[str]) -> str:
    """The words of some texts in small letters, one space between; numbers written with spaces also as one word."""
    whole = "\n".join(texts)
    joined = [found.replace(" ", "") for found in SPACED_NUMBER.findall(whole)]
    return " ".join([*WORD.findall(whole.casefold())[:MOST_WORDS], *joined[:100]])


def unindexed(engine: Engine, limit: int, arrived: bool = False) -> list[Unindexed]:
    """The newest decided mails that are not in the index and not erased; ``arrived``: only those since the last in it."""
    m, k, s, r, e = t.mail.c, t.ticket.c, t.search_text.c, t.raw_mail.c, t.erasure.c
    newer = [m.id > select(func.coalesce(func.max(s.mail_id), 0)).scalar_subquery()] if arrived else []
    query = with_keys(
        select(m.id, m.ticket_id, k.number, k.sender, k.company, k.subject, r.content)
        .join_from(t.mail, t.ticket, k.id == m.ticket_id)
        .outerjoin(t.raw_mail, (r.mail_id == m.id) & r.whole)
        .where(
            m.state == MailState.DECIDED.value,
            ~exists().where(s.mail_id == m.id),
            ~exists().where(e.mail_id == m.id),
            *newer,
        )
        .order_by(m.id.desc())
        .limit(limit)
    )
    with reading(engine) as conn:
        rows = conn.execute(query).all()
        numbers = _numbers(conn, [row.id for row in rows])
        return [
            Unindexed(
                row.id,
                row.ticket_id,
                (row.number, row.sender, row.company, row.subject, *numbers.get(row.id, ())),
                _opened(conn, row),
            )
            for row in rows
        ]


def _opened(conn: Connection, row: t.AnyRow) -> bytes:
    """A mail's bytes; none of one that does not open, which is found by what its ticket says alone."""
    try:
        return opened(conn, row, row.content) if row.content else b""
    except DamagedError:
        return b""


def add_to_index(engine: Engine, rows: Sequence[tuple[int, int, str]]) -> None:
    """Let mails be found: (mail, ticket, ``words_of``); what another added, or erased meanwhile, is left as it is."""

    def work(conn: Connection) -> None:
        ids = [row[0] for row in rows]
        s, e = t.search_text.c, t.erasure.c
        there = set(conn.execute(select(s.mail_id).where(s.mail_id.in_(ids))).scalars())
        there |= set(conn.execute(select(e.mail_id).where(e.mail_id.in_(ids))).scalars())
        new = [{"mail_id": m, "ticket_id": k, "words": w} for m, k, w in rows if m not in there]
        if new:
            conn.execute(insert(t.search_text), new)

    commit(engine, work)


def find_also(conn: Connection, mail_id: int, words: Iterable[str]) -> None:
    """Let a mail that is in the index be found by these words too; one that is not comes in with them later."""
    s = t.search_text.c
    there = conn.execute(select(s.words).where(s.mail_id == mail_id)).scalar()
    more = words_of([each for each in words if each])
    if there is None or not more:
        return
    conn.execute(update(t.search_text).where(s.mail_id == mail_id).values(words=f"{there} {more}"))


def search(
    engine: Engine, asked: str, before: int | None = None, limit: int = 50, scope: Scope = None
) -> tuple[list[Found], int | None]:
    """Tickets whose mails have all the words, each as it begins, the newest mail first.

    ``before`` is where an earlier answer ended; the second value is where this one does, None at the end.
    ``scope`` is the mailboxes whose tickets are found.
    """
    wanted = WORD.findall(words_of([asked]))[:MOST_ASKED]
    if len(digits := asked.replace(" ", "")) > 5 and digits.isdecimal():
        wanted = [digits]
    if not wanted:
        return [], None
    with reading(engine) as conn:
        rows = conn.execute(_matching(engine.dialect.name, wanted, before, limit * 4, scope)).all()
        newest: dict[int, int] = {}
        for row in rows:
            newest.setdefault(row.ticket_id, row.mail_id)
        shown = dict(list(newest.items())[:limit])
        found = [_found(row, shown) for row in conn.execute(_tickets(list(shown)))]
    found.sort(key=lambda each: each.mail_id, reverse=True)
    more = len(rows) == limit * 4 or len(newest) > limit
    return found, (min(shown.values()) if shown and more else None)


def _matching(
    dialect: str, wanted: list[str], before: int | None, limit: int, scope: Scope
) -> Select[*tuple[object, ...]]:
    s = t.search_text.c
    if dialect == "sqlite":
        match = text("search_text.mail_id IN (SELECT rowid FROM search_index WHERE search_index MATCH :q)")
        match = match.bindparams(q=" ".join(f'"{each}"*' for each in wanted))
    else:
        match = text("to_tsvector('simple', words) @@ to_tsquery('simple', :q)")
        match = match.bindparams(q=" & ".join(f"'{each}':*" for each in wanted))
    query = select(s.mail_id, s.ticket_id).where(match, *within(scope, s.ticket_id))
    if before is not None:
        query = query.where(s.mail_id < before)
    return query.order_by(s.mail_id.desc()).limit(limit)


def _tickets(ids: list[int]) -> Select[*tuple[object, ...]]:
    k, i = t.ticket.c, t.item.c
    first = select(func.min(i.id)).where(i.ticket_id == k.id).correlate(t.ticket).scalar_subquery()
    columns = (k.id, k.number, k.state, k.sender, k.company, k.subject, k.changed_at, i.type)
    return select(*columns).outerjoin_from(t.ticket, t.item, i.id == first).where(k.id.in_(ids))


def _found(row: t.AnyRow, newest: dict[int, int]) -> Found:
    about = (row.number, TicketState(row.state), row.sender, row.company, row.subject, row.type or "")
    return Found(*about, row.changed_at, newest[row.id])


def _numbers(conn: Connection, mail_ids: list[int]) -> dict[int, list[str]]:
    i = t.item.c
    found: dict[int, list[str]] = {}
    for row in conn.execute(select(i.mail_id, i.org_no, i.customer_no).where(i.mail_id.in_(mail_ids))):
        found.setdefault(row.mail_id, []).extend((row.org_no, row.customer_no))
    return found
