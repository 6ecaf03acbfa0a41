"""rules/data/families.toml → Agreements: rules of notice, product families and access after the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_type_hints

from processor.contract import AccessRule, Agreements, Family, NoticeRule
from processor.loading.patterns import line_of_table, read_toml
from processor.loading.problems import Problem

TABLES: Mapping[str, type[NoticeRule] | type[Family] | type[AccessRule]] = {
    "rule": NoticeRule,
    "family": Family,
    "access": AccessRule,
}
NEEDED = {"rule": ("name", "shape", "title"), "family": ("name", "title"), "access": ("kind",)}
DAYS = ("end", "notice_by", "day")
DAY = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.?")
LEAP_YEAR = 2024
MOST_MONTHS = 120


@dataclass
class _Entry:
    """One table of the file, which notes what is wrong in it."""

    kind: str
    values: Mapping[str, Any]
    file: str
    line: int
    problems: list[Problem]

    def problem(self, text: str, hint: str = "") -> None:
        self.problems.append(Problem(self.file, self.line, f"[[{self.kind}]] {text}", hint))


def load_agreements(path: Path) -> tuple[Agreements, list[Problem]]:
    """Read the file; every problem with its line."""
    tables, problems = read_toml(path)
    made: dict[str, list[Any]] = {kind: [] for kind in TABLES}
    for kind, found in tables.items():
        if kind not in TABLES or not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            problems.append(Problem(path.name, 0, f"knows no table [[{kind}]]", _nearest(kind, TABLES)))
            continue
        for number, values in enumerate(found):
            entry = _Entry(kind, values, path.name, line_of_table(path, f"[[{kind}]]", number), problems)
            if (value := _value(entry)) is not None:
                made[kind].append(value)
                _check(entry, value, made)
    rules, families = ({each.name: each for each in made[kind]} for kind in ("rule", "family"))
    return Agreements(rules, families, tuple(made["access"])), problems


def _value(entry: _Entry) -> NoticeRule | Family | AccessRule | None:
    """The table as a value of its kind, or None with its problems noted."""
    made = TABLES[entry.kind]
    before, hints = len(entry.problems), get_type_hints(made)
    known = {each.name for each in fields(made)}
    for key in NEEDED[entry.kind]:
        if not entry.values.get(key):
            entry.problem(f"needs {key!r}")
    found = {}
    for key, value in entry.values.items():
        if key not in known:
            entry.problem(f"knows no {key!r}", _nearest(key, known))
            continue
        found[key] = _read(entry, key, value, hints[key])
    return made(**found) if len(entry.problems) == before else None


def _read(entry: _Entry, key: str, value: Any, hint: Any) -> Any:
    """A key's value as its field wants it."""
    if key in DAYS:
        day = DAY.fullmatch(value) if isinstance(value, str) else None
        if day is None or not _is_day(int(day[1]), int(day[2])):
            entry.problem(f'{key} must be a day and month such as "30.09.", and is {value!r}')
            return None
        return int(day[1]), int(day[2])
    choices = [each for each in _choices(hint) if isinstance(each, str)]
    if choices:
        if value not in choices:
            entry.problem(f"{key} must be one of {', '.join(choices)}, and is {value!r}", _nearest(str(value), choices))
        return value
    if hint is int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_MONTHS:
            entry.problem(f"{key} must be a whole number up to {MOST_MONTHS}, and is {value!r}")
        return value
    if hint is str:
        if not isinstance(value, str):
            entry.problem(f"{key} must be a text, and is {value!r}")
        return value
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        entry.problem(f"{key} must be a list of texts, and is {value!r}")
        return ()
    return tuple(value)


def _choices(hint: Any) -> Iterable[Any]:
    """The texts that a Literal allows, also inside ``Literal[…] | None``."""
    for each in get_args(hint):
        yield from _choices(each) if get_args(each) else (each,)


def _check(entry: _Entry, value: NoticeRule | Family | AccessRule, made: Mapping[str, list[Any]]) -> None:
    """What one table alone cannot tell: names taken twice, rules that are not there, periods of no length."""
    if isinstance(value, NoticeRule | Family) and sum(each.name == value.name for each in made[entry.kind]) > 1:
        entry.problem(f"{value.name!r} is there already")
    if isinstance(value, NoticeRule) and value.shape == "anchored" and value.every_months == 0:
        entry.problem("every_months must be more than 0")
    names = {each.name for each in made["rule"]}
    wanted = [value.rule] if isinstance(value, Family) else list(value.types) if isinstance(value, AccessRule) else []
    for name in filter(None, wanted):
        if name not in names:
            entry.problem(f"no [[rule]] above is named {name!r}", _nearest(name, names))


def _is_day(day: int, month: int) -> bool:
    try:
        date(LEAP_YEAR, month, day)
    except ValueError:
        return False
    # A day that is not there in every year would be no deadline in the others.
    return (day, month) != (29, 2)


def _nearest(word: str, words: Iterable[str]) -> str:
    return next(iter(get_close_matches(word, list(words), 1)), "")
