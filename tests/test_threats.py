"""Every case of the threats stands once in docs/security.md, with tests that exist or with what is owed."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# The cases of the list of threats, which the repository does not hold.
RANGES = ((1, 15), (20, 28), (30, 41), (50, 61), (65, 72), (75, 83), (85, 98))
CASES = [f"T{number:02}" for first, last in RANGES for number in range(first, last + 1)]
ROW = re.compile(r"^\| (T\d\d) \| (.+?) \| (.*?) \|$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def rows() -> list[tuple[str, str, str]]:
    """Case, what must happen, and what shows it, of each row of the table."""
    text = (HERE.parent / "docs" / "security.md").read_text(encoding="utf-8")
    return [found.groups() for found in ROW.finditer(text)]  # type: ignore[misc]


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((HERE / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_case_stands_in_the_table_once_and_no_other() -> None:
    assert [case for case, _, _ in rows()] == CASES


@pytest.mark.parametrize("case", CASES)
def test_each_case_names_tests_that_exist_or_says_what_is_owed(case: str) -> None:
    ((_, must, shown),) = [row for row in rows() if row[0] == case]
    assert must.strip()
    named = NAMED.findall(shown)
    assert named or re.search(r"owed: \S", shown), case
    for file, test in named:
        assert test in names_in(file), f"{file}::{test}"


def test_a_test_that_is_named_after_a_case_names_a_known_one() -> None:
    used = {
        found
        for path in HERE.rglob("test_*.py")
        for name in re.findall(r"def test_((?:T\d\d_(?:to_)?)+)", path.read_text(encoding="utf-8"))
        for found in re.findall(r"T\d\d", name)
    }
    assert used <= set(CASES)
