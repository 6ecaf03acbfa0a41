"""Keeping a mail too large to hold in memory, piece by piece.

Pieces are committed one at a time: the network may stall for minutes between them, and SQLite has one
write lock.  The mail counts as kept only with the last commit, which writes its arrival; what a crash
leaves before that is thrown away and fetched again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, select, update

from processor.ciphers import DataKey
from processor.store import tables as t
from processor.store.arrivals import (
    Arrival,
    Kept,
    insert_arrivals,
    kept_event,
    known_places,
    mail_row,
    proof_of,
    uid_reused,
)
from processor.store.engine import store_key
from processor.store.events import Happening, write_events
from processor.store.sealed import ARRIVING, bind_key, insert_keys, make_key, shut
from processor.store.transaction import commit, reading, writing
from processor.ticket import MailState

PART = 1_000_000
TOO_LARGE = "too large to parse"
Half = tuple[int, DataKey | None]
"""A mail that is coming, and the key under which its pieces are sealed, if they are."""


def keep_stream(engine: Engine, arrival: Arrival, pieces: Iterable[bytes], now: datetime) -> Kept:
    """Keep a large mail from its bytes in order; it is set aside for a person.

    Idempotent as ``keep`` is, but for the fetching: a mail known at this place with the same
    INTERNALDATE and size is not read again.
    """
    with reading(engine) as conn:
        known = known_places(conn, [arrival]).get(arrival.place)
        if known and (known.internaldate, known.size) == (arrival.internaldate, arrival.size):
            return Kept(_mail_id(conn, known.digest) or 0, False)
        key = store_key(conn)
    half, sealing = _begin(engine, arrival, now)
    digest, plain = hmac.new(key, digestmod="sha256"), hashlib.sha256()
    try:
        for number, part in enumerate(_in_parts(pieces), start=1):
            digest.update(part)
            plain.update(part)
            with writing(engine) as conn:
                kept = {"mail_id": half, "number": number, "content": shut(sealing, part, number)}
                conn.execute(insert(t.raw_part).values(kept))
    except BaseException:
        # The server will be asked again from the start; a half is of no use to anyone.
        with writing(engine) as conn:
            _forget(conn, half)
        raise
    known_by = digest.hexdigest()
    proof = proof_of(key, known_by, plain.hexdigest())
    return commit(engine, lambda conn: _finish(conn, (half, sealing), known_by, proof, arrival, now))


def forget_halves(conn: Connection, account: str = "") -> int:
    """Throw away what interrupted streams left; only while nobody else reads the account, or any.  Says how many."""
    query = select(t.mail.c.id).where(t.mail.c.digest.startswith(ARRIVING))
    halves = conn.execute(query.where(t.mail.c.account == account) if account else query).scalars().all()
    for half in halves:
        _forget(conn, half)
    return len(halves)


def _begin(engine: Engine, arrival: Arrival, now: datetime) -> Half:
    name = ARRIVING + secrets.token_hex(16)
    row = mail_row(arrival, name, MailState.SET_ASIDE, "arriving", now)
    with writing(engine) as conn:
        half = int(conn.execute(insert(t.mail).returning(t.mail.c.id), row).scalar_one())
        sealing = make_key(conn)
        insert_keys(conn, [(half, sealing, name)])
        return half, sealing


def _finish(conn: Connection, begun: Half, digest: str, proof: str, arrival: Arrival, now: datetime) -> Kept:
    half, sealing = begun
    mail_id = _mail_id(conn, digest)
    new = mail_id is None
    if mail_id is None:
        mail_id = half
        conn.execute(update(t.mail).where(t.mail.c.id == half).values(digest=digest, reason=TOO_LARGE))
        # Until now nobody knew of what its bytes are.
        bind_key(conn, half, sealing, digest)
    else:
        _forget(conn, half)
    known = known_places(conn, [arrival]).get(arrival.place)
    happenings: list[Happening] = [kept_event(mail_id, digest, proof, arrival, now)] if new else []
    if known is None or known.digest != digest:
        insert_arrivals(conn, [(arrival, mail_id, known.reuse + 1 if known else 0)], now)
        happenings += [uid_reused(arrival, known, now)] if known else []
    write_events(conn, happenings)
    return Kept(mail_id, new)


def _forget(conn: Connection, half: int) -> None:
    for table in (t.raw_part, t.raw_key):
        conn.execute(delete(table).where(table.c.mail_id == half))
    conn.execute(delete(t.mail).where(t.mail.c.id == half))


def _mail_id(conn: Connection, digest: str) -> int | None:
    return conn.execute(select(t.mail.c.id).where(t.mail.c.digest == digest)).scalar()


def _in_parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= PART:
            yield bytes(waiting[:PART])
            del waiting[:PART]
    if waiting:
        yield bytes(waiting)
