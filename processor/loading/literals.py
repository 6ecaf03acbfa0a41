"""What must stand in a text that an expression is found in: clauses, of each of which one literal stands there.

Looking for words is cheap, and searching for expressions is dear.  ``(vi )?vil (slutte|avslutte).*avtale`` is
only found where " vil slutte" or " vil avslutte" stands, and "avtale".  Literals are plain, as
``processor.needles.plain`` makes a text: every character that is of no word is a blank.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from re import _constants as ops  # type: ignore[attr-defined,unused-ignore]
from re import _parser as grammar  # type: ignore[attr-defined,unused-ignore]
from typing import Any

from processor.needles import LONGEST, Alternative

PLAIN = re.compile(r"[^\\^$.|?*+(){}\[\]]+")
"""Nothing in it means anything but itself, as in half of the expressions, which need no parsing."""
MOST_STRINGS = 12
"""A stretch of an expression that may be more strings than these is cut there."""
MOST_LETTERS = 6
"""A class of more letters than these is any letter."""
MOST_TIMES = 3
LETTER, BLANK, SIGN = 0.06, 0.15, 0.01
"""About one character in so many is a given letter, a blank, or a given sign."""
COMMON = 0.003
"""What is likelier than this to stand at a place says nothing, where something else is known."""

_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)
_WITHOUT_WIDTH = (ops.AT, ops.ASSERT, ops.ASSERT_NOT)
_SIGNS = (ops.CATEGORY_SPACE, ops.CATEGORY_NOT_WORD)
_OF_NO_WORD = re.compile(r"\W")

Clause = tuple[str, ...]
Strings = frozenset[str]
"""What may stand right before a place of an expression; "" when nothing is known of it."""
_UNKNOWN: Strings = frozenset(("",))
_WORD_START: Strings = frozenset((" ",))


def clauses_of(tree: Any) -> Alternative:
    """The clauses of a parsed expression that is found at a word's start, the rarest first."""
    before, must = _through(tree, _WORD_START)
    kept: list[Clause] = []
    for clause in sorted(filter(None, map(_plain, (*must, before))), key=_commonness):
        if not kept or not (_commonness(clause) > COMMON or any(_follows(clause, other) for other in kept)):
            kept.append(clause)
    return "\n".join("\t".join(clause) for clause in kept)


def clauses_of_plain(text: str) -> Alternative:
    """The same for a text in which every character stands for itself."""
    return "\t".join(_plain((f" {text}",)))


def _commonness(literals: Iterable[str]) -> float:
    """How likely a place in a text begins one of these, roughly."""
    return sum(
        math.prod([BLANK if each == " " else LETTER if each.isalnum() else SIGN for each in literal])
        for literal in literals
    )


def _follows(clause: Clause, other: Clause) -> bool:
    """Whether one of the clause stands wherever one of the other does."""
    return all(any(ours in theirs for ours in clause) for theirs in other)


def _plain(strings: Iterable[str]) -> Clause:
    """The strings as they stand in plain text, without those that hold another; () if one of them says nothing."""
    literals = {_literal(string) for string in strings}
    if "" in literals:
        return ()
    kept: list[str] = []
    for literal in sorted(literals, key=lambda literal: (len(literal), literal)):
        if not any(other in literal for other in kept):
            kept.append(literal)
    return tuple(kept)


def _literal(string: str) -> str:
    """Plain words; the first sign where there is no letter or digit, and "" where there is no sign either."""
    literal = _OF_NO_WORD.sub(" ", string)[:LONGEST]
    return string.strip()[:1] if literal.isspace() else literal


def _through(tree: Any, before: Strings) -> tuple[Strings, list[Strings]]:
    """What may stand right before the end of a tree, and of what one must stand in it each time."""
    must: list[Strings] = []
    for op, value in tree:
        if op not in _WITHOUT_WIDTH:
            before, found = _step(op, value, before)
            must += found
        if len(before) > MOST_STRINGS:
            before, found = _cut(before)
            must += found
    return before, must


def _step(op: Any, value: Any, before: Strings) -> tuple[Strings, list[Strings]]:
    if op is ops.SUBPATTERN and not (value[1] or value[2]):
        return _through(value[3], before)
    if op is ops.ATOMIC_GROUP:
        return _through(value, before)
    if op is ops.BRANCH:
        return _either(value[1], before)
    if op in _REPEATS:
        least, most, body = value
        return _repeated(least, most, body, before)
    if letters := _letters(op, value):
        before, must = _with_room(before, len(letters))
        return frozenset(each + letter for each in before for letter in letters), must
    return _UNKNOWN, [before]


