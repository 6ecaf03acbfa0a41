"""Labels of the OTP rights form and what stands under them, from cells, lines and flat text.

Nothing is demanded of a form, since the real one's fields are unknown (domain.md Q17): a label is
known by its first words in five languages, and the first value found for it counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

MOST_LABEL = 100
MOST_CELL = 300
MOST_LINES = 300
_LABELS = (
    ("signed_by", re.compile(r"(?:sign(?!al)|undersk|underte|forplikt|navn på den som|namn på den som|name of the person who)")),
    ("domains", re.compile(r"(?:e-?post-?)?(?:e-?mail )?(?:dom[eäæ]n\w{0,3}|domains?)(?:\(r\)|\(s\))?")),
    ("email", re.compile(r"(?:e-?post|e-?mail|mail|visma connect)\b")),
    ("org_no", re.compile(r"(?:org\.?|organisa|organiz|foretaksn|company reg)")),
    ("customer_no", re.compile(r"(?:kunde-?(?:nr|num|no)|kundenr|customer (?:no|num))")),
    (
        "company",
        re.compile(
            r"(?:firma|virksomhe|verksemd|selskap|company|bedrift|kunde(?:navn)?$|företag|bolag|customer(?: name)?$)"
        ),
    ),
    ("phone", re.compile(r"(?:tlf|telefon|phone|mobil|tel\b)")),
    ("date", re.compile(r"(?:dato|date|datum)\b")),
    ("administrator", re.compile(r"(?:administrator|administratör|admin|brukar|bruker|navn|namn|name)")),
)  # fmt: skip
_LINE = re.compile(r"^[ \t>*•-]{0,4}(?P<label>[^\n:]{2,40}?)[ \t]{0,3}:[ \t]{0,20}(?P<value>[^\n]{0,300})$", re.M)
_GAP = re.compile(r"[ \t]{2,}|\t|[ \t]?\|[ \t]?")
_REST = re.compile(r"^(?:\w{0,12}\([^)]{0,10}\)|\S{0,40})\s*")
Rows = list[tuple[str, str]]


def key_of(label: str) -> str:
    """Which field a label names, by the first of its lines that is known; empty for none."""
    return next((key for line in label[:MOST_CELL].split("\n") if (key := _key(line))), "")


def _key(line: str) -> str:
    folded = line.lower().strip(" .*:\t")
    return next((key for key, pattern in _LABELS if pattern.match(folded)), "") if len(folded) <= MOST_LABEL else ""


def cells(rows: Iterable[tuple[str, ...]]) -> Rows:
    """Labels with their values from a table: beside one another, or a row of labels above a row of values."""
    found: Rows = []
    above: tuple[str, ...] = ()
    for row in rows:
        if above and len(row) == len(above) and not key_of(row[0]):
            found += zip(above, row, strict=True)
            above = ()
            continue
        labels = [bool(key_of(cell)) for cell in row]
        above = row if len(row) >= 2 and all(labels) else ()
        found += _beside(row, labels)
    return found


def _beside(row: tuple[str, ...], labels: list[bool]) -> Iterator[tuple[str, str]]:
    """A label and the next cell that is filled; of two cells the second is a value whatever it says."""
    if len(row) == 2:
        yield row
        return
    for at, cell in enumerate(row):
        if labels[at] and at + 1 < len(row):
            ends = next((n for n in range(at + 1, len(row)) if labels[n]), len(row))
            yield cell, next((each for each in row[at + 1 : ends] if each.strip()), "")


def lines(text: str) -> Rows:
    """The ``label: value`` lines of a text; a label alone takes the next line."""
    rows = []
    for match in _LINE.finditer(text):
        value = match["value"].strip()
        if not value and key_of(match["label"]):
            following = text[match.end() :].lstrip("\n").split("\n", 1)[0].strip()
            value = "" if ":" in following or key_of(following) else following
        rows.append((match["label"].strip(), value))
    return rows


def columns(text: str) -> Rows:
    """Lines whose label and value a wide gap or a bar parts, as tables become text; further lines of a cell join it."""
    rows: list[list[str]] = []
    for line in text.splitlines()[:MOST_LINES]:
        parts = [part.strip(" :") for part in _GAP.split(line.strip(" \t|"), maxsplit=6)]
        if len(parts) >= 2 and key_of(parts[0]):
            rows.append(parts)
        elif rows and len(parts) == 1 and parts[0] and _GAP.match(line):
            rows[-1][-1] = f"{rows[-1][-1]} {parts[0]}"
    return cells(tuple(map(tuple, rows)))


def pairs(text: str) -> Rows:
    """Lines that begin with a label and go on with its value, as flat PDFs give them; or the value's line follows."""
    rows: Rows = []
    written = [line.strip() for line in text.splitlines()[:MOST_LINES]]
    for line, following in pairwise([*written, ""]):
        pattern = next((label for _, label in _LABELS if label.match(line.lower())), None)
        if pattern is None:
            continue
        match = pattern.match(line.lower())
        rest = _REST.sub("", line[match.end() :], count=1) if match else ""
        value = rest.strip() or ("" if key_of(following) else following)
        rows.append((line[: len(line) - len(rest)], value))
    return rows
