"""What CEL says against a condition, in the words of who writes rules: each fault once, with the nearest right word.

A misspelt function draws a train of faults behind it: the name that it would have bound is unknown wherever it
stands, and whatever is asked of it has no type.  Those are not told, since they go when the function is right.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches

from processor.loading.problems import Problem

FAULT = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '\((.*)\)'")
BINDERS = ("exists", "all", "exists_one", "filter", "map")
"""They are asked of a list and bind a name to each of its elements."""
FUNCTIONS = (*BINDERS, "size", "startsWith", "endsWith", "contains", "matches", "int", "string")
OF_ITS_TYPE = "*error*"
"""How CEL calls the type of what it has found fault with already."""
SIGNS = {"= ": "==", "=": "==", "and": "&&", "or": "||", "not": "!", "& ": "&&", "| ": "||"}
"""What other languages write for what CEL writes otherwise."""
SYNTAX = re.compile(r"Syntax error: (?:token recognition error at:|mismatched input|extraneous input) '([^']*)'")
TYPES = {"string": "a text", "int": "a number", "bool": "true or false", "list(string)": "a list of texts"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as CEL tells it, and the line of the condition that it is in; row and column from 1."""

    row: int
    column: int
    said: str
    line: str

    @property
    def unknown(self) -> str:
        """The name that CEL does not know, or ""."""
        found = UNDECLARED.search(self.said)
        return found[1] if found else ""

    @property
    def called(self) -> bool:
        """Whether the unknown name is a function's: CEL then points at its bracket."""
        return self.line[self.column - 1 : self.column] == "("

    @property
    def begin(self) -> int:
        """The column where the unknown name begins; CEL points into its middle or behind it."""
        if not self.unknown:
            return self.column
        end = self.column - 1 + (0 if self.called else len(self.unknown))
        return self.line.rfind(self.unknown, max(0, self.column - 1 - len(self.unknown)), end) + 1 or self.column


def problems_of(said: str, text: str, file: str, line: int, variables: Collection[str]) -> list[Problem]:
    """The problems of a condition that stands at a line of a file, by what CEL said."""
    lines = text.split("\n")
    found = [Fault(int(row), int(column), words, lines[int(row) - 1]) for row, column, words in FAULT.findall(said)]
    bound = {name for each in found for name in _bound_by(each)}
    told: dict[tuple[str, bool], Problem] = {}
    for each in found:
        if not (each.unknown in bound and not each.called) and not (bound and OF_ITS_TYPE in each.said):
            told.setdefault((each.unknown or each.said, each.called), _problem(each, file, line, variables))
    return list(told.values()) or [Problem(file, line, f"when {text!r} cannot be understood")]


def _bound_by(fault: Fault) -> list[str]:
    """The names that an unknown function would bind if it were one of BINDERS."""
    if not (fault.unknown and fault.called):
        return []
    first = re.match(r"\(\s*(?:[\w.]+\s*,\s*)?(\w+)\s*,", fault.line[fault.column - 1 :])
    return [first[1]] if first else []


def _problem(fault: Fault, file: str, line: int, variables: Collection[str]) -> Problem:
    place = f"column {fault.begin}" if fault.row == 1 else f"its line {fault.row}, column {fault.begin}"
    words, hint = _words(fault, variables)
    return Problem(file, line, f"when, {place}: {words}", hint)


def _words(fault: Fault, variables: Collection[str]) -> tuple[str, str]:
    """What to say of a fault, and the nearest right word."""
    name = fault.unknown
    if name and fault.called:
        if name in BINDERS:
            return f"{name!r} is asked of a list, as in mail.topics.{name}(each, each == '')", ""
        return f"no function {name!r}", _nearest(name, FUNCTIONS)
    if name:
        return f"no variable {name!r}", _nearest(name, variables)
    if overload := OVERLOAD.search(fault.said):
        given = [TYPES.get(each, each) for each in re.split(r", (?![^(]*\))", overload[2])]
        return f"{overload[1].strip('_@')!r} does not go with {' and '.join(given)}", ""
    sign = SYNTAX.match(fault.said)
    return fault.said.strip(), SIGNS.get(sign[1], "") if sign else ""


def _nearest(name: str, names: Collection[str]) -> str:
    lower = {each.lower(): each for each in names}
    return next((lower[each] for each in get_close_matches(name.lower(), lower, 1)), "")