def _either(branches: Sequence[Any], before: Strings) -> tuple[Strings, list[Strings]]:
    before, must = _with_room(before, len(branches))
    ways = [_through(branch, before) for branch in branches]
    ends = frozenset().union(*(end for end, _ in ways))
    if "" not in ends and not any(found for _, found in ways):
        return ends, must
    rarest = [min((*found, end), key=_rarity) for end, found in ways]
    return (_UNKNOWN if "" in ends else ends), [*must, before, frozenset().union(*rarest)]


def _repeated(least: int, most: Any, body: Any, before: Strings) -> tuple[Strings, list[Strings]]:
    if least == 0:
        return _either(((), body), before) if most == 1 else (_UNKNOWN, [before])
    exact = least == most <= MOST_TIMES
    must: list[Strings] = []
    for _ in range(least if exact else 1):
        before, found = _through(body, before)
        must += found
    return (before, must) if exact else (_WORD_START if _is_blank(body) else _UNKNOWN, [*must, before])


def _is_blank(body: Any) -> bool:
    """Whether it is one character that is of no word."""
    letters = _letters(*body[0]) if len(body) == 1 else ()
    return bool(letters) and all(map(_OF_NO_WORD.match, letters))


def _letters(op: Any, value: Any) -> tuple[str, ...]:
    """The characters that it may be; () for too many, or for what is no single character."""
    if op is ops.LITERAL:
        return (chr(value),)
    letters: list[str] = []
    for kind, what in value if op is ops.IN else ():
        if kind is ops.LITERAL:
            letters.append(chr(what))
        elif kind is ops.RANGE and what[1] - what[0] < MOST_LETTERS:
            letters += map(chr, range(what[0], what[1] + 1))
        elif kind is ops.CATEGORY and what in _SIGNS:
            letters.append(" ")
        else:
            return ()
    if letters and all(map(_OF_NO_WORD.match, letters)):
        return (" ",)
    return tuple(letters) if len(letters) <= MOST_LETTERS else ()


def _with_room(before: Strings, ways: int) -> tuple[Strings, list[Strings]]:
    return _cut(before) if len(before) > 1 and len(before) * ways > MOST_STRINGS else (before, [])


def _cut(before: Strings) -> tuple[Strings, list[Strings]]:
    at_start = all(_OF_NO_WORD.fullmatch(each[-1:]) for each in before)
    return (_WORD_START if at_start else _UNKNOWN), [before]


def _rarity(strings: Strings) -> float:
    clause = _plain(strings)
    return _commonness(clause) if clause else 1.0


def literals_of(texts: list[str]) -> tuple[str, ...]:
    """Literals, signs and all, of which one stands in every text that one of the expressions is found in, anywhere.

    The longest run of each; none when one expression has none.
    """
    runs: set[str] = set()
    for text in texts:
        found = {text} if PLAIN.fullmatch(text) else _runs(grammar.parse(text))
        if not found:
            return ()
        runs |= found
    # One that has another of them within says nothing more; the shorter come first.
    needed: list[str] = []
    for run in sorted(runs, key=len):
        if not any(other in run for other in needed):
            needed.append(run)
    return tuple(sorted(needed))


def _runs(tree: Any) -> set[str]:
    """Literals of which one must stand in a match: the best single run, or one for every branch."""
    best: set[str] = set()
    run = ""
    for op, value in [*tree, (None, None)]:
        if op is ops.LITERAL:
            run += chr(value)
            continue
        best, run = _better(best, {run} if run else set()), ""
        if op is ops.SUBPATTERN:
            best = _better(best, _runs(value[-1]))
        elif op is ops.BRANCH:
            parts = [_runs(branch) for branch in value[1]]
            best = _better(best, set().union(*parts) if all(parts) else set())
        elif op is ops.MAX_REPEAT and value[0] > 0:
            best = _better(best, _runs(value[2]))
    return best


def _better(one: set[str], other: set[str]) -> set[str]:
    """Those of which fewer sentences have one; none are worse than any."""
    if not (one and other):
        return one or other
    return other if _commonness(other) < _commonness(one) else one
