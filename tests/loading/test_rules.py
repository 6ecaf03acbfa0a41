"""rules/ and templates/ to a rulebook, or every problem at once with its line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from processor.loading.conditions import BLANK
from processor.loading.problems import Problem, Refused
from processor.loading.rules import load_rulebook
from processor.rulebook import FollowUp

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("rules", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def problems(folder: Path) -> list[Problem]:
    with pytest.raises(Refused) as refused:
        load_rulebook(folder / "rules", folder / "templates")
    return refused.value.problems


def change(path: Path, old: str, new: str) -> int:
    """Replace the first occurrence; the line on which it stood."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_shipped_rules_load() -> None:
    book = load_rulebook(ROOT / "rules", ROOT / "templates", ["Oppsigelse@visma.no"])
    assert {"termination", "otp_rights", "general", "no_action"} <= set(book.types)
    assert book.own_addresses == {"oppsigelse@visma.no"}
    assert book.languages["general/received"] == {"nb", "nn", "en", "sv", "da"}
    assert book.types["termination"].rank == min(each.rank for each in book.types.values())
    assert book.types["no_action"].rows == ()


def test_a_rows_identity_is_its_types_and_its_own_name() -> None:
    row = load_rulebook(ROOT / "rules", ROOT / "templates").types["termination"].rows[0]
    assert (row.name, row.file) == ("termination/estate", "rules/termination.toml")
    text = (ROOT / "rules/termination.toml").read_text(encoding="utf-8").splitlines()
    assert text[row.line - 1] == "[[row]]"
    assert row.holds({**BLANK, "sender.role": "estate"})


def test_a_new_type_is_a_rules_file_and_templates_and_no_python(copy: Path) -> None:
    (copy / "rules/price_question.toml").write_text(
        """
title = { nb = "Prisspørsmål", en = "Price question" }
rank = 65
answer_from = 0.9

[replies]
"price_question/list" = "answer"

[[recognise]]
name = "price"
any = ["hva koster", "prisliste"]
weight = 3

[[row]]
name = "list"
when = "size(fields.products) > 0"
reply = "price_question/list"
actions = [{ kind = "send_prices", needs = "staff", due = "2 business days" }]
""",
        encoding="utf-8",
    )
    (copy / "templates/price_question").mkdir()
    for language in ("nb", "nn", "en"):
        (copy / f"templates/price_question/list.{language}.txt").write_text(
            "Prisliste\n\nPrisene på {{ products | listed }} kommer.\n", encoding="utf-8"
        )
    book = load_rulebook(copy / "rules", copy / "templates")
    kind = book.types["price_question"]
    assert [pattern.name for pattern in kind.patterns] == ["price"]
    assert kind.rows[0].holds({**BLANK, "fields.products": ["Visma Global"]})
    assert (kind.rows[0].actions[0].due_days, kind.title["nn"]) == (2, "Prisspørsmål")
    assert book.render("price_question/list", "nb", {"products": ["A", "B", "C"]})[:2] == (
        "Prisliste",
        "Prisene på A, B og C kommer.",
    )


def test_a_saved_reply_is_a_file_that_no_rule_names_and_needs_its_bokmal(copy: Path) -> None:
    saved = copy / "templates" / "saved"
    (saved / "thanks.en.txt").write_text("Thanks\n\nThank you.\n", encoding="utf-8")
    assert [(each.file, each.text) for each in problems(copy)] == [
        ("templates/saved/thanks.en.txt", "saved reply 'saved/thanks' is missing in nb")
    ]
    (saved / "thanks.nb.txt").write_text("Takk\n\nTakk skal du ha.\n", encoding="utf-8")
    assert load_rulebook(copy / "rules", copy / "templates").languages["saved/thanks"] == {"nb", "en"}


