"""Rows as CSV that a spreadsheet opens as text and numbers, never as formulas; pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from processor.desk.language import Language

FORMULA = re.compile(r"\s*[=+\-@\t\r]")
"""What a spreadsheet may calculate (OWASP, CSV injection); fullwidth forms are folded by some of them."""
WIDE = str.maketrans("＝＋－＠", "=+-@")


def csv_of(rows: Iterable[Sequence[object]], language: Language) -> bytes:
    """UTF-8 with its mark, since Excel takes it for something else without; semicolons where commas are decimal."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if language == "nb" else ",", lineterminator="\r\n")
    for row in rows:
        writer.writerow([cell(value) for value in row])
    return out.getvalue().encode("utf-8-sig")


def cell(value: object) -> object:
    """A value as it may stand in a cell: words that begin like a formula get an apostrophe before them."""
    if isinstance(value, str) and FORMULA.match(value.translate(WIDE)):
        return f"'{value}"
    return value
