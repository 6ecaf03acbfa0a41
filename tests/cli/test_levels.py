"""The level automatic says so until a type's precision is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from processor.cli import answers
from processor.loading.rules import load_rulebook
from tests.cli.test_commands import ROOT, run
from tests.shipped import configuration

CONFIG = configuration('levels = { termination = "automatic" }')


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text("a key")
    (tmp_path / "config.toml").write_text(CONFIG)
    return tmp_path


def test_the_list_shows_each_types_level_beside_what_is_shown_of_it(here: Path) -> None:
    told = run("levels", "list", cwd=here)
    assert told.returncode == 0, told.stderr
    lines = {line.split()[0]: line for line in told.stdout.splitlines()}
    assert " automatic  ! precision " in lines["termination"]
    assert lines["termination"].endswith("goal 99.5 %")
    assert " observe      precision " in lines["elma_question"]
    assert lines["general"].split() == ["general", "observe"]


def test_a_script_is_warned_and_obeyed(here: Path) -> None:
    told = run("levels", "set", "otp_code", "automatic", cwd=here)
    assert told.returncode == 0
    assert "otp_code: answering alone is not shown to be right often enough yet; precision" in told.stderr
    assert "otp_code                 automatic" in run("levels", "list", cwd=here).stdout


def test_a_lower_level_needs_no_warning(here: Path) -> None:
    told = run("levels", "set", "otp_code", "approve", cwd=here)
    assert (told.returncode, told.stderr) == (0, "")


def test_check_names_what_is_configured_to_answer_alone(here: Path) -> None:
    told = run("check", "--examples", str(here), cwd=here)
    assert told.returncode == 0, told.stderr
    assert "warning: termination: answering alone is not shown" in told.stdout
    assert "otp_code" not in told.stdout


def test_a_person_at_a_terminal_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    rulebook = load_rulebook(ROOT / "rules", ROOT / "templates", (), None)
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    with pytest.raises(typer.Exit):
        answers._warn(["termination"], rulebook, ask=True)
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: True)
    answers._warn(["termination"], rulebook, ask=True)
    answers._warn(["general"], rulebook, ask=True)
