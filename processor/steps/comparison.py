"""What a server holds against what we kept of it: pure, portion by portion, so that memory stays small."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from processor.store.reconciliation import Entry
from processor.world.census import OnServer, Portion

EXAMPLES = 20
# A server whose sizes are estimates (Exchange's by default) is judged by times alone: above this share of mails
# whose size is another.
ESTIMATES = 0.1
A_FEW = 3

UNLEDGERED, NEW, VANISHED, HEADER_ONLY, REUSED, DOUBLE, UNSEEN, TAKEN_IN = (
    "unledgered", "new", "vanished", "header_only", "reused", "double", "unseen", "taken_in",
)  # fmt: skip
KINDS = (UNLEDGERED, TAKEN_IN, NEW, VANISHED, HEADER_ONLY, REUSED, DOUBLE, UNSEEN)


class Comparison:
    """One folder's.

    ``last_uid`` is the watermark: what stands above it is only new.  With ``removes`` the server holds no more what we
    were done with.  Above ``seen_below`` a UID that is neither there nor kept was gone before we saw it; None where
    nothing is known of earlier.
    """

    def __init__(self, last_uid: int, removes: bool, seen_below: int | None) -> None:
        self._last, self._removes, self._seen_below = last_uid, removes, seen_below
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[int]] = defaultdict(list)
        self.held = 0
        self.unledgered: list[int] = []
        self.suspects: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        self._compared = 0
        self._mails: set[int] = set()

    def add(self, portion: Portion, known: Mapping[int, Entry]) -> None:
        """Compare a portion; ``known`` is what the ledger has of the same UIDs."""
        self.held += len(portion.mails)
        for uid, mail in portion.mails.items():
            entry = known.get(uid)
            if entry is None:
                self._unknown(uid)
            else:
                self._both(uid, mail, entry)
        for uid in sorted(known.keys() - portion.mails.keys()):
            self._gone(uid, known[uid])
        self._gaps(portion, known)

    def end(self) -> None:
        """All was compared: sizes count where the server's are exact."""
        if len(self._sizes) <= max(A_FEW, ESTIMATES * self._compared):
            self.suspects |= self._sizes

    def count(self, kind: str, uid: int) -> None:
        """One more difference."""
        self.counts[kind] += 1
        if len(self.examples[kind]) < EXAMPLES:
            self.examples[kind].append(uid)

    def _unknown(self, uid: int) -> None:
        if uid > self._last:
            self.count(NEW, uid)
            return
        self.count(UNLEDGERED, uid)
        self.unledgered.append(uid)

    def _both(self, uid: int, mail: OnServer, entry: Entry) -> None:
        if entry.mail_id in self._mails:
            self.count(DOUBLE, uid)
        self._mails.add(entry.mail_id)
        if mail.internaldate and entry.internaldate and mail.internaldate != entry.internaldate:
            self.suspects[uid] = entry.mail_id
        elif mail.size and entry.size and entry.whole:
            self._compared += 1
            if mail.size != entry.size:
                self._sizes[uid] = entry.mail_id

    def _gone(self, uid: int, entry: Entry) -> None:
        if not entry.whole:
            self.count(HEADER_ONLY, uid)
        elif not (entry.done and self._removes):
            self.count(VANISHED, uid)

    def _gaps(self, portion: Portion, known: Mapping[int, Entry]) -> None:
        if self._seen_below is None:
            return
        low = max(portion.low, self._seen_below)
        high = min(portion.high, (portion.next_uid or portion.high + 1) - 1)
        here = {uid for uid in (*portion.mails, *known) if low <= uid <= high}
        missing = high - low + 1 - len(here)
        if missing > 0:
            self.counts[UNSEEN] += missing
            room = EXAMPLES - len(self.examples[UNSEEN])
            self.examples[UNSEEN] += _first(low, high, here, min(room, missing))


def _first(low: int, high: int, here: set[int], most: int) -> list[int]:
    """The first UIDs of a range that are not there; the range may be of millions."""
    found: list[int] = []
    for uid in range(low, high + 1):
        if len(found) == most:
            break
        if uid not in here:
            found.append(uid)
    return found
