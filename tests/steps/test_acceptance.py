"""Changed rules are taken only if they are right and every example still does as its .want says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from processor.loading.examples import Examples, examples_beside, load_examples
from processor.loading.rules import load_rulebook
from processor.loading.versions import row_versions
from processor.message import Extracted
from processor.steps.acceptance import Sight, accept
from processor.steps.examples import try_examples

ROOT = Path(__file__).parent.parent.parent
AUTHSERV_ID = "mx.kundesenter.example"
OWN = ("oppsigelse@visma.no", "skysupport@visma.com")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Rules and templates with two examples beside them."""
    for name in ("rules", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("elma_question/01-status", "termination/01-annual-with-number"):
        for file in (ROOT / "tests" / "mails").glob(f"{name}.*"):
            target = tmp_path / "examples" / f"{name}{file.suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    return tmp_path


def problems(here: Path, *, examples: bool = True) -> tuple[str, ...]:
    sight = Sight(OWN, (AUTHSERV_ID,), here / "rules" if examples else None)
    found, rulebook = accept(here / "rules", here / "templates", sight)
    assert (rulebook is None) == bool(found.problems)
    return found.problems


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_rules_whose_examples_hold_are_taken(here: Path) -> None:
    sight = Sight(OWN, (AUTHSERV_ID,), here / "rules")
    found, rulebook = accept(here / "rules", here / "templates", sight)
    assert (found.problems, found.examples) == ((), 2)
    assert rulebook
    assert found.version == rulebook.version
    rows = {row.name for kind in rulebook.types.values() for row in kind.rows}
    assert set(found.rows) == rows | {f"automatic/{each}" for each in ("auto_reply", "bounce", "bulk", "spam")}


def test_an_example_that_is_decided_otherwise_keeps_the_old_rules_and_says_what_changed(here: Path) -> None:
    change(here / "rules" / "elma_question.toml", 'name = "identified"', 'name = "known"')
    first, last = problems(here)
    assert "elma_question/01-status.eml: is not decided as its .want says: -rule: elma_question/identified" in first
    assert "+rule: elma_question/known" in first
    assert last.endswith("processor reload --force")
    assert problems(here, examples=False) == ()


def test_an_example_that_is_owed_may_fail(here: Path) -> None:
    change(here / "rules" / "elma_question.toml", 'name = "identified"', 'name = "known"')
    (here / "examples" / "examples.toml").write_text('[owed]\n"elma_question/01-status" = "next week"\n')
    assert problems(here) == ()


def test_without_examples_the_operator_must_say_so(here: Path) -> None:
    shutil.rmtree(here / "examples")
    (said,) = problems(here)
    assert "holds no example mails" in said
    assert "processor reload --force" in said
    assert problems(here, examples=False) == ()


def test_broken_rules_are_refused_also_when_no_example_is_asked(here: Path) -> None:
    (here / "templates" / "elma_question" / "explained.nb.txt").write_text("Emne\n\n{{ 1 / plural }}\n")
    assert "ZeroDivisionError" in " ".join(problems(here, examples=False))
    change(here / "rules" / "elma_question.toml", "rank = 60", "rnak = 60")
    assert "did you mean rank?" in " ".join(problems(here, examples=False))


def test_an_example_without_a_want_is_a_problem(here: Path) -> None:
    (here / "examples" / "elma_question" / "01-status.want").unlink()
    assert "has no .want beside it" in problems(here)[0]


def test_the_settings_of_the_examples_are_checked(here: Path) -> None:
    settings = here / "examples" / "examples.toml"
    settings.write_text('own_adresses = ["x@y.no"]\nauthserv_ids = "x"\n[owed]\n"termination/99" = "why"\n')
    said = [str(each) for each in load_examples(here / "examples", (), ())[1]]
    assert said == [
        "examples.toml:1: unknown key 'own_adresses' (did you mean own_addresses?)",
        "examples.toml:2: authserv_ids must be a list of texts",
        "examples.toml:4: there is no example 'termination/99'",
    ]


def test_the_shipped_examples_stand_beside_the_shipped_rules() -> None:
    assert examples_beside(ROOT / "rules") == ROOT / "tests" / "mails"


def test_a_rule_s_version_changes_with_its_own_words_and_with_nothing_else(here: Path) -> None:
    def versions() -> dict[str, str]:
        book = load_rulebook(here / "rules", here / "templates")
        return {name: row[0] for name, row in row_versions(book, here / "templates").items()}

    before = versions()
    assert versions() == before
    change(here / "templates" / "elma_question" / "explained.nb.txt", "ELMA", "Elma")
    change(here / "rules" / "termination.toml", "|| 'estate' in mail.topics", "")
    changed = {name for name, version in versions().items() if version != before[name]}
    assert changed == {"elma_question/identified", "elma_question/general", "termination/estate"}


def test_an_example_is_decided_by_the_contracts_beside_it(tmp_path: Path) -> None:
    book = load_rulebook(ROOT / "rules", ROOT / "templates")
    name, shipped = "termination/15-annual-english", ROOT / "tests" / "mails"
    (tmp_path / "termination").mkdir()
    for ending in (".eml", ".want", ".csv"):
        (tmp_path / f"{name}{ending}").write_bytes((shipped / f"{name}{ending}").read_bytes())
    examples = Examples(tmp_path, ("mx.kundesenter.example",), ("oppsigelse@visma.no",))
    assert try_examples(examples, book, lambda *_: Extracted()).failed == []
    contracts = tmp_path / f"{name}.csv"
    contracts.write_text(contracts.read_text(encoding="utf-8").replace(";A;", ";B;"), encoding="utf-8")
    ((_, fault),) = try_examples(examples, book, lambda *_: Extracted()).failed
    assert "-deadline: timely, ends 2026-12-31" in fault
    contracts.write_text("nonsense\n", encoding="utf-8")
    ((_, fault),) = try_examples(examples, book, lambda *_: Extracted()).failed
    assert "15-annual-english.csv" in fault
