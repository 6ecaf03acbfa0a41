"""The audit chain: committed events are sealed a moment later, in the order of their ids.

Whoever records never waits for the chain.  A sealer reads what was committed since the last seal and chains it: a
seal's ``listed`` names each event with the digest of its canonical bytes, its ``head`` is one line with the digests
of that list, of the head before, and of one further back: so the way from any seal to any older one is short
even after years: a few hundred for ten million seals.  All can be checked with sha256sum alone.

A number that a transaction has taken and not yet committed must not be sealed over.  SQLite has one writer, so what
can be seen has no such gaps.  On PostgreSQL whoever will commit a smaller number than the newest that we see holds
its lock on the table already; when each of those transactions has ended, everything up to that number is there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Integer, bindparam, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from processor.store import tables as t
from processor.store.columns import canonical
from processor.store.prepared import Query
from processor.store.transaction import reading, writing

FIRST = "0" * 64
"""Stands for the seal before the first."""
EVENTS_A_SEAL = 1000
EVENTS_A_COMMIT = 10_000
PATIENCE_SECONDS = 0.5
LOOK_AGAIN_SECONDS = 0.02

_E = t.event.c
_UNSEALED = Query(
    select(t.event)
    .where(_E.id > bindparam("after"), _E.id <= bindparam("horizon"))
    .order_by(_E.id)
    .limit(bindparam("most", type_=Integer))
)
_WRITERS = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted"
    " AND relation = CAST('event' AS regclass) AND pid <> pg_backend_pid()"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@dataclass(frozen=True, slots=True)
class Seal:
    """A link of the chain: its number, the newest event that it vouches for, its line and the line's digest."""

    id: int
    last_event: int
    head: str
    digest: str


def seal_events(engine: Engine, now: datetime) -> int:
    """Seal what was committed since the last seal, at most EVENTS_A_COMMIT events; how many were.

    0 also where another sealer was first, or a transaction that may commit an earlier event goes on for too long:
    the next call sees to it.
    """
    horizon = _settled(engine)
    if not horizon:
        return 0
    with reading(engine) as conn:
        before = last_seal(conn)
        rows = _UNSEALED.rows(conn, {"after": before.last_event, "horizon": horizon, "most": EVENTS_A_COMMIT})
        digests = _backs(conn, before, 1 + len(rows) // EVENTS_A_SEAL)
    seals = []
    for start in range(0, len(rows), EVENTS_A_SEAL):
        back = digests[back_of(before.id + 1)]
        before, listed = link(before, back, rows[start : start + EVENTS_A_SEAL], now)
        digests[before.id] = before.digest
        seals.append({**asdict(before), "listed": listed})
    if not seals:
        return 0
    try:
        with writing(engine) as conn:
            conn.execute(insert(t.seal), seals)
    except IntegrityError:
        # The number of a seal is a key: another sealer was first, with the same events.
        return 0
    return len(rows)


def seal_all(engine: Engine, now: datetime) -> int:
    """Seal all that can be sealed now; how many events were."""
    total = 0
    while made := seal_events(engine, now):
        total += made
    return total


def last_seal(source: Engine | Connection) -> Seal:
    """The newest seal, number 0 where there is none."""
    s = t.seal.c
    with reading(source) as conn:
        row = conn.execute(select(s.id, s.last_event, s.head, s.digest).order_by(s.id.desc()).limit(1)).first()
    return Seal(*row) if row else Seal(0, 0, "", FIRST)


def leaf(row: t.AnyRow) -> bytes:
    """The canonical bytes of an event, whose columns stand first in the row, in their table's order.

    JSON with sorted keys, its time in UTC; of its personal text it holds the digest only.
    """
    number, at, kind, actor, mail, ticket, action, outbox, data, words = row[:10]
    return canonical(
        {
            "id": number,
            "at": at.isoformat(),
            "kind": kind,
            "actor": actor,
            "mail": mail,
            "ticket": ticket,
            "action": action,
            "outbox": outbox,
            "data": data,
            "text": words,
        }
    ).encode()


def sha256(content: bytes) -> str:
    """A digest in hex, as sha256sum prints it."""
    return hashlib.sha256(content).hexdigest()


def back_of(number: int) -> int:
    """The older seal whose digest a seal holds besides the one before: as far back as the largest power of two in it."""
    return number - (number & -number)


def way(newest: int, oldest: int) -> list[int]:
    """The seals that link one seal with an older one, newest first, both among them."""
    found = [newest]
    while newest > oldest:
        newest = back if (back := back_of(newest)) >= oldest else newest - 1
        found.append(newest)
    return found


def link(before: Seal, back: str, rows: Sequence[t.AnyRow], now: datetime) -> tuple[Seal, str]:
    """The seal over these events, which are not empty and in order, and its list of them; ``back`` as ``back_of`` says."""
    listed = "".join(f"{row.id} {sha256(leaf(row))}\n" for row in rows)
    number, last = before.id + 1, int(rows[-1].id)
    events = f"events {rows[0].id}-{last} count {len(rows)} list {sha256(listed.encode())}"
    head = f"seal {number} previous {before.digest} back {back} {events} at {now.isoformat()}\n"
    return Seal(number, last, head, sha256(head.encode())), listed


def _backs(conn: Connection, before: Seal, count: int) -> dict[int, str]:
    """The digests to which so many seals after this one may point back."""
    numbers = {back_of(before.id + n) for n in range(1, count + 1)}
    query = select(t.seal.c.id, t.seal.c.digest).where(t.seal.c.id.in_(sorted(numbers)))
    return {0: FIRST, before.id: before.digest, **{row.id: row.digest for row in conn.execute(query)}}


def _settled(engine: Engine) -> int:
    """The newest event before which none can come any more, 0 when there is nothing new to seal or no telling."""
    until = time.monotonic() + PATIENCE_SECONDS
    with reading(engine) as conn:
        newest = conn.execute(select(func.max(t.event.c.id))).scalar() or 0
        if newest <= (conn.execute(select(func.max(t.seal.c.last_event))).scalar() or 0):
            return 0
        if engine.dialect.name != "postgresql":
            return int(newest)
        writers = _writers(conn)
        while writers:
            if time.monotonic() > until:
                return 0
            time.sleep(LOOK_AGAIN_SECONDS)
            writers &= _writers(conn)
    return int(newest)


def _writers(conn: Connection) -> set[str]:
    """The transactions that have written events, or are about to, and have not ended."""
    return set(conn.execute(_WRITERS).scalars())
