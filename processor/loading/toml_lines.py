"""Where in a TOML file a key stands: tomllib gives values without their lines."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from processor.loading.problems import Problem

HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
KEY = re.compile(r'^\s*((?:"[^"]*"|[A-Za-z0-9_\-.])+)\s*=')
SYNTAX = re.compile(r"\(at line (\d+), column (\d+)\)")


def key_lines(text: str) -> dict[str, int]:
    """Map each key's path to its line, counted from 1.

    A path is ``table.key``; the n-th element of an array of tables is ``table[n]``, from 0.
    """
    lines: dict[str, int] = {}
    counts: Counter[str] = Counter()
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := HEADER.match(line):
            table = header[2].replace('"', "")
            first, dot, rest = table.partition(".")
            if dot and counts[first]:
                # A table within the last element of an array of tables.
                table = f"{first}[{counts[first] - 1}].{rest}"
            if header[1] == "[[":
                counts[table] += 1
                table = f"{table}[{counts[table] - 1}]"
            lines.setdefault(table, number)
        elif key := KEY.match(line):
            name = key[1].replace('"', "")
            lines.setdefault(f"{table}.{name}" if table else name, number)
    return lines


def parse(path: Path) -> tuple[dict[str, Any], dict[str, int], list[Problem]]:
    """Read a TOML file: its values, the lines of its keys, and what keeps it from being read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        return {}, {}, [Problem(str(path), 0, f"cannot be read: {reason}")]
    try:
        return tomllib.loads(text), key_lines(text), []
    except tomllib.TOMLDecodeError as error:
        place = SYNTAX.search(str(error))
        said = SYNTAX.sub("", str(error)).strip()
        line, column = (int(place[1]), int(place[2])) if place else (0, 0)
        return {}, {}, [Problem(str(path), line, f"is not TOML: {said}", column=column)]
