"""Many alternatives as one expression in which only those are tried that begin with the letter at hand.

``re`` tries the alternatives of an expression one after the other at each word, though of most in a list of a hundred
the first letter already differs.  Its groups are remembered for nobody, and made such as remember nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MOST_WAYS = 4
"""An alternative that can begin in more ways is left as it is: it would be written as often."""
_LETTER = r"[^\\\[\](){}.^$*+?|]"
_NO_MARK = r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]"
"""An escaped sign or a set of signs: no bracket or bar in it means anything."""
_PLAIN = re.compile(rf"{_LETTER}(?![*+?{{])(?:[^\\\[(|)]|{_NO_MARK}|\((?:[^\\\[()]|{_NO_MARK})*\))*", re.S)
"""What begins with a letter that must stand there, and has bars only in brackets that hold no others."""
_MARK = re.compile(rf"{_NO_MARK}|[(|)]", re.S)
_REMEMBERS = re.compile(rf"{_NO_MARK}|\((?!\?)", re.S)
_GROUP = re.compile(r"\((?:\?:|(?!\?))")
_REFERS = re.compile(r"\\[1-9]|\(\?[P(]")
"""What tells a group by its number or name."""


def by_first_letter(texts: Iterable[str]) -> str:
    """The alternatives joined: it finds what they find with a bar between them, of two that match the earlier one."""
    joined: list[str] = []
    heads: dict[str, dict[str, None]] = {}
    for text in texts:
        ways = _ways(text)
        if ways is None:
            joined += [*_groups(heads), text]
            heads = {}
            continue
        for head, rest in ways:
            heads.setdefault(head, {})[rest] = None
    found = "|".join([*joined, *_groups(heads)])
    return found if _REFERS.search(found) else _REMEMBERS.sub(_forgetting, found)


def _forgetting(mark: re.Match[str]) -> str:
    return "(?:" if mark[0] == "(" else mark[0]


def _groups(heads: dict[str, dict[str, None]]) -> Iterator[str]:
    for head, rests in heads.items():
        yield head + ("|".join(rests) if len(rests) == 1 else f"(?:{'|'.join(rests)})")


def _ways(text: str, most: int = MOST_WAYS) -> list[tuple[str, str]] | None:
    """The ways in which an expression can begin, in order: a letter and what follows it.

    None if they are not known, or more than ``most``.
    """
    if _PLAIN.fullmatch(text):
        return [(text[0], text[1:])] if most else None
    if _REFERS.search(text):
        return None
    ways: list[tuple[str, str]] = []
    for alternative in _split(text, 0, len(text), 0):
        found = _beginnings(alternative, most - len(ways))
        if found is None:
            return None
        ways += found
    return ways


def _beginnings(text: str, most: int) -> list[tuple[str, str]] | None:
    """The ways of an expression without bars of its own: one more where its first letter or group may be missing."""
    group = _GROUP.match(text)
    if not most or (group is None and not _PLAIN.match(text[:1])):
        return None
    end = next(at for at, sign, depth in _marks(text) if sign == ")" and depth == 0) if group else 0
    rest = text[end + 1 :]
    if rest[:1] in ("*", "+", "{") or rest[:2] in ("??", "?+"):
        return None
    missing, rest = rest[:1] == "?", rest.removeprefix("?")
    begun = [each + rest for each in _split(text, group.end(), end, 1)] if group else []
    ways: list[tuple[str, str]] = [] if group else [(text[0], rest)]
    for each in [*begun, *([rest] if missing else [])]:
        if (found := _ways(each, most - len(ways))) is None:
            return None
        ways += found
    return ways


def _split(text: str, start: int, end: int, depth: int) -> list[str]:
    """The alternatives from one place of an expression to another, at a depth of brackets."""
    cuts = [at for at, sign, deep in _marks(text) if sign == "|" and deep == depth and start <= at < end]
    return [text[one + 1 : other] for one, other in zip([start - 1, *cuts], [*cuts, end], strict=True)]


def _marks(text: str) -> Iterator[tuple[int, str, int]]:
    """The brackets and bars that mean something, with their places and how deep in brackets they stand."""
    depth = 0
    for mark in _MARK.finditer(text):
        sign = mark[0]
        if sign in "(|)":
            depth -= sign == ")"
            yield mark.start(), sign, depth
            depth += sign == "("
