"""A mail's words with the evidence in them marked, by style where the terminal shows it, else by signs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

FOR, AGAINST, FIELD = "bold green underline", "bold red underline", "cyan underline"
NUMBER = "dim"


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters ``start`` to ``end`` of a text, their number in the legend and how they are shown."""

    start: int
    end: int
    number: int
    style: str


def printable(text: str) -> str:
    """The text without what could steer a terminal or turn its writing, and of the same length."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter if letter == "\n" or not _steers(letter) else _stand_in(letter) for letter in text)


def _steers(letter: str) -> bool:
    return unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _stand_in(letter: str) -> str:
    return " " if letter in "\t\r\u00ad\u200b" else "\ufffd"


def marked(text: str, start: int, marks: Iterable[Mark], *, signs: bool, style: str = "") -> Text:
    """The text, which begins at ``start`` of what the marks count in; overlapping marks are shown as one."""
    shown, at, end = Text(style=style), start, start + len(text)
    inside = sorted((mark for mark in marks if mark.start < end and mark.end > start), key=lambda mark: mark.start)
    for group in _regions(inside):
        begins, ends = max(start, group[0].start), min(end, max(mark.end for mark in group))
        words = text[begins - start : ends - start]
        # A line's end belongs to no mark, and a mark that goes on is numbered where it ends.
        numbers = sorted({mark.number for mark in group if mark.end <= end})
        shown.append(text[at - start : begins - start])
        _append(shown, words, group[0].style, numbers, signs)
        at = ends
    return shown.append(text[at - start :])


def _append(shown: Text, words: str, style: str, numbers: Sequence[int], signs: bool) -> None:
    bare = words.strip()
    before, after = words[: len(words) - len(words.lstrip())], words[len(words.rstrip()) :] if bare else ""
    shown.append(before).append(f"«{bare}»" if signs and bare else bare, "" if signs else style)
    if numbers:
        shown.append(f"[{','.join(map(str, numbers))}]", NUMBER)
    shown.append(after)


def _regions(marks: Sequence[Mark]) -> Iterator[list[Mark]]:
    """Marks that overlap, together."""
    group: list[Mark] = []
    for mark in marks:
        if group and mark.start >= max(each.end for each in group):
            yield group
            group = []
        group.append(mark)
    if group:
        yield group
