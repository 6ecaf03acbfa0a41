"""A mail as a server shows it, and the three ways in which it may be known already."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, bindparam, select, update

from processor.store import tables as t
from processor.store.events import Happening
from processor.store.inserting import insert_rows
from processor.store.prepared import Query
from processor.store.watermarks import IN_FOLDER, chunks, in_folder
from processor.ticket import MailState

Place = tuple[str, str, int, int]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail as a server shows it.  ``raw`` is None when it was too large or could not be fetched."""

    account: str
    folder: str
    uidvalidity: int
    uid: int
    internaldate: datetime | None
    size: int
    raw: bytes | None
    header: bytes = b""
    junk: bool = False
    purpose: str = ""

    @property
    def place(self) -> Place:
        """The arrival key."""
        return (self.account, self.folder, self.uidvalidity, self.uid)


@dataclass(frozen=True, slots=True)
class Kept:
    """Which mail an arrival is, and whether its bytes were new to us."""

    mail_id: int
    new: bool


@dataclass(slots=True)
class Known:
    """The newest arrival at a place."""

    digest: str
    internaldate: datetime | None
    size: int
    reuse: int


def digest_of(key: bytes, arrival: Arrival) -> str:
    """The keyed digest by which a mail's bytes are known; header, size and place stand in for missing bytes."""
    if arrival.raw is not None:
        return hmac.digest(key, arrival.raw, "sha256").hex()
    stand_in = repr((arrival.header, arrival.size, *(() if arrival.header else arrival.place)))
    return hmac.digest(key, b"header only\0" + stand_in.encode("utf-8", "surrogatepass"), "sha256").hex()


def same_mail(known: Known, arrival: Arrival, digest: str) -> bool:
    """Whether the server shows what it showed before at this place; a time or size it did not give fits any."""
    if known.digest == digest:
        return True
    if arrival.raw is not None:
        return False
    dates, sizes = (known.internaldate, arrival.internaldate), (known.size, arrival.size)
    return (0 in sizes or sizes[0] == sizes[1]) and (None in dates or dates[0] == dates[1])


def known_places(conn: Connection, arrivals: Sequence[Arrival]) -> dict[Place, Known]:
    """The newest arrival at each of the places."""
    found: dict[Place, Known] = {}
    places = sorted({arrival.place for arrival in arrivals})
    for (account, folder, uidvalidity), group in groupby(places, key=lambda place: place[:3]):
        here = in_folder(account, folder, uidvalidity)
        for uids in chunks([place[3] for place in group]):
            for row in _KNOWN.rows(conn, {**here, "uids": uids}):
                place = (account, folder, uidvalidity, row.uid)
                found[place] = Known(row.digest, row.internaldate, row.size, row.reuse)
    return found


def insert_arrivals(
    conn: Connection, landed: Sequence[tuple[Arrival, int, int]], now: datetime, *, done: bool = False
) -> None:
    """Write arrivals (with mail id and reuse count); whatever the UID named before needs nothing more.

    ``done``: the server need not be told anything.
    """
    if not landed:
        return
    a = t.arrival.c
    for arrival, _, reuse in landed:
        if reuse:
            here = (a.account == arrival.account, a.folder == arrival.folder, a.uid == arrival.uid)
            old = update(t.arrival).where(*here, a.uidvalidity == arrival.uidvalidity, a.reuse < reuse)
            conn.execute(old.values(done=True, done_at=now))
    rows = [
        {
            "account": arrival.account,
            "folder": arrival.folder,
            "uidvalidity": arrival.uidvalidity,
            "uid": arrival.uid,
            "reuse": reuse,
            "internaldate": arrival.internaldate,
            "size": arrival.size,
            "mail_id": mail_id,
            "seen_at": now,
            "done": done,
            "done_at": now if done else None,
        }
        for arrival, mail_id, reuse in landed
    ]
    insert_rows(conn, t.arrival, rows)


def kept_event(mail_id: int, digest: str, proof: str, arrival: Arrival, now: datetime) -> Happening:
    """The event that proves when the bytes were here; ``proof`` vouches for them to others, see ``proof_of``."""
    data = {
        "digest": digest,
        "proof": proof,
        "size": arrival.size,
        "account": arrival.account,
        "folder": arrival.folder,
        "uidvalidity": arrival.uidvalidity,
        "uid": arrival.uid,
        "internaldate": arrival.internaldate,
    }
    return Happening("mail.kept", "keep", now, mail_id=mail_id, data=data)


def proof_of(key: bytes, digest: str, sha256: str) -> str:
    """What vouches for a mail's bytes to whoever is given them and the salt, and tells nothing to anybody else.

    The SHA-256 (hex) of the salt and the SHA-256 of the bytes, both in hex.  The keyed digest cannot be checked
    without the store's key, which must not be given away.
    """
    return hashlib.sha256((proof_salt(key, digest) + sha256).encode()).hexdigest()


def proof_salt(key: bytes, digest: str) -> str:
    """The salt of one mail's proof."""
    return hmac.digest(key, b"proof\0" + digest.encode(), "sha256").hex()


def uid_reused(arrival: Arrival, known: Known, now: datetime) -> Happening:
    """The event that says that a server broke its promise about UIDs (RFC 9051 section 2.3.1.1)."""
    data = {
        "account": arrival.account,
        "folder": arrival.folder,
        "uidvalidity": arrival.uidvalidity,
        "uid": arrival.uid,
        "size": [known.size, arrival.size],
        "internaldate": [known.internaldate, arrival.internaldate],
    }
    return Happening("uid.reused", "keep", now, data=data)


def mail_row(
    arrival: Arrival, digest: str, state: MailState, reason: str, now: datetime, sender: int = 0
) -> dict[str, object]:
    """A new row of the mail table; ``sender`` is its ``sender_key``, which only what waits needs."""
    return {
        "digest": digest,
        "sender_key": sender,
        "size": arrival.size,
        "state": state.value,
        "reason": reason,
        "account": arrival.account,
        "folder": arrival.folder,
        "purpose": arrival.purpose,
        "junk": arrival.junk,
        "arrived_at": arrival.internaldate or now,
        "kept_at": now,
    }


# Built once: every batch asks.
_A = t.arrival.c
_KNOWN = Query(
    select(_A.uid, _A.internaldate, _A.size, _A.reuse, t.mail.c.digest)
    .join_from(t.arrival, t.mail)
    .where(IN_FOLDER, _A.uid.in_(bindparam("uids", expanding=True)))
    .order_by(_A.reuse)
)
