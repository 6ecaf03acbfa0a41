"""Which patterns a text may hold, told by its words: a text is gone through once, however many there are.

``loading`` derives from each pattern what must stand where it is found; searching for the pattern itself, which
is dear, is left for the few texts where all of that stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, Implementation

Alternative = str
"""What must stand where an expression is found: its clauses, a line each and the rarest first, of each of which one
literal stands there (plain text, or a single sign); tabs part them.  Empty when nothing is known of it."""
Wanted = tuple[int, Sequence[Alternative], Sequence[Alternative]]
"""A pattern's number, what stands where its words do, and what where those that must stand besides do."""

Numbered = tuple[tuple[int, ...], ...]
Further = tuple[tuple[int, int, Numbered], ...]
Entry = tuple[int, int, Further]
"""The bits of the patterns that may stand where a literal does, by their words and by those besides; then the
clauses that must stand as well (the numbers of their literals), each with the bits that they are for."""

LONGEST = 12
"""A literal is cut after so many characters: what it leads to is as rare, and the automaton is smaller."""

_WORD = re.compile(r"\w")
_OF_NO_WORD = re.compile(r"[^\w ]")


def plain(text: str) -> str:
    """A text as literals stand in it: what is of no word is a blank, and the text is between blanks."""
    return f" {_OF_NO_WORD.sub(' ', text)} "


@dataclass(frozen=True, slots=True)
class Literals:
    """All literals in one automaton, and the signs among them by themselves; each has its number."""

    words: AhoCorasick
    signs: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, numbers: Mapping[str, int]) -> Literals:
        """Build it for literals that are numbered in order."""
        signs = tuple((literal, n) for literal, n in numbers.items() if len(literal) == 1 and not _WORD.match(literal))
        # The default is quicker by a third, and takes ten times the memory.
        return cls(AhoCorasick(numbers, store_patterns=False, implementation=Implementation.ContiguousNFA), signs)

    def standing(self, text: str) -> set[int]:
        """The numbers of those that stand in a text."""
        found = {number for number, _, _ in self.words.find_matches_as_indexes(plain(text), True)}
        for sign, number in self.signs:
            if sign in text:
                found.add(number)
        return found


@dataclass(frozen=True, slots=True)
class Index:
    """What the literals of the rarest clause of each alternative lead to, by their numbers.

    ``always`` are the bits of patterns of which nothing must stand.
    """

    leads: tuple[Entry | None, ...]
    always: tuple[int, int]

    @classmethod
    def several(cls, groups: Iterable[Iterable[Wanted]]) -> tuple[Literals, list[Index]]:
        """An index of each group of patterns, over the same literals."""
        numbers: dict[str, int] = {}
        told = [_leads(wanted, numbers) for wanted in groups]
        return Literals.of(numbers), [cls(tuple(map(leads.get, range(len(numbers)))), always) for leads, always in told]

    def near(self, standing: set[int]) -> int:
        """The bits of the patterns that a text may hold in which these literals stand."""
        needed, besides = self.always
        leads = self.leads
        for number in standing:
            if (lead := leads[number]) is None:
                continue
            one, other, further = lead
            needed |= one
            besides |= other
            for one, other, clauses in further:
                for clause in clauses:
                    if standing.isdisjoint(clause):
                        break
                else:
                    needed |= one
                    besides |= other
        return needed & besides


def _leads(wanted: Iterable[Wanted], numbers: dict[str, int]) -> tuple[dict[int, Entry], tuple[int, int]]:
    """What each literal leads to by its number, and the bits of what nothing must stand for; new literals get a number."""
    firsts: dict[str, dict[tuple[int, str], int]] = {}
    sets: dict[int, int] = {}
    always = [0, 0]
    for number, *parts in wanted:
        for which, alternatives in enumerate(parts):
            if not alternatives or not all(alternatives):
                always[which] |= 1 << number
                continue
            for alternative in alternatives:
                first, _, further = alternative.partition("\n")
                ways = firsts.setdefault(first, {})
                patterns = ways.get((which, further), 0) | 1 << number
                # Most are of one pattern alone: each set is kept once.
                ways[which, further] = sets.setdefault(patterns, patterns)
    leads: dict[int, Entry] = {}
    for first, ways in firsts.items():
        entry = _entry(ways, numbers)
        for literal in _numbered(first, numbers):
            leads[literal] = _joined(leads[literal], entry) if literal in leads else entry
    return leads, (always[0], always[1])


def _numbered(clause: str, numbers: dict[str, int]) -> tuple[int, ...]:
    return tuple([numbers.setdefault(literal, len(numbers)) for literal in clause.split("\t")])


def _entry(ways: dict[tuple[int, str], int], numbers: dict[str, int]) -> Entry:
    further = [
        (
            0 if which else patterns,
            patterns if which else 0,
            tuple(_numbered(clause, numbers) for clause in clauses.split("\n")),
        )
        for (which, clauses), patterns in ways.items()
        if clauses
    ]
    return ways.get((0, ""), 0), ways.get((1, ""), 0), tuple(further)


def _joined(one: Entry, other: Entry) -> Entry:
    return one[0] | other[0], one[1] | other[1], one[2] + other[2]
