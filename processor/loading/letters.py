"""The shape of a letter's text: paragraphs and lists, for plain text and for HTML alike.

A paragraph is one line, whatever its length: every mail program wraps lines to its own width, and
a line that we had broken would be broken twice on a telephone.  The courier encodes long lines.
"""

from __future__ import annotations

from collections.abc import Iterable

BULLET = "  - "


def unwrap(text: str) -> str:
    """A part's body with each paragraph on one line and each point of a list on its own.

    Conditions in a template leave stray blanks and line ends; none of them reach the customer.
    """
    return "\n\n".join("\n".join(_lines(each)) for each in _paragraphs(text))


def _paragraphs(text: str) -> Iterable[list[str]]:
    paragraph: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.strip():
            paragraph.append(line.rstrip())
        elif paragraph:
            yield paragraph
            paragraph = []


def _lines(paragraph: list[str]) -> list[str]:
    lines: list[str] = []
    in_list = False
    for line in paragraph:
        point = line.lstrip().startswith("- ")
        words = " ".join(line.split())
        if point:
            lines.append(BULLET + words[2:])
        elif not lines or (in_list and not line.startswith(" ")):
            lines.append(words)
        else:
            lines[-1] += f" {words}"
        in_list = point or (in_list and line.startswith(" "))
    return lines


def blocks(text: str, headings: frozenset[str]) -> list[tuple[str, list[str]]]:
    """A letter's text as ("p" | "ul" | "h2", lines), in order, for the HTML layout to write."""
    found: list[tuple[str, list[str]]] = []
    for paragraph in _paragraphs(text):
        for line in paragraph:
            point = line.startswith(BULLET)
            kind = "ul" if point else "p"
            new = line is paragraph[0] or found[-1][0] != kind
            if new:
                found.append((kind, []))
            found[-1][1].append(line[len(BULLET) :] if point else line.strip())
        if len(paragraph) == 1 and paragraph[0].strip() in headings:
            found[-1] = ("h2", found[-1][1])
    return found
