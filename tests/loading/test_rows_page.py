"""docs/rows.md is true: every row of the rule table is decided, answered in its languages, and shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from processor.loading.rules import load_rulebook
from processor.loading.templates import ANSWER_LANGUAGES, LANGUAGES
from processor.rulebook import ActionRule

ROOT = Path(__file__).parents[2]
BOOK = load_rulebook(ROOT / "rules", ROOT / "templates")
ROWS = {row.name: row for kind in BOOK.types.values() for row in kind.rows}
MAILS = ROOT / "tests" / "mails"
LINE = re.compile(r"^\| (R\d\d|–) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Told:
    """A line of the page."""

    row: str
    rules: list[str]
    letters: list[str]
    dues: set[str]
    examples: list[str]


def lines() -> list[Told]:
    text = (ROOT / "docs" / "rows.md").read_text(encoding="utf-8")
    found = []
    for row, _, rules, letters, dues, examples in LINE.findall(text):
        told = set() if dues == "–" else set(dues.split("<br>"))
        found.append(Told(row, CODE.findall(rules), CODE.findall(letters), told, CODE.findall(examples)))
    return found


TOLD = lines()


def due(action: ActionRule) -> str:
    count, unit = (action.due_months, "month") if action.due_months else (action.due_days, "business day")
    return f"{count} {unit}{'s' if count > 1 else ''}" if count else "same day"


def wanted(example: str) -> str:
    return (MAILS / f"{example}.want").read_text(encoding="utf-8")


def test_every_row_of_the_rule_table_has_its_line() -> None:
    assert [each.row for each in TOLD if each.row != "–"] == [f"R{number:02}" for number in range(1, 31)]


def test_every_row_of_the_rules_stands_on_the_page() -> None:
    assert {name for each in TOLD for name in each.rules} == set(ROWS)


@pytest.mark.parametrize("told", TOLD, ids=lambda told: told.row)
def test_the_letters_and_due_times_of_a_line_are_those_of_its_rows(told: Told) -> None:
    rows = [ROWS[name] for name in told.rules]
    assert set(told.letters) == {row.reply for row in rows}
    assert told.dues == {f"{action.kind}: {due(action)}" for row in rows for action in row.actions}
    for row in rows:
        languages = LANGUAGES if row.reply_kind == "receipt" else ANSWER_LANGUAGES
        assert set(languages) <= BOOK.languages[row.reply]


@pytest.mark.parametrize("told", TOLD, ids=lambda told: told.row)
def test_a_line_has_two_examples_that_its_rows_decide(told: Told) -> None:
    rules = [match[1] for each in told.examples if (match := re.search(r"^rule: (.+)$", wanted(each), re.MULTILINE))]
    if told.rules:
        assert len(told.examples) == len(rules)
        assert set(rules) <= set(told.rules)
    assert len(told.examples) >= 2


@pytest.mark.parametrize("told", [each for each in TOLD if each.rules], ids=lambda told: told.row)
def test_the_examples_of_a_line_are_in_more_than_one_language_or_of_more_than_one_row(told: Told) -> None:
    said = {match[0] for each in told.examples for match in re.finditer(r"^(?:language|rule): .+$", wanted(each), re.M)}
    assert len(said) >= 3


@pytest.mark.parametrize("example", next(each.examples for each in TOLD if each.row == "R30"))
def test_what_asks_for_nothing_is_not_answered(example: str) -> None:
    assert "outcome: ignore\n" in wanted(example)
    assert "reply: none\n" in wanted(example)
