"""``processor deadlines``: the lawyer's table beside what the rules reckon."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from processor.cli.main import app

TABLE = Path(__file__).parent.parent / "deciding" / "deadline-examples.md"


def test_all_forty_examples_are_printed_with_what_comes_out() -> None:
    told = CliRunner().invoke(app, ["deadlines"])
    assert told.exit_code == 0
    assert told.output.count("✓") == 41
    assert "40 examples in 41 rows: all as written" in told.output
    assert "→ status borderline; last day 31.12.2018" in told.output


def test_a_row_that_comes_out_otherwise_is_named_and_fails(tmp_path: Path) -> None:
    changed = tmp_path / "examples.md"
    changed.write_text(TABLE.read_text(encoding="utf-8").replace("13.04.2026", "08.04.2026"), encoding="utf-8")
    told = CliRunner().invoke(app, ["deadlines", "--examples", str(changed)])
    assert told.exit_code == 1
    assert "✗  36" in told.output
    assert "answer by 13.04.2026, NOT 08.04.2026" in told.output


def test_one_contract_is_reckoned_from_the_command_line() -> None:
    given = ["--type", "B", "--signed", "01.02.2018", "--received", "01.01.2019 00:00"]
    told = CliRunner().invoke(app, ["deadlines", *given])
    assert "borderline" in told.output
    assert "31.01.2019" in told.output
    assert CliRunner().invoke(app, ["deadlines", "--type", "A", "--received", "31.02.2019"]).exit_code == 2


def test_a_products_family_is_known_and_tells_how_long_one_can_look_things_up() -> None:
    given = ["--type", "A", "--family", "business", "--received", "05.10.2018 09:00"]
    told = CliRunner().invoke(app, ["deadlines", *given]).output.splitlines()
    assert told[:2] == ["status:             late", "last day:           31.12.2019"]
    assert told[-2:] == [
        "access to:          20.06.2020",
        "access:             to finish the accounts; close no earlier than 30 June",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--type", "A", "--received", "i gaar"], "'i' is no day; days are written 01.02.2018"),
        (["--type", "A", "--received", "01.01.2019 25:00"], "'25:00' is no time of the day"),
        (["--type", "B", "--signed", "01.02.2018"], "give --received too"),
        (["--type", "Q", "--received", "01.01.2019"], "no type 'Q': there are A, B"),
        (["--family", "foo", "--received", "01.01.2019"], "no family 'foo'"),
    ],
)
def test_what_cannot_be_reckoned_is_said(given: list[str], said: str) -> None:
    told = CliRunner().invoke(app, ["deadlines", *given])
    assert told.exit_code == 2
    assert said in told.output
