"""Notes on rules that may be loaded and yet look like a mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from processor.loading.notes import conjuncts, notes, undecided, unreachable, unshown, unstruck
from processor.loading.rules import load_rulebook
from processor.rulebook import Row

ROOT = Path(__file__).parent.parent.parent


def row(number: int, when: str) -> Row:
    return Row(f"t/r{number}", when, lambda _: True, "", "receipt", (), file="t.toml", line=number)


def rows(*conditions: str) -> list[Row]:
    return [row(number, when) for number, when in enumerate(conditions)]


def never(*conditions: str) -> list[int]:
    return [each.line for each in unreachable(rows(*conditions))]


def test_nothing_is_reached_behind_a_row_that_always_holds() -> None:
    assert never("fields.users > 0", "true", "fields.users > 1", "true") == [2, 3]


def test_a_narrower_condition_behind_a_wider_one_is_never_reached() -> None:
    assert never("a && b", "c && b  &&  a", "a") == [1]


def test_the_same_condition_twice_is_never_reached() -> None:
    assert never("a || b", "a  || b") == [1]


def test_an_alternative_is_not_taken_for_its_parts() -> None:
    assert never("a && b", "a && b || c", "a && c") == []


def test_brackets_and_quotes_hide_what_they_hold() -> None:
    assert conjuncts("(a && b) && 'x && y' in c") == {"(a && b)", "'x && y' in c"}
    assert conjuncts(r"'it\' && b' == a && d") == {r"'it\' && b' == a", "d"}
    assert conjuncts("(a || b) && c") == {"(a || b)", "c"}


@pytest.fixture(scope="module")
def found() -> list[str]:
    rules, templates = ROOT / "rules", ROOT / "templates"
    return [str(each) for each in notes(load_rulebook(rules, templates), rules, templates)]


def test_no_shipped_row_is_out_of_reach(found: list[str]) -> None:
    assert [each for each in found if "never reached" in each] == []


def test_patterns_and_rows_that_no_example_needs_are_named_by_file() -> None:
    rulebook = load_rulebook(ROOT / "rules", ROOT / "templates")
    every = {f"{kind.name}/{each.name}" for kind in rulebook.types.values() for each in kind.patterns}
    assert unstruck(rulebook, every, ROOT / "rules") == []
    (note,) = unstruck(rulebook, every - {"elma_question/what-is"}, ROOT / "rules")
    assert str(note).startswith("rules/elma_question.toml: 1 of ")
    assert note.text.endswith("found in no example: what-is")
    decided = {row.name for kind in rulebook.types.values() for row in kind.rows}
    (note,) = undecided(rulebook, decided - {"elma_question/general"}, ROOT / "rules")
    assert note.text == "1 of 2 rows decide no example: general"


def test_a_topic_that_nothing_asks_for_is_named_with_its_line(tmp_path: Path) -> None:
    import shutil

    for name in ("rules", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    file = tmp_path / "rules" / "other.toml"
    text = file.read_text(encoding="utf-8").replace('nn = "Førespurnad", ', "")
    file.write_text(text + "\n[[recognise]]\nname = 'mark'\nany = ['zzz']\nweight = 0\ntopic = 'unheard'\n")
    book = load_rulebook(tmp_path / "rules", tmp_path / "templates")
    said = [str(each) for each in notes(book, tmp_path / "rules", tmp_path / "templates")]
    line = text.count("\n") + 2
    assert f"rules/other.toml:{line}: pattern 'mark' has no weight, and no row or template asks for 'unheard'" in said
    assert any("title has no nn" in each for each in said)


def test_types_without_any_example_are_named_together_and_no_pattern_of_theirs() -> None:
    rulebook = load_rulebook(ROOT / "rules", ROOT / "templates")
    shown = set(rulebook.types) - {"other", "otp_code"}
    (note,) = unshown(rulebook, shown, ROOT / "rules")
    assert str(note) == f"rules: 2 of {len(rulebook.types)} request types have no example: other, otp_code"
    assert unshown(rulebook, set(rulebook.types), ROOT / "rules") == []
    assert [each.file for each in unstruck(rulebook, (), ROOT / "rules", {"otp_code"})] == ["rules/otp_code.toml"]
    assert [each.file for each in undecided(rulebook, (), ROOT / "rules", {"otp_code"})] == ["rules/otp_code.toml"]