def test_every_problem_of_every_file_is_told_at_once(copy: Path) -> None:
    rules = copy / "rules"
    lines = [
        change(rules / "termination.toml", 'when = "sender.role ==', 'when = "sender.rol =='),
        change(
            rules / "termination.toml", 'reply = "termination/received_part"', 'reply = "termination/recieved_part"'
        ),
        change(rules / "other.toml", "answer_from = 0.9", "answer_from = 90"),
        change(rules / "otp_code.toml", 'due = "same day"', 'due = "soon"'),
        change(rules / "elma_question.toml", "[[row]]\nname", "[[row]]\nnmae") + 1,
    ]
    found = problems(copy)
    seen = {(problem.file, problem.line): problem.hint for problem in found}
    assert seen["rules/termination.toml", lines[0]] == "sender.role"
    assert seen["rules/termination.toml", lines[1]] == "termination/received_part"
    assert ("rules/other.toml", lines[2]) in seen
    assert ("rules/otp_code.toml", lines[3]) in seen
    assert seen["rules/elma_question.toml", lines[4]] == "name"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("rank = 80", "", "rank must be a whole number"),
        ("rank = 80", "rank = 80\ncolour = 1", "unknown key 'colour'"),
        ("rank = 80", 'rank = 80\nlevel = "automatc"', "level must be one of"),
        ("rank = 80", 'rank = 80\nneeds = "three_staff"', "needs must be one of"),
        ("rank = 80", "rank = 80\nper_organisation = 3", "per_organisation"),
        ('"other/received" = "receipt"', '"other/received" = "letter"', "the kind of"),
        ('"other/received" = "receipt"', '"other/received" = "receipt"\n"other/unused" = "answer"', "used by no row"),
        ('"other/received" = "receipt"', "", "stands in no [replies]"),
        ('when = "true"', 'when = "size(fields.org_no)"', "must be true or false"),
        ('when = "true"', 'asks = ["org_nr"]\nwhen = "true"', "can be asked for"),
        ('kind = "answer_mail"', 'kind = "Answer it!"', "an action's kind"),
        ('when = "true"', "when = \"'strike' in mail.topics\"", "topic 'strike' is set by no"),
        ('needs = "staff"', 'neds = "staff"', "unknown key 'neds'"),
        ('title = { nb = "Henvendelse"', 'title = { no = "Henvendelse"', "title must have nb and en"),
        ("[[row]]", '[[row]]\nname = "received"\nwhen = "true"\n\n[[row]]', "named 'other/received' already"),
        ("rank = 80", "rank = = 80", "is not TOML"),
    ],
)
def test_a_fault_of_a_rules_file_is_refused_in_words(copy: Path, old: str, new: str, said: str) -> None:
    change(copy / "rules/other.toml", old, new)
    assert any(said in problem.text for problem in problems(copy))


def test_a_receipt_without_its_swedish_text_is_refused(copy: Path) -> None:
    (copy / "templates/other/received.sv.txt").unlink()
    [problem] = problems(copy)
    assert (problem.file, "sv" in problem.text) == ("rules/other.toml", True)


def test_a_template_that_no_rules_file_names_is_refused(copy: Path) -> None:
    (copy / "templates/other/forgotten.nb.txt").write_text("Glemt\n\nTekst.\n", encoding="utf-8")
    [problem] = problems(copy)
    assert problem.file == "templates/other/forgotten.nb.txt"


def test_a_missing_layout_or_neutral_receipt_is_refused(copy: Path) -> None:
    (copy / "templates/general/letter.da.txt").unlink()
    (copy / "rules/general.toml").unlink()
    said = " ".join(problem.text for problem in problems(copy))
    assert "general/letter" in said
    assert "general/received" in said


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "templates").mkdir()
    assert "no rules files" in problems(tmp_path)[0].text


def test_any_changed_file_changes_the_version(copy: Path) -> None:
    def version() -> str:
        return load_rulebook(copy / "rules", copy / "templates").version

    versions = {version()}
    change(copy / "rules/other.toml", "rank = 80", "rank = 81")
    versions.add(version())
    change(copy / "templates/other/received.nb.txt", ".", " .")
    versions.add(version())
    with (copy / "rules/data/products.toml").open("a", encoding="utf-8") as file:
        file.write("\n# A comment.\n")
    versions.add(version())
    assert len(versions) == 4


