"""Operators' words to patterns: ``[[recognise]]`` tables, products and plain word lists.

A pattern is written by an operator and read against strangers' text, so what could backtrack without
bound is refused here: an unbounded repeat inside another, or two that stand side by side and may eat
the same characters are the classic traps (CWE-1333).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from re import _constants as ops  # type: ignore[attr-defined,unused-ignore]
from re import _parser as grammar  # type: ignore[attr-defined,unused-ignore]
from typing import Any

from processor.loading.alternatives import by_first_letter
from processor.loading.literals import PLAIN, clauses_of, clauses_of_plain
from processor.loading.problems import Problem
from processor.needles import Alternative
from processor.rulebook import Pattern, Product

PATTERN_KEYS = ("name", "any", "also", "unless", "mail", "weight", "where", "topic")
PRODUCT_KEYS = ("name", "aliases", "ordinary", "family")
PLACES = ("subject", "body", "both")
MOST_REPEATS = 400
"""The widest bounded repeat an operator may write, such as ``.{0,60}``."""


def compile_patterns(
    table_list: list[dict[str, Any]], file: str, line_of: Callable[[int], int]
) -> tuple[tuple[Pattern, ...], list[Problem]]:
    """Compile the ``[[recognise]]`` tables of one rules file; ``line_of`` gives the line of table N, from 0."""
    patterns: list[Pattern] = []
    problems: list[Problem] = []
    for number, table in enumerate(table_list):
        pattern, faults = _pattern(table, file, line_of(number))
        problems += faults
        if pattern is not None:
            patterns.append(pattern)
    return tuple(patterns), problems + _repeated([p.name for p in patterns], file, line_of)


def _repeated(names: list[str], file: str, line_of: Callable[[int], int]) -> list[Problem]:
    return [
        Problem(file, line_of(number), f"the name {name!r} is used twice")
        for number, name in enumerate(names)
        if name in names[:number]
    ]


def _pattern(table: dict[str, Any], file: str, line: int) -> tuple[Pattern | None, list[Problem]]:
    def wrong(text: str, hint: str = "") -> None:
        problems.append(Problem(file, line, text, hint))

    problems = _unknown_keys(table, PATTERN_KEYS, file, line)
    name, weight = table.get("name"), table.get("weight", 1)
    where, topic = table.get("where", "both"), table.get("topic", "")
    if not isinstance(name, str) or not name:
        name = ""
        wrong("a recognise table needs a name")
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        wrong(f"weight must be a number, not {weight!r}")
    if where not in PLACES:
        wrong(f"where must be subject, body or both, not {where!r}", _nearest(str(where), PLACES))
    if not isinstance(topic, str):
        wrong(f"topic must be text, not {topic!r}")
    lists = {}
    for key in ("any", "also", "unless", "mail"):
        lists[key], faults = compile_alternatives(table.get(key, []), f"{key} of {name}", file, line)
        problems += faults
    if lists["any"] is None and not problems:
        wrong(f"{name} has no words in any")
    if problems:
        return None, problems
    return (
        Pattern(
            name,
            lists["any"],
            lists["unless"],
            float(weight),
            where,
            topic,
            lists["also"],
            lists["mail"],
            *(tuple(_read(text)[1] for text in table.get(key, [])) for key in ("any", "also")),
        ),
        [],
    )


def compile_alternatives(
    texts: object, what: str, file: str, line: int, *, start: bool = True
) -> tuple[re.Pattern[str] | None, list[Problem]]:
    """Join a list of expressions into one that matches at word starts; None for an empty list or a fault."""
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        return None, [Problem(file, line, f"{what} must be a list of texts")]
    problems = [Problem(file, line, f"{what}: {fault}") for text in texts for fault in _read(text)[0]]
    if problems or not texts:
        return None, problems
    return re.compile((r"(?<!\w)" if start else "") + "(?:" + by_first_letter(texts) + ")"), []


@cache
def _read(text: str) -> tuple[tuple[str, ...], Alternative]:
    """What is wrong with an expression, and what must stand where it is found at a word's start.

    A quarter of the expressions stand in several lists.  What was parsed is not kept: it would leave 15 MB of
    holes in memory.
    """
    faults = []
    if text != text.lower() and not re.search(r"\\[A-Z]", text):
        faults.append(f"{text!r} has capital letters, but the text is matched in lower case")
    if PLAIN.fullmatch(text):
        return tuple(faults), clauses_of_plain(text)
    try:
        tree = grammar.parse(text)
        unbounded, clauses = _unbounded(tree, inside=False), clauses_of(tree)
    except RecursionError:
        return (*faults, f"{text!r} has too many brackets within another"), ""
    except (re.error, OverflowError) as fault:
        return (*faults, f"{text!r} is no regular expression: {fault}"), ""
    if unbounded:
        faults.append(f"{text!r} can take for ever: a repeat without bound within or beside another")
    elif tree.getwidth()[0] == 0:
        faults.append(f"{text!r} matches nothing at all")
    return tuple(faults), clauses


def forget_read() -> None:
    """Give back what reading took: expressions are not read again before the next load."""
    _read.cache_clear()


def _unbounded(tree: Any, *, inside: bool) -> bool:
    """Whether a repeat that has no bound, or a wide one, stands within another or follows another."""
    wide = 0
    for op, value in tree:
        if op in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            _, most, body = value
            endless = most is ops.MAXREPEAT or most > MOST_REPEATS
            wide += endless
            if (endless and inside) or wide > 1 or _unbounded(body, inside=inside or most > 1):
                return True
        elif any(_unbounded(body, inside=inside) for body in _bodies(op, value)):
            return True
    return False


def _bodies(op: Any, value: Any) -> list[Any]:
    if op is ops.SUBPATTERN:
        return [value[-1]]
    if op is ops.BRANCH:
        return list(value[1])
    if op in (ops.ASSERT, ops.ASSERT_NOT):
        return [value[1]]
    if op is ops.ATOMIC_GROUP:
        return [value]
    return [body for body in value[1:] if body is not None] if op is ops.GROUPREF_EXISTS else []


def load_products(path: Path) -> tuple[tuple[Product, ...], list[Problem]]:
    """Read ``[[product]]`` tables: name, aliases, ordinary (aliases that are everyday words) and family."""
    tables, problems = read_toml(path)
    products = []
    for number, table in enumerate(tables.get("product", [])):
        line = line_of_table(path, "[[product]]", number)
        faults = _unknown_keys(table, PRODUCT_KEYS, path.name, line)
        if not isinstance(table.get("name"), str):
            faults.append(Problem(path.name, line, "a product needs a name"))
        for key in ("aliases", "ordinary"):
            if not _texts(table.get(key, [])):
                faults.append(Problem(path.name, line, f"{key} must be a list of texts"))
        problems += faults
        if not faults:
            aliases, ordinary = (tuple(table.get(key, ())) for key in ("aliases", "ordinary"))
            products.append(Product(table["name"], aliases, ordinary, str(table.get("family", ""))))
    return tuple(products), problems


def load_words(path: Path) -> tuple[frozenset[str], list[Problem]]:
    """Read every list of texts in a file as one set of lower-case words."""
    tables, problems = read_toml(path)
    words: set[str] = set()
    for key, value in tables.items():
        if _texts(value):
            words.update(word.lower() for word in value)
        else:
            problems.append(Problem(path.name, line_of_key(path, key), f"{key} must be a list of texts"))
    return frozenset(words), problems


def read_toml(path: Path) -> tuple[dict[str, Any], list[Problem]]:
    """The tables of a file; a missing or broken file is a Problem and no tables."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), []
    except (OSError, UnicodeDecodeError) as fault:
        return {}, [Problem(path.name, 0, f"cannot be read: {type(fault).__name__}")]
    except tomllib.TOMLDecodeError as fault:
        found = re.search(r"line (\d+)", str(fault))
        return {}, [Problem(path.name, int(found[1]) if found else 0, f"is no TOML: {fault}")]


def line_of_table(path: Path, heading: str, number: int) -> int:
    """The line of the Nth table with this heading, from 0; 0 when there is none."""
    lines = [n for n, text in enumerate(_lines(path), 1) if text.strip() == heading]
    return lines[number] if number < len(lines) else 0


def line_of_key(path: Path, key: str) -> int:
    """The first line that sets the key; 0 when there is none."""
    start = re.compile(rf"\s*\[?\"?{re.escape(key)}\b")
    return next((n for n, text in enumerate(_lines(path), 1) if start.match(text)), 0)


def _lines(path: Path) -> Iterable[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _unknown_keys(table: dict[str, Any], known: tuple[str, ...], file: str, line: int) -> list[Problem]:
    return [Problem(file, line, f"unknown key {key!r}", _nearest(key, known)) for key in table if key not in known]


def _nearest(word: str, words: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(word, list(words), 1)), "")
