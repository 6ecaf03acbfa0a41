"""The customer's company as written, and in whose name the writer speaks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from processor.findings import Evidence, Role
from processor.rulebook import Vocabulary
from processor.understanding.firms import Sender, Sought, is_company, is_foreign, is_own, is_taker, without_leaders
from processor.understanding.names import SOURCES, Source, spelled, unwrapped
from processor.understanding.numbers import Number
from processor.understanding.passages import Passage


def role_of(passages: Iterable[Passage], vocabulary: Vocabulary, sender: str) -> Role:
    """Whether the writer is an estate's administrator, or an accountant who writes for a client."""
    text = "\n".join([p.folded for p in passages if p.kind in ("subject", "thread", "new", "signature")])
    if vocabulary.says("names.estate", text):
        return "estate"
    if not vocabulary.says("names.accountant", text) or vocabulary.says("names.own_account", text):
        return "customer"
    firm = "names.accountant_firm"
    return "accountant" if vocabulary.says(firm, text) or vocabulary.says(firm, sender.lower()) else "customer"


@dataclass(frozen=True, slots=True)
class Named:
    """A company's name and where it stands."""

    name: str
    evidence: Evidence


def company_in(
    passages: Iterable[Passage],
    numbers: Iterable[Number],
    vocabulary: Vocabulary,
    role: Role,
    sender: Sender,
    *,
    own: bool,
) -> Named | None:
    """The first company that the request is about, or None when only a mail address hints at one.

    ``own``: of several parties the sender's own firm comes first, and one that takes over from another comes last.
    """
    sought = Sought(tuple(numbers), vocabulary, sender)
    read = [
        (order * _FURTHER, passage, unwrapped(passage.text), _IN_SUBJECT if passage.where == "subject" else _ANYWHERE)
        for order, passage in enumerate(passages)
    ]
    firm = vocabulary.phrases["names.accountant_firm"] if role == "accountant" else None
    return _best(SOURCES, read, sought, firm, own=own) or _best(((0, spelled),), read, sought, firm, own=own)


_FURTHER = 100_000
"""So much further on than the passage before it is a passage; none is as long."""
_IN_SUBJECT, _ANYWHERE = 2, 9
"""What a name in the subject is worth at most, and elsewhere."""


def _best(
    sources: Iterable[tuple[int, Source]],
    read: list[tuple[int, Passage, str, int]],
    sought: Sought,
    firm: re.Pattern[str] | None,
    *,
    own: bool,
) -> Named | None:
    """The company that comes first: a client before an accountant's ``firm``, then by worth, then by place.

    A source is asked, and a name looked at, only where what it gives at best would still come before what was found.
    """
    best: tuple[bool, int, int] = (True, 9, 0)
    found = None
    for most, source in sources:
        if best[:2] < (False, -most - own):
            continue
        for place, passage, text, limit in read:
            limit = min(most, limit)
            if best <= (False, -limit - own, place):
                continue
            for name, start, worth in source(text, passage, sought):
                worth = min(worth, limit)
                if best <= (False, -worth - own, place + start):
                    continue
                bare = without_leaders(name, sought)
                if not is_company(bare, sought):
                    continue
                at = start + max(0, name.rfind(bare))
                rank = -worth + (passage.where != "subject" and is_foreign(bare))
                if own:
                    rank += 2 * is_taker(passage.folded, at) - is_own(bare, sought.sender)
                this = (firm is not None and firm.search(bare.lower()) is not None, rank, place + at)
                if this < best:
                    best, found = this, Named(bare, passage.evidence(at, at + len(bare), "company"))
    return found
