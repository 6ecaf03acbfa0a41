"""A share of the work for each mailbox, and for senders by turns: a flood of one starves no other.

Who sent a mail is told from its head alone, before anything reads it, by a keyed number that says nothing to others.
"""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Connection, Integer, and_, bindparam, literal, select, text

from processor.store import tables as t
from processor.store.claims import moments, unclaimed_then
from processor.store.prepared import Query
from processor.ticket import MailState

HEAD, FIELD = 64_000, 2_000
"""So much of a mail is looked at, and of its From field: hostile ones cost no more than others."""
FROM = re.compile(rb"(?:\A|\n)from[ \t]*:((?:.*\r?\n[ \t])*.*)", re.IGNORECASE)
ADDRESS = re.compile(rb"[^\s<>\"(),;:@]{1,64}@[^\s<>\"(),;:@]{1,255}")
KEY_BITS = 62
OF_SENDERS = 4
"""One in so many places of a batch is for senders in turn, once one of them takes more than that."""


def sender_key(key: bytes, raw: bytes) -> int:
    """A number above 0 for whoever a mail says that it is from: the last address of its From field, or all of that."""
    said = _from_field(raw)[:FIELD]
    addresses = ADDRESS.findall(said)
    who = (addresses[-1] if addresses else b" ".join(said.split())).lower()
    return int.from_bytes(hmac.digest(key, b"sender\0" + who, "sha256")[:8], "big") >> (64 - KEY_BITS) | 1


def _from_field(raw: bytes) -> bytes:
    """What the first From field of a mail's head says, as far as the head is looked at; nothing without one."""
    end = raw.find(b"\n\r\n", 0, HEAD)
    bare = raw.find(b"\n\n", 0, HEAD if end < 0 else end + 1)
    head = raw[: bare if bare >= 0 else end if end >= 0 else HEAD]
    # The expression alone would try each letter of the head.
    name = head.lower()
    begin = 0 if name.startswith(b"from") else name.find(b"\nfrom")
    found = FROM.search(head, begin) if begin >= 0 else None
    return found[1] if found else b""


_M = t.mail.c
FREE = and_(_M.state == MailState.KEPT.value, unclaimed_then(_M.claimed_until))
OLDEST = (
    select(_M.id, _M.tries, _M.size, _M.account, _M.sender_key)
    .where(FREE)
    .order_by(_M.arrived_at, _M.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)


def oldest(conn: Connection, now: datetime, most: int) -> list[t.AnyRow]:
    """The oldest mails that wait for anybody, locked for the caller on PostgreSQL."""
    return list(_OLDEST.rows(conn, {**moments(now), "most": most}))


def with_others(conn: Connection, found: list[t.AnyRow], now: datetime) -> list[t.AnyRow]:
    """As many mails as were ``found``, the youngest of them in favour of other mailboxes and other senders."""
    known = {row.id for row in found}
    others: list[t.AnyRow] = []
    share = len(found) // OF_SENDERS
    flooded = max(Counter(row.sender_key for row in found).values(), default=0) > share
    for row in (*_of_mailboxes(conn, found, now), *(_of_senders(conn, share, now) if flooded else ())):
        if row.id not in known:
            known.add(row.id)
            others.append(row)
    return found[: len(found) - len(others)] + others


def _of_mailboxes(conn: Connection, found: Sequence[t.AnyRow], now: datetime) -> list[t.AnyRow]:
    """The oldest mails of each mailbox that has less than its share of half."""
    accounts = [row.account for row in _ACCOUNTS.rows(conn)]
    share = len(found) // (2 * len(accounts)) if len(accounts) > 1 else 0
    held = Counter(row.account for row in found)
    rows: list[t.AnyRow] = []
    for account in accounts:
        if held[account] < share:
            given = {**moments(now), "most": share, "whose": account}
            rows += conn.execute(_OF_MAILBOX, given).all()
    return rows


def _of_senders(conn: Connection, most: int, now: datetime) -> list[t.AnyRow]:
    """The oldest mail of each of the next few senders, who follow one another in a circle.

    The circle is entered where the time tells, at another place each time, so that each sender's turn comes.
    """
    if most < 1:
        return []
    # The low bits of a clock are as good as dice here, and the same time gives the same mails.
    start = int(now.timestamp() * 1_000_000) * 0x9E3779B97F4A7C15 % 2**KEY_BITS
    rows: list[t.AnyRow] = []
    for begin in (start, -1):
        rows += conn.execute(_OF_SENDERS, {**moments(now), "begin": begin, "most": most - len(rows)}).all()
        if len(rows) >= most:
            break
    return rows


_OLDEST = Query(OLDEST)
_ACCOUNTS = Query(select(t.mailbox.c.account).order_by(t.mailbox.c.account))
_OF_MAILBOX = OLDEST.where(_M.account == bindparam("whose"))
# In the words of the index, and without a word of the state, whose index SQLite would take instead.
_WAITS = text("mail.sender_key > 0")
_BY_SENDER = select(_M.sender_key).where(_WAITS).order_by(_M.sender_key).limit(1)
_FIRST = _BY_SENDER.where(_M.sender_key > bindparam("begin", type_=BigInteger))
_SENDERS = select(_FIRST.scalar_subquery().label("sender"), literal(1).label("number")).cte("senders", recursive=True)
_NEXT = _BY_SENDER.where(_M.sender_key > _SENDERS.c.sender).correlate(_SENDERS)
_SENDERS = _SENDERS.union_all(
    select(_NEXT.scalar_subquery(), _SENDERS.c.number + 1).where(
        _SENDERS.c.sender.is_not(None), _SENDERS.c.number < bindparam("most", type_=Integer)
    )
)
_THEIR_OLDEST = (
    select(_M.id)
    .where(_WAITS, _M.sender_key == _SENDERS.c.sender, unclaimed_then(_M.claimed_until))
    .order_by(_M.arrived_at, _M.id)
    .limit(1)
    .correlate(_SENDERS)
    .scalar_subquery()
)
_OF_SENDERS = (
    select(_M.id, _M.tries, _M.size, _M.account, _M.sender_key)
    # With an empty end, or SQLite would look through all that wait instead of these few ids.
    .where(_M.id.in_(select(_THEIR_OLDEST).select_from(_SENDERS)), _M.state + "" == MailState.KEPT.value)
    .where(unclaimed_then(_M.claimed_until))
    .order_by(_M.arrived_at, _M.id)
    .with_for_update(skip_locked=True, of=t.mail)
)
