"""One step of the first commit: what a folder shows us is kept, batch by batch, before anything else.

The watermark moves only over mails that are kept, and never past one whose bytes did not come; that one
is asked for again, and after some tries recorded by its header, or by its place alone, for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.engine import Engine

from processor import journal
from processor.store.arrivals import Arrival, Kept
from processor.store.keep import keep
from processor.store.keep_stream import keep_stream
from processor.store.watermarks import advance, mark_arrivals_done, unfinished, watermark
from processor.world.failures import Disconnected, Refusal
from processor.world.fetching import Batch, Fetched
from processor.world.mailbox import Mailbox
from processor.world.suspects import BREAKS

FETCH_TRIES = 3
# How far a long taking in has come is told this often.
TELL_EACH = timedelta(seconds=5)


@dataclass
class Folder:
    """A watched folder, how often each mail's bytes failed to come, and of which the header was asked for.

    ``broke`` counts, by UIDVALIDITY and UID, how often the line broke while a mail was fetched.

    ``left`` is how many mails were known to stand behind the portion that was kept last.
    """

    name: str
    junk: bool = False
    uidvalidity: int | None = None
    missed: Counter[int] = field(default_factory=Counter)
    asked: set[int] = field(default_factory=set)
    broke: Counter[tuple[int, int]] = field(default_factory=Counter)
    left: int = 0


class Progress:
    """How far a long taking in is: told each few seconds while more than a portion is to come, and once when it is over.

    ``note`` writes down how many are left, and the time.
    """

    def __init__(self, mailbox: str, clock: Callable[[], datetime], note: Callable[[int, datetime], None]) -> None:
        self.mailbox, self.clock, self.note = mailbox, clock, note
        self.taken = 0
        self.told: datetime | None = None

    def tell(self, folder: Folder, arrivals: int) -> None:
        """So many more were kept of the folder."""
        self.taken += arrivals
        now = self.clock()
        if folder.left and (self.told is None or now - self.told >= TELL_EACH):
            self.told = now
        elif folder.left:
            return
        elif self.told is None:
            self.taken = 0
            return
        journal.taking_in(self.mailbox, folder.name, self.taken, folder.left)
        self.note(folder.left, now)
        if not folder.left:
            self.taken, self.told = 0, None


def take_in(
    mailbox: Mailbox, folder: Folder, engine: Engine, clock: Callable[[], datetime]
) -> Iterator[tuple[int, int]]:
    """Keep what is new in the folder; yields (arrivals, new mails) after each commit.

    Raises what the mailbox raises; what was kept by then stays kept.  A portion of which the server refuses all
    holds up none behind it: the refusal is raised in the end, and is held against these mails only if others came.
    A mail at which the line breaks each time is given up too, lest the mailbox stand still at it for ever.
    """
    try:
        yield from _take_in(mailbox, folder, engine, clock)
    except Disconnected as lost:
        folder.broke.update(lost.mails)
        raise


def _take_in(
    mailbox: Mailbox, folder: Folder, engine: Engine, clock: Callable[[], datetime]
) -> Iterator[tuple[int, int]]:
    known = watermark(engine, mailbox.settings.name, folder.name)
    last, validity = (known.last_uid, known.uidvalidity) if known else (0, None)
    reached = last
    blocked = False
    refused: Refusal | None = None
    doubtful: list[int] = []
    some_came = False
    for batch in mailbox.fetch_new(folder.name, last, validity, broke=folder.broke):
        if batch.uidvalidity != folder.uidvalidity:
            folder.uidvalidity = batch.uidvalidity
            folder.missed.clear()
            folder.asked.clear()
        if batch.uidvalidity != validity:
            validity, reached = batch.uidvalidity, 0
        some_came = some_came or bool(batch.mails)
        missed = folder.missed.__getitem__ if batch.refused else partial(_missed, folder)
        given_up = [uid for uid in batch.pending if missed(uid) >= FETCH_TRIES or _breaks(folder, batch, uid)]
        for mail in batch.mails:
            folder.broke.pop((batch.uidvalidity, mail.uid), None)
        mails = [*batch.mails, *(_by_header(mailbox, folder, batch.uidvalidity, uid) for uid in given_up)]
        kept = keep_mails(mailbox, folder, mails, engine, clock)
        if set(batch.pending) - set(given_up):
            blocked = True
        if batch.refused and set(batch.pending) - set(given_up):
            refused, doubtful = batch.refused, [*doubtful, *batch.pending]
        if not blocked:
            reached = max(reached, *_uids(batch), 0)
            advance(engine, mailbox.settings.name, folder.name, batch.uidvalidity, reached)
        folder.left = batch.left
        yield len(kept), sum(each.new for each in kept)
    if refused:
        folder.missed.update(doubtful if some_came else ())
        raise refused


def settle(mailbox: Mailbox, folder: Folder, engine: Engine, clock: Callable[[], datetime]) -> int:
    """Tell the server of mails whose outcome is committed here; returns how many were told.

    A mail of which we hold no bytes is left as it is: it is nobody's but the server's.
    """
    account = mailbox.settings.name
    known = watermark(engine, account, folder.name)
    if known is None or folder.junk:
        return 0
    owed = unfinished(engine, account, folder.name, known.uidvalidity)
    if not owed:
        return 0
    handled = [each.uid for each in owed if each.handled]
    review = [each.uid for each in owed if not each.handled]
    settled = mailbox.settle(folder.name, known.uidvalidity, handled, review)
    told = settled.done | settled.hopeless
    mark_arrivals_done(engine, account, folder.name, known.uidvalidity, told, clock())
    return len(told)


def _by_header(mailbox: Mailbox, folder: Folder, uidvalidity: int, uid: int) -> Fetched:
    """A mail given up, by its header; by its place alone where asking for the header broke the line before."""
    if uid in folder.asked:
        return Fetched(uid, uidvalidity, None, 0, None, b"")
    folder.asked.add(uid)
    found = mailbox.fetch_header(folder.name, uidvalidity, uid)
    folder.asked.discard(uid)
    return found


def keep_mails(
    mailbox: Mailbox, folder: Folder, mails: Sequence[Fetched], engine: Engine, clock: Callable[[], datetime]
) -> list[Kept]:
    """Keep what came of a folder, in the order of ``mails``; large ones are streamed from the server."""
    now = clock()
    kept = iter(keep(engine, [_arrival(mailbox, folder, each) for each in mails if each.chunks is None], now))
    return [
        next(kept)
        if each.chunks is None
        else _stream(engine, _arrival(mailbox, folder, each), each.chunks, folder, now)
        for each in mails
    ]


def _stream(
    engine: Engine, arrival: Arrival, chunks: Callable[[], Iterator[bytes]], folder: Folder, now: datetime
) -> Kept:
    """Keep a large mail; one whose stream broke too often is recorded by its header, so that it blocks nobody."""
    if folder.missed[arrival.uid] >= FETCH_TRIES:
        return keep(engine, [arrival], now)[0]
    folder.missed[arrival.uid] += 1
    kept = keep_stream(engine, arrival, chunks(), now)
    del folder.missed[arrival.uid]
    return kept


def _arrival(mailbox: Mailbox, folder: Folder, mail: Fetched) -> Arrival:
    return Arrival(
        account=mailbox.settings.name,
        folder=folder.name,
        uidvalidity=mail.uidvalidity,
        uid=mail.uid,
        internaldate=mail.internaldate,
        size=mail.size,
        raw=mail.raw,
        header=mail.header,
        junk=folder.junk,
        purpose=mailbox.settings.purpose,
    )


def _missed(folder: Folder, uid: int) -> int:
    folder.missed[uid] += 1
    return folder.missed[uid]


def _breaks(folder: Folder, batch: Batch, uid: int) -> bool:
    return folder.broke[batch.uidvalidity, uid] >= BREAKS


def _uids(batch: Batch) -> list[int]:
    return [*(each.uid for each in batch.mails), *batch.gone, *batch.pending]
