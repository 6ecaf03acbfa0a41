"""A replay's sums, and its differences put aside until all are known: on disk, so that memory stays flat."""

from __future__ import annotations

import pickle
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from processor.replay.difference import KINDS, Difference, in_words
from processor.replay.judging import STANDS
from processor.replay.play import Overruled, Page

MOST_SHOWN = 25
"""Mails shown of one and the same change; the others are counted."""
TRANSITIONS = ("outcome", "type", "rule")
"""The kinds whose old and new values are counted in pairs."""
Change = tuple[tuple[str, ...], str, str, str, str, str]


@dataclass
class Totals:
    """What was counted: what became of the mails, the kinds of difference, from what to what, and staff's word."""

    counts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    moves: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    stands: Counter[str] = field(default_factory=Counter)
    overruled: list[Overruled] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def add(self, page: Page) -> None:
        """Count a page in."""
        self.counts += page.counts
        self.stands.update(page.stands)
        self.overruled += page.overruled[: max(0, MOST_SHOWN - len(self.overruled))]
        self.faults += page.faults[: max(0, MOST_SHOWN - len(self.faults))]
        for difference in page.differences:
            self.kinds.update(difference.kinds)
            for kind in TRANSITIONS:
                if kind in difference.kinds:
                    self.moves[kind, in_words(kind, difference.old), in_words(kind, difference.new)] += 1

    @property
    def mails(self) -> int:
        return self.counts.total()

    def values(self) -> dict[str, Any]:
        """The sums as JSON has them."""
        return {
            "mails": self.mails,
            **{name: self.counts[name] for name in ("same", "alike", "changed", "no_bytes", "no_record", "failed")},
            "differs": {kind: self.kinds[kind] for kind in KINDS if self.kinds[kind]},
            "moves": [
                {"kind": kind, "old": old, "new": new, "mails": count}
                for (kind, old, new), count in self.moves.most_common()
            ],
            "staff": {stand: self.stands[stand] for stand in STANDS if self.stands[stand]},
            "overruled_again": [
                {"mail": f"m{each.mail_id}", "ticket": each.ticket_no, "decided": each.decided, "said": each.staff.said}
                for each in self.overruled
            ],
            "faults": [{"mail": f"m{mail_id}", "error": error} for mail_id, error in self.faults],
        }


class Aside:
    """Differences in a nameless private file, by the change that they have in common."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        self._places: dict[Change, list[int]] = {}
        self._counts: Counter[Change] = Counter()

    def __enter__(self) -> Aside:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, differences: Iterable[Difference]) -> None:
        """Put differences aside; of one change only so many are kept whole."""
        for each in differences:
            change = _change(each)
            self._counts[change] += 1
            places = self._places.setdefault(change, [])
            if len(places) < MOST_SHOWN:
                places.append(self._file.seek(0, 2))
                pickle.dump(each, self._file)

    def changes(self) -> Iterator[tuple[int, list[Difference]]]:
        """How many mails have each change, the most frequent first, with those that were kept."""
        for change, count in sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0])):
            yield count, [self._taken(place) for place in self._places[change]]

    def _taken(self, place: int) -> Difference:
        self._file.seek(place)
        found: Difference = pickle.load(self._file)  # noqa: S301  # our own words, in a file without a name
        return found


def _change(difference: Difference) -> Change:
    """What a mail's difference has in common with others: the kinds, the rules, the templates, staff's word."""
    old, new = difference.old, difference.new
    return (
        difference.kinds,
        ", ".join((old.outcome, *old.type, *old.rule)),
        ", ".join((new.outcome, *new.type, *new.rule)),
        old.reply[0] if old.reply else old.withheld,
        new.reply[0] if new.reply else new.withheld,
        difference.staff.stand if difference.staff else "",
    )
