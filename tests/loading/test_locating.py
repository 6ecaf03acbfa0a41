"""A problem points at the line and the column of the words that it is about."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from processor.loading.locating import located
from processor.loading.problems import Problem, Refused
from processor.loading.rules import load_rulebook

ROOT = Path(__file__).parent.parent.parent
FILE = "rules/elma_question.toml"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("located")
    for name in ("rules", "templates"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def pointed(shipped: Path, old: str, new: str, about: str) -> tuple[str, str]:
    """The problem about something after a change, and the text from its place on."""
    file = shipped / FILE
    right = file.read_text(encoding="utf-8")
    assert old in right
    file.write_text(right.replace(old, new, 1), encoding="utf-8")
    try:
        with pytest.raises(Refused) as refused:
            load_rulebook(shipped / "rules", shipped / "templates")
        found = located(refused.value.problems, [shipped])
        (one,) = [each for each in found if about in each.text]
        return str(one), file.read_text(encoding="utf-8").splitlines()[one.line - 1][one.column - 1 :]
    finally:
        file.write_text(right, encoding="utf-8")


def test_an_unknown_key_is_pointed_at_with_the_right_word(shipped: Path) -> None:
    said, rest = pointed(shipped, "rank = 60", "rnak = 60", "unknown key")
    assert rest.startswith("rnak")
    assert said.endswith("unknown key 'rnak' (did you mean rank?)")


def test_an_unknown_table_is_pointed_at_with_the_right_word(shipped: Path) -> None:
    said, rest = pointed(shipped, "[[recognise]]", "[[recognize]]", "unknown key")
    assert rest.startswith("recognize")
    assert said.endswith("unknown key 'recognize' (did you mean recognise?)")


def test_an_unknown_variable_is_pointed_at_within_its_condition(shipped: Path) -> None:
    said, rest = pointed(shipped, "size(fields.org_no) > 0", "size(filds.org_no) > 0", "no variable")
    assert rest.startswith("filds.org_no")
    assert said.endswith("when: no variable 'filds.org_no' (did you mean fields.org_no?)")


def test_an_unknown_function_is_pointed_at_where_it_stands(shipped: Path) -> None:
    new = "'size' in mail.topics || siz(fields.org_no) > 0"
    said, rest = pointed(shipped, "size(fields.org_no) > 0", new, "no function")
    assert rest.startswith("siz(")
    assert said.endswith("when: no function 'siz' (did you mean size?)")


@pytest.mark.parametrize("opened", ["", "\n"], ids=["at_once", "on_the_next_line"])
def test_a_fault_in_a_condition_of_many_lines_is_pointed_at_in_its_line(shipped: Path, opened: str) -> None:
    new = f"when = '''{opened}true &&\n  fields.org_no.alll(p, p == 'x')'''"
    said, rest = pointed(shipped, 'when = "true"', new, "no function")
    assert rest.startswith("alll(")
    assert said.endswith("when: no function 'alll' (did you mean all?)")


def test_a_fault_of_a_condition_that_names_nothing_is_pointed_at_too(shipped: Path) -> None:
    _, rest = pointed(shipped, "size(fields.org_no) > 0", "size(fields.org_no) > )", "when: ")
    assert rest.startswith(")")


def test_a_pattern_is_pointed_at_in_a_list_of_many_lines(shipped: Path) -> None:
    _, rest = pointed(shipped, "any = ['", "any = [\n  'heilt ok',\n  '(a+)+', '", "can take for ever")
    assert rest.startswith("(a+)+")


def test_a_pattern_with_backslashes_is_found(shipped: Path) -> None:
    _, rest = pointed(shipped, "any = ['", r"any = ['(\w+)+x', '", "can take for ever")
    assert rest.startswith(r"(\w+)+x")


def test_an_unknown_reply_and_a_wrong_word_are_pointed_at(shipped: Path) -> None:
    was = 'reply = "elma_question/explained"'
    said, rest = pointed(shipped, was, 'reply = "elma_question/explaned"', "stands in no [replies]")
    assert rest.startswith("elma_question/explaned")
    assert "did you mean elma_question/explained?" in said
    _, rest = pointed(shipped, 'needs = "staff"', 'needs = "staf"', "needs must be")
    assert rest.startswith("staf")


def test_what_is_no_toml_is_pointed_at(shipped: Path) -> None:
    _, rest = pointed(shipped, "rank = 60", "rank = = 60", "is not TOML")
    assert rest.startswith("= 60")


def test_a_missing_key_points_at_its_table(shipped: Path) -> None:
    _, rest = pointed(shipped, 'when = "true"\n', "", "when is missing")
    assert rest == "[[row]]"


def test_a_file_that_cannot_be_read_or_is_elsewhere_keeps_its_line(tmp_path: Path) -> None:
    problem = Problem("nowhere.toml", 7, "unknown key 'x'")
    assert located([problem], [tmp_path]) == [problem]
