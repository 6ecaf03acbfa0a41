"""The first commit: a mail's bytes are durable here before anything else happens to it.

A mail is known by where it arrived (account, folder, UIDVALIDITY, UID) and by the keyed digest of its
bytes.  The same place and bytes again are nothing new; the same bytes elsewhere are another arrival of
the same mail; the same place with other bytes is a UID that the server used again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, select

from processor.store import tables as t
from processor.store.arrivals import (
    Arrival,
    Kept,
    Known,
    digest_of,
    insert_arrivals,
    kept_event,
    known_places,
    mail_row,
    proof_of,
    same_mail,
    uid_reused,
)
from processor.store.engine import store_key
from processor.store.events import Happening, write_events
from processor.store.fair import sender_key
from processor.store.inserting import insert_for_ids
from processor.store.keep_stream import keep_stream
from processor.store.prepared import Query
from processor.store.sealed import Raw, insert_raws, raw_of
from processor.store.transaction import commit
from processor.store.watermarks import (
    Unfinished,
    Watermark,
    advance,
    first_start,
    known_uids,
    mark_arrivals_done,
    unfinished,
    watermark,
)
from processor.ticket import MailState

__all__ = [
    "Arrival",
    "Kept",
    "Unfinished",
    "Watermark",
    "advance",
    "first_start",
    "keep",
    "keep_stream",
    "known_uids",
    "mark_arrivals_done",
    "raw_of",
    "unfinished",
    "watermark",
]

NOT_FETCHED = "the bytes could not be fetched; only the header is kept"


def keep(engine: Engine, arrivals: Sequence[Arrival], now: datetime) -> list[Kept]:
    """Keep a batch in one transaction; answers in the order of ``arrivals``.

    Idempotent: a batch kept twice, or in two halves, or by two workers, leaves the same rows.  When
    it returns, the bytes survive a power cut.
    """
    return commit(engine, lambda conn: keep_in(conn, arrivals, now)) if arrivals else []


def keep_in(conn: Connection, arrivals: Sequence[Arrival], now: datetime) -> list[Kept]:
    """``keep`` in the caller's transaction."""
    key = store_key(conn)
    digests = [digest_of(key, arrival) for arrival in arrivals]
    places = known_places(conn, arrivals)
    mail_ids = _known_mails(conn, set(digests))
    fresh: dict[str, Arrival] = {}
    landed: list[tuple[Arrival, str, int]] = []
    reused: list[Happening] = []
    answers: list[tuple[str, bool]] = []
    for arrival, digest in zip(arrivals, digests, strict=True):
        known = places.get(arrival.place)
        if known and same_mail(known, arrival, digest):
            answers.append((known.digest, False))
            continue
        new = digest not in mail_ids and digest not in fresh
        if new:
            fresh[digest] = arrival
        answers.append((digest, new))
        reuse = known.reuse + 1 if known else 0
        landed.append((arrival, digest, reuse))
        places[arrival.place] = Known(digest, arrival.internaldate, arrival.size, reuse)
        if known:
            reused.append(uid_reused(arrival, known, now))
    mail_ids |= _insert_mails(conn, key, fresh, now)
    insert_arrivals(conn, [(arrival, mail_ids[digest], reuse) for arrival, digest, reuse in landed], now)
    write_events(conn, [kept_event(mail_ids[d], d, _proof(key, d, a), a, now) for d, a in fresh.items()] + reused)
    mail_ids |= _known_mails(conn, {digest for digest, _ in answers} - mail_ids.keys())
    return [Kept(mail_ids[digest], new) for digest, new in answers]


def _proof(key: bytes, digest: str, arrival: Arrival) -> str:
    content = arrival.header if arrival.raw is None else arrival.raw
    return proof_of(key, digest, hashlib.sha256(content).hexdigest())


def _known_mails(conn: Connection, digests: set[str]) -> dict[str, int]:
    if not digests:
        return {}
    return {row.digest: row.id for row in _KNOWN.rows(conn, {"digests": sorted(digests)})}


def _insert_mails(conn: Connection, key: bytes, fresh: dict[str, Arrival], now: datetime) -> dict[str, int]:
    if not fresh:
        return {}
    rows = [
        mail_row(arrival, digest, MailState.SET_ASIDE, NOT_FETCHED, now)
        if arrival.raw is None
        else mail_row(arrival, digest, MailState.KEPT, "", now, sender_key(key, arrival.raw))
        for digest, arrival in fresh.items()
    ]
    mail_ids = dict(zip(fresh, insert_for_ids(conn, t.mail, rows), strict=True))
    raws = [
        Raw(mail_ids[digest], digest, arrival.header if arrival.raw is None else arrival.raw, arrival.raw is not None)
        for digest, arrival in fresh.items()
    ]
    insert_raws(conn, raws)
    return mail_ids


_KNOWN = Query(select(t.mail.c.digest, t.mail.c.id).where(t.mail.c.digest.in_(bindparam("digests", expanding=True))))
