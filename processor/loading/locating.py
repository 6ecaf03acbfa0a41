"""The line and column of a problem: where in its file the words stand that it is about.

The loaders know the table or the key; the words that a problem quotes lead from there to the exact place.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from processor.loading.problems import Problem

HEADER = re.compile(r"\s*\[")
WHEN = re.compile(r"""\s*when\s*=\s*("{1,3}|'{1,3})""")
AT = re.compile(r"^when, (?:its line (\d+), )?column (\d+): ")
QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
MOST_QUOTED = 5


def located(problems: Iterable[Problem], folders: Sequence[Path]) -> list[Problem]:
    """The problems with line and column, as far as their files lie under one of the folders and can be read."""
    texts: dict[str, list[str]] = {}
    found = []
    for problem in problems:
        if problem.file not in texts:
            texts[problem.file] = _lines(problem.file, folders)
        found.append(_located(problem, texts[problem.file]))
    return found


def _lines(file: str, folders: Sequence[Path]) -> list[str]:
    # An absolute path stays what it is, whatever it is joined to.
    for path in (folder / file for folder in folders):
        try:
            return path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue
    return []


def _located(problem: Problem, lines: list[str]) -> Problem:
    if problem.column or not 0 < problem.line <= len(lines):
        return problem
    first = lines[problem.line - 1]
    if (at := AT.match(problem.text)) and (begin := WHEN.match(first)):
        row, offset = _row_of_condition(int(at[1] or 1), first, begin.end())
        at_line = problem.line + row
        if at_line <= len(lines):
            column = _nearest(lines[at_line - 1], offset + int(at[2]), _words(problem.text))
            return replace(problem, line=at_line, column=column, text="when: " + problem.text[at.end() :])
    for word in _words(problem.text):
        for number, line in enumerate(_table(lines, problem.line), problem.line):
            if (column := line.find(word)) >= 0:
                return replace(problem, line=number, column=column + 1)
    return replace(problem, column=len(first) - len(first.lstrip()) + 1)


def _row_of_condition(row: int, first: str, begin: int) -> tuple[int, int]:
    """How many lines below the key's a line of its condition stands, and how much of that line comes before it."""
    # TOML leaves out the line break right behind three quotes.
    row += not first[begin:].strip()
    return row - 1, begin if row == 1 else 0


def _nearest(line: str, column: int, words: Iterable[str]) -> int:
    """The column at which a word stands nearest to a column: what is escaped in TOML has shifted it."""
    places = [each.start() + 1 for word in words for each in re.finditer(re.escape(word), line)]
    return min(places, key=lambda place: abs(place - column), default=column)


def _table(lines: list[str], start: int) -> list[str]:
    """The lines from one to the next table's heading."""
    rest = lines[start - 1 :]
    end = next((number for number, line in enumerate(rest[1:], 1) if HEADER.match(line)), len(rest))
    return rest[:end]


def _words(text: str) -> list[str]:
    """What a problem quotes, as it stands in the file."""
    found = []
    for quoted in QUOTED.findall(text)[:MOST_QUOTED]:
        try:
            word = ast.literal_eval(quoted)
        except (ValueError, SyntaxError):
            continue
        # The same text is written otherwise between double quotes.
        found += [word, word.replace("\\", "\\\\")] if word else []
    return found