@pytest.mark.parametrize("name", ["termination", "general", "elma_register"])
def test_a_file_that_is_no_toml_is_one_problem_beside_those_of_other_files(copy: Path, name: str) -> None:
    change(copy / f"rules/{name}.toml", "[[", "[")
    (problem,) = problems(copy)
    assert (Path(problem.file).name, problem.line > 0) == (f"{name}.toml", True)
    assert "is not TOML" in problem.text
    line = change(copy / "rules/other.toml", "answer_from = 0.9", "answer_from = 90")
    orphan = copy / "templates/other/nobody.nb.txt"
    shutil.copy(copy / "templates/other/received.nb.txt", orphan)
    seen = problems(copy)
    assert ("rules/other.toml", line) in {(each.file, each.line) for each in seen}
    assert any("other/nobody" in each.text for each in seen)
    assert len(seen) == 3


def test_a_row_tells_when_a_customer_is_reminded_and_what_confirms_an_action() -> None:
    book = load_rulebook(ROOT / "rules", ROOT / "templates")
    rows = {row.name: row for row in book.types["termination"].rows}
    assert rows["termination/unidentified"].follow_up == FollowUp(days=3, most=1)
    assert rows["termination/notice"].follow_up is None
    assert rows["termination/notice"].actions[0].confirm == "termination/confirmed"
    assert rows["termination/other_company"].actions[0].confirm == ""
    assert book.types["termination"].repeated == "termination/received_again"
    assert book.types["termination_withdrawal"].withdraws == "termination"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{ days = 3, most = 1 }", "{ days = 0, most = 1 }", "days must be a whole number from 1 to 60, and is 0"),
        ("{ days = 3, most = 1 }", "{ days = 3, most = 6 }", "most must be a whole number from 1 to 5, and is 6"),
        ("{ days = 3, most = 1 }", "{ days = 3, moost = 1 }", "unknown key 'moost'"),
        ("follow_up = { days = 3, most = 1 }", "follow_up = 3", "follow_up must be a table"),
        ('asks = ["org_no", "power_of_attorney"]\n', "", "this row asks for nothing"),
        ('confirm = "termination/confirmed"', 'confirm = "termination/received"', "is no confirmation of [replies]"),
        ('repeated = "termination/received_again"', 'repeated = "termination/x"', "'termination/x' is no receipt"),
    ],
)
def test_a_faulty_follow_up_or_confirmation_is_refused(copy: Path, old: str, new: str, said: str) -> None:
    change(copy / "rules/termination.toml", old, new)
    assert said in "\n".join(map(str, problems(copy)))


def test_a_type_that_withdraws_no_type_is_refused(copy: Path) -> None:
    change(copy / "rules/termination_withdrawal.toml", 'withdraws = "termination"', 'withdraws = "terminations"')
    (found,) = problems(copy)
    assert (found.file, found.hint) == ("rules/termination_withdrawal.toml", "termination")
    lines = (copy / "rules/termination_withdrawal.toml").read_text(encoding="utf-8").splitlines()
    assert lines[found.line - 1] == 'withdraws = "terminations"'


def test_a_row_that_withdraws_without_an_action_is_refused_with_its_line(copy: Path) -> None:
    file = copy / "rules/termination_withdrawal.toml"
    change(file, 'actions = [{ kind = "decide_withdrawal", needs = "staff", due = "1 business day" }]\n', "")
    (found,) = problems(copy)
    assert (found.file, file.read_text(encoding="utf-8").splitlines()[found.line - 1]) == (
        "rules/termination_withdrawal.toml",
        "[[row]]",
    )
    assert "'termination_withdrawal/identified' has no action" in found.text
