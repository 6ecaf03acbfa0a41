"""Parts of a mail by FETCH: its header alone, and a mail too large to hold in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from processor.world.failures import Transient
from processor.world.imap import Session

CHUNK_BYTES = 1_000_000
OVERLAP = 64
HEADER_BYTES = 256_000


def header_alone(session: Session, uid: int) -> bytes:
    """The first 256 kB of the header, or nothing."""
    replies = session.fetch([uid], [f"BODY.PEEK[HEADER]<0.{HEADER_BYTES}>"]).get(uid, {})
    return next((value for value in replies.values() if isinstance(value, bytes)), b"")[:HEADER_BYTES]


def stream(session: Session, uid: int) -> Iterator[bytes]:
    """The mail in pieces of at most 1 MB; raises Transient when it vanishes on the way.

    Each piece is asked for with the end of the one before, since Dovecot 2.4.1 (Debian 13) miscounts
    the line ends of some mails and gives parts that do not fit.  Then the rest is taken from the
    whole mail, which it gives rightly, at the price of holding it once.
    """
    offset, tail = 0, b""
    while True:
        piece = part(session, uid, f"BODY.PEEK[]<{offset - len(tail)}.{CHUNK_BYTES}>", offset - len(tail))
        if not piece.startswith(tail):
            mail = part(session, uid, "BODY.PEEK[]", 0)
            yield from (mail[at : at + CHUNK_BYTES] for at in range(offset, len(mail), CHUNK_BYTES))
            return
        new = piece[len(tail) :]
        if not new:
            return
        yield new
        offset, tail = offset + len(new), (tail + new)[-OVERLAP:]


def part(session: Session, uid: int, item: str, offset: int) -> bytes:
    body = body_of(session.fetch([uid], [item]).get(uid, {}), offset)
    if body is None:
        raise Transient(f"mail {uid} ended before its last piece came")
    return body


def body_of(items: Mapping[bytes, Any], offset: int) -> bytes | None:
    for key in (b"BODY[]<%d>" % offset, b"BODY[]"):
        value = items.get(key)
        if isinstance(value, bytes):
            return value
    return None
