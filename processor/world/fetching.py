"""New mail out of an open folder: which UIDs, in what portions, and what came instead.

Peeking alone (RFC 9051 6.4.5): a mail's \\Seen belongs to the people who read it.  A FETCH asks for
sizes and times first and for bodies by portions of bounded size; what comes is matched with what was
asked, since a server may tell of other mails, or say nothing of one that is gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

from processor.world.failures import Refusal, Transient
from processor.world.imap import Session
from processor.world.selected import Selected
from processor.world.streaming import body_of, header_alone, stream
from processor.world.suspects import BREAKS, runs, suspecting

# imaplib gives up on a reply line of 1,000,000 bytes, and a UID takes up to 11.
WINDOW = 50_000
PORTION_BYTES = 8_000_000

# As IMAP writes them, whatever the language of this machine.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FACTS = ("RFC822.SIZE", "INTERNALDATE")
Facts = Mapping[int, Mapping[bytes, Any]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """One mail as the server gave it.

    ``internaldate`` is aware UTC, or None when the server's cannot be read.  ``size`` is the number
    of bytes that came, or RFC822.SIZE for a mail above the limit: its ``raw`` is None and ``chunks``
    streams it from the server, to be used before the next batch is asked for.  A mail given up has
    neither, a ``size`` of 0 and an empty ``header`` where the server did not give them.
    """

    uid: int
    uidvalidity: int
    internaldate: datetime | None
    size: int
    raw: bytes | None = field(repr=False)
    header: bytes = field(repr=False)
    chunks: Callable[[], Iterator[bytes]] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """A portion in the order of UIDs.

    ``gone`` were removed before we could fetch them; ``pending`` are there but their bytes did not
    come, even at a second try: ask again later (RFC 2683 3.4.4).  ``refused`` is the server's NO where none
    came: it may be about these mails or about the server, so the portions behind it are worth asking for.
    ``left`` is how many more are known to stand behind this portion.
    """

    uidvalidity: int
    mails: tuple[Fetched, ...]
    gone: tuple[int, ...] = ()
    pending: tuple[int, ...] = ()
    refused: Refusal | None = None
    left: int = 0


def uids_after(session: Session, exists: int, last: int, window: int = WINDOW, only: str = "") -> Iterator[list[int]]:
    """Lists of the UIDs above ``last``, ascending, each short enough for one reply line.

    ``only`` is a criterion more for SEARCH.  A folder of many mails is cut at the UIDs of every so many-th
    mail.  Mails that vanish meanwhile only make a window smaller, and new ones come after the last cut.
    """
    low = last + 1
    cuts = session.uids_at(range(window, exists, window)) if exists > window else []
    for high in [*(cut for cut in cuts if cut > last), "*"]:
        # "n:*" always names the last mail, even one below n (RFC 9051 6.4.9).
        found = [uid for uid in session.search(f"UID {low}:{high} {only}".rstrip()) if uid >= low]
        if found:
            yield found
            low = found[-1] + 1


def first_since(session: Session, exists: int, day: date) -> int | None:
    """The lowest UID of a mail that arrived on that day or later, by INTERNALDATE in the server's own zone.

    RFC 9051 section 6.4.4.  None when there is none.
    """
    since = f"SINCE {day.day}-{MONTHS[day.month - 1]}-{day.year}"
    return next((found[0] for found in uids_after(session, exists, 0, only=since)), None)


def batches(
    session: Session,
    selected: Selected,
    uids: Sequence[int],
    count: int,
    max_bytes: int,
    breaks: Mapping[int, int] = MappingProxyType({}),
) -> Iterator[Batch]:
    """The mails of these UIDs by portions of at most ``count`` mails and about 8 MB.

    ``breaks`` counts how often the line broke at a UID; after BREAKS times it is pending without being asked for.

    Raises Transient when the folder's UIDVALIDITY changes on the way: the UIDs mean nothing then.
    """
    for asked in runs(uids, count, breaks):
        if breaks.get(asked[0], 0) >= BREAKS:
            yield Batch(selected.uidvalidity, (), pending=tuple(asked))
            continue
        with suspecting(selected.uidvalidity, asked):
            facts = facts_of(session, asked)
        for portion in portions(asked, facts, max_bytes):
            with suspecting(selected.uidvalidity, portion):
                batch = one_batch(session, selected.uidvalidity, portion, facts, max_bytes)
            if session.uidvalidity != selected.uidvalidity:
                raise Transient(f"UIDVALIDITY of {selected.folder} changed while we were reading it")
            yield batch


def facts_of(session: Session, uids: Sequence[int]) -> Facts:
    """Sizes and times; none where the server says NO, which ``one_batch`` hears once more."""
    try:
        return session.fetch(uids, FACTS)
    except Refusal:
        return {}


def portions(asked: Sequence[int], facts: Facts, max_bytes: int) -> Iterator[list[int]]:
    """Runs of UIDs whose sizes add up to at most 8 MB; a mail above the limit counts for nothing."""
    portion: list[int] = []
    total = 0
    for uid in asked:
        size = claimed_size(facts.get(uid, {}))
        size = 0 if size > max_bytes else size
        if portion and total + size > PORTION_BYTES:
            yield portion
            portion, total = [], 0
        portion.append(uid)
        total += size
    if portion:
        yield portion


def one_batch(session: Session, uidvalidity: int, asked: Sequence[int], facts: Facts, max_bytes: int) -> Batch:
    came: dict[int, Fetched] = {}
    refused: Refusal | None = None
    try:
        came = take(session, uidvalidity, asked, facts, max_bytes)
    except Refusal as refusal:
        refused = refusal
    missing = [uid for uid in asked if uid not in came]
    there = second_look(session, missing)
    if there and not refused:
        try:
            came.update(take(session, uidvalidity, there, session.fetch(there, FACTS), max_bytes))
        except Refusal as refusal:
            refused = refusal
    return Batch(
        uidvalidity,
        mails=tuple(came[uid] for uid in asked if uid in came),
        gone=tuple(uid for uid in missing if uid not in there),
        pending=tuple(uid for uid in there if uid not in came),
        # Where others came, the refusal is about these mails and not about the server.
        refused=None if came else refused,
    )


def take(session: Session, uidvalidity: int, uids: Sequence[int], facts: Facts, max_bytes: int) -> dict[int, Fetched]:
    """What comes of these mails; one without facts is not asked for, one too big not held."""
    known = [uid for uid in uids if uid in facts]
    big = [uid for uid in known if claimed_size(facts[uid]) > max_bytes]
    bodies = fetch_bodies(session, [uid for uid in known if uid not in big], max_bytes)
    big += [uid for uid, body in bodies.items() if len(body) > max_bytes]
    small = {uid: body for uid, body in bodies.items() if len(body) <= max_bytes}
    return {
        **{uid: whole(uid, uidvalidity, facts[uid], body) for uid, body in small.items()},
        **{uid: streamed(session, uid, uidvalidity, facts[uid]) for uid in big},
    }


def fetch_bodies(session: Session, uids: Sequence[int], max_bytes: int) -> dict[int, bytes]:
    """The bytes that came, of each mail one more than the limit at most: RFC822.SIZE may lie."""
    if not uids:
        return {}
    item = f"BODY.PEEK[]<0.{max_bytes + 1}>"
    try:
        replies = session.fetch(uids, [item])
    except Refusal:
        replies = one_by_one(session, uids, item)
    return {uid: body for uid in uids if (body := body_of(replies.get(uid, {}), 0)) is not None and body}


def one_by_one(session: Session, uids: Sequence[int], item: str) -> Facts:
    """What comes of each mail alone, since a NO does not say which it is about; raises it if nothing comes."""
    replies: dict[int, Mapping[bytes, Any]] = {}
    refused: Refusal | None = None
    for uid in uids:
        try:
            replies.update(session.fetch([uid], [item]))
        except Refusal as refusal:
            refused = refusal
    if refused and not replies:
        raise refused
    return replies


def second_look(session: Session, missing: Sequence[int]) -> list[int]:
    """Which of the UIDs are still in the folder."""
    if not missing:
        return []
    session.noop()
    still = set(session.search(f"UID {','.join(map(str, missing))}"))
    return [uid for uid in missing if uid in still]


def whole(uid: int, uidvalidity: int, fact: Mapping[bytes, Any], body: bytes) -> Fetched:
    return Fetched(uid, uidvalidity, time_of(fact), len(body), body, header_of(body))


def streamed(session: Session, uid: int, uidvalidity: int, fact: Mapping[bytes, Any]) -> Fetched:
    size = claimed_size(fact)
    return Fetched(
        uid, uidvalidity, time_of(fact), size, None, header_alone(session, uid), lambda: stream(session, uid)
    )


def by_header(session: Session, uid: int, uidvalidity: int) -> Fetched:
    """A mail whose bytes do not come: its time, size and header, each only where the server gives it."""
    fact: Mapping[bytes, Any] = {}
    header = b""
    with contextlib.suppress(Refusal):
        fact = session.fetch([uid], FACTS).get(uid, {})
    with contextlib.suppress(Refusal):
        header = header_alone(session, uid)
    return Fetched(uid, uidvalidity, time_of(fact), claimed_size(fact), None, header)


def claimed_size(fact: Mapping[bytes, Any]) -> int:
    size = fact.get(b"RFC822.SIZE")
    return size if isinstance(size, int) else 0


def time_of(fact: Mapping[bytes, Any]) -> datetime | None:
    told = fact.get(b"INTERNALDATE")
    if not isinstance(told, datetime) or told.tzinfo is None:
        return None
    try:
        return told.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def header_of(body: bytes) -> bytes:
    end = body.find(b"\r\n\r\n")
    # The other mark counts only before it, and need not be sought in the text.
    bare = body.find(b"\n\n", 0, end) if end >= 0 else body.find(b"\n\n")
    return body[: bare if bare >= 0 else end] if max(bare, end) >= 0 else body
