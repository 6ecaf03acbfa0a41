"""Reconciliation: what a folder's server holds is compared with what we kept, and what is safe is put right.

Safe is to take in what we lack; nothing on the server is ever changed by it.  A UID that shows another mail than the
one we kept is fetched again, and the first commit knows which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy.engine import Engine

from processor import journal
from processor.mail_servers import MailboxSettings
from processor.steps.comparison import HEADER_ONLY, KINDS, REUSED, TAKEN_IN, UNLEDGERED, UNSEEN, Comparison
from processor.steps.take_in import Folder, keep_mails
from processor.store.reconciliation import (
    Reconciliation,
    forget_unwatched,
    last_reconciliation,
    ledger,
    note_reconciliation,
    reconciliations,
)
from processor.store.watermarks import watermark
from processor.world.census import LAST_UID
from processor.world.failures import Refusal, Transient
from processor.world.mailbox import Mailbox

EACH = timedelta(hours=1)
# A server that drops its lines each minute would else be compared once in a few hours, and by chance.
AGAIN = timedelta(seconds=5)
# A mail that was gone before we saw it is told of for so long, so many of them at most.
REMEMBERED = timedelta(days=7)
MOST_REMEMBERED = 200
NEVER = datetime.min.replace(tzinfo=UTC)
TELLING = (UNLEDGERED, HEADER_ONLY, REUSED, UNSEEN)


class BrokenOff:
    """Comparisons in a row that broke off: the next one waits for seconds, and twice as long each time, up to an hour."""

    def __init__(self) -> None:
        self._times, self._until = 0, NEVER

    def rests(self, now: datetime) -> bool:
        """Whether it is too early to try again."""
        return now < self._until

    @contextmanager
    def counting(self, clock: Callable[[], datetime]) -> Iterator[None]:
        """A comparison that breaks off by whatever it raises, or comes to its end."""
        try:
            yield
        except Exception:
            self._until = clock() + min(EACH, AGAIN * int(2 ** min(self._times, 16)))
            self._times += 1
            raise
        self._times, self._until = 0, NEVER


def reconcile(
    mailbox: Mailbox,
    folder: Folder,
    engine: Engine,
    clock: Callable[[], datetime],
    beat: Callable[[], None] = lambda: None,
    repair: bool = True,
) -> Reconciliation:
    """Compare a folder with what we kept of it.

    Raises what the mailbox raises, and what ``beat`` raises, which is called at each portion; nothing is noted then.
    """
    account, began = mailbox.settings.name, clock()
    # Before the server is asked, since whatever stands below it by now is in the ledger.
    mark = watermark(engine, account, folder.name)
    before = last_reconciliation(engine, account, folder.name)
    made: Comparison | None = None
    for portion in mailbox.census(folder.name):
        beat()
        validity, next_uid = portion.uidvalidity, portion.next_uid
        if before and (before.uidvalidity, before.next_uid > 0) != (validity, True):
            before = None
        if made is None:
            # Under a new UIDVALIDITY all is new, until the next reading.
            last = mark.last_uid if mark and mark.uidvalidity == validity else 0
            made = Comparison(last, removes(mailbox.settings), before.next_uid if before else None)
        made.add(portion, ledger(engine, account, folder.name, validity, portion.low, portion.high))
    if made is None:
        raise Transient(f"nothing was told of {folder.name}")
    made.end()
    if repair:
        _repair(mailbox, folder, validity, made, engine, clock, beat)
    found = _found(made, (account, folder.name, validity, next_uid), (began, clock()), before)
    note_reconciliation(engine, found, any(made.counts[kind] for kind in TELLING))
    journal.reconciled(account, folder.name, found.held, {kind: n for kind, n in found.counts.items() if n})
    return found


def reconcile_all(
    mailbox: Mailbox,
    folders: Sequence[Folder],
    engine: Engine,
    clock: Callable[[], datetime],
    beat: Callable[[], None] = lambda: None,
) -> bool:
    """Compare an account's folders; false when the server refused, which is told of and holds up nothing else."""
    try:
        for folder in folders:
            reconcile(mailbox, folder, engine, clock, beat)
        forget_unwatched(engine, mailbox.settings.name, [folder.name for folder in folders])
    except Refusal as refusal:
        journal.not_reconciled(mailbox.settings.name, refusal.reason)
        return False
    return True


def is_due(engine: Engine, account: str, now: datetime) -> bool:
    """Whether the account's folders were not compared for an hour."""
    swept = [each.swept_at for each in reconciliations(engine, account)]
    return not swept or now - min(swept) >= EACH


def removes(settings: MailboxSettings) -> bool:
    """Whether mail that we are done with leaves the folder."""
    return bool({settings.handled, settings.review} & {"move", "delete"})


def _repair(
    mailbox: Mailbox,
    folder: Folder,
    uidvalidity: int,
    made: Comparison,
    engine: Engine,
    clock: Callable[[], datetime],
    beat: Callable[[], None],
) -> None:
    """Take in what we lack, and look again at what may be another mail than the one we kept."""
    again = sorted({*made.unledgered, *made.suspects})
    if not again:
        return
    for batch in mailbox.fetch_new(folder.name, LAST_UID - 1, uidvalidity, again):
        beat()
        if batch.uidvalidity != uidvalidity:
            return
        for mail, kept in zip(batch.mails, keep_mails(mailbox, folder, batch.mails, engine, clock), strict=True):
            if mail.uid not in made.suspects:
                made.count(TAKEN_IN, mail.uid)
            elif kept.mail_id != made.suspects[mail.uid]:
                made.count(REUSED, mail.uid)


def _found(
    made: Comparison,
    place: tuple[str, str, int, int],
    times: tuple[datetime, datetime],
    before: Reconciliation | None,
) -> Reconciliation:
    now = times[1]
    remembered = [each for each in (before.unseen if before else ()) if now - each[1] < REMEMBERED]
    unseen = (*((uid, now) for uid in made.examples[UNSEEN]), *remembered)[:MOST_REMEMBERED]
    counts = {kind: made.counts[kind] for kind in KINDS}
    counts[UNSEEN] += len(remembered)
    examples = {kind: tuple(uids) for kind, uids in made.examples.items() if uids}
    if unseen:
        examples[UNSEEN] = tuple(uid for uid, _ in unseen)
    return Reconciliation(*place, *times, made.held, counts, examples, unseen)
