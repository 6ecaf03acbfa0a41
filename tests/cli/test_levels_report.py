"""The levels commands: bare, show, raise, lower and the report that a manager signs."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from processor.cli.levels_report import MEANING, SAID, SIGNED
from processor.cli.levels_words import NB, Words
from tests.cli.test_commands import run
from tests.replay.past_store import Here, past_store


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Here:
    return past_store(tmp_path_factory.mktemp("levels"))


def test_bare_levels_is_the_list_and_a_misplaced_option_is_told(here: Here) -> None:
    assert run("levels", cwd=here.folder).stdout == run("levels", "list", cwd=here.folder).stdout
    told = run("levels", "-c", "config.toml", "list", cwd=here.folder)
    assert told.returncode == 2
    assert "after the command" in told.stderr


def test_show_says_what_the_next_level_would_send_with_the_letters(here: Here) -> None:
    told = run("levels", "show", "termination", cwd=here.folder).stdout
    assert "level          draft (every reply waits for a person)" in told
    assert "next level     approve (receipts go out" in told
    assert "staff have judged none yet; goal 99.5 %" in told
    assert "that would have gone out at approve:" in told
    assert "    | Hei" in told


def test_a_level_is_raised_and_lowered_by_one_with_the_name_of_who_did_it(here: Here) -> None:
    up = run("levels", "raise", "other", cwd=here.folder)
    assert up.stdout.split() == ["other", "draft", "→", "approve"]
    assert run("levels", "lower", "other", cwd=here.folder).stdout.split() == ["other", "approve", "→", "draft"]
    with sqlite3.connect(here.config.store_url.removeprefix("sqlite:///")) as store:
        events = store.execute("select data, actor from event where kind = 'level.changed' order by id").fetchall()
    store.close()
    assert events[0][0] == '{"from":"draft","to":"approve","type":"other"}'
    assert all(actor.endswith("(command line)") for _, actor in events)


def test_the_bottom_and_an_unknown_type_are_told(here: Here) -> None:
    run("levels", "set", "spare", "observe", cwd=here.folder)
    run("levels", "lower", "otp_code", cwd=here.folder)
    bottom = run("levels", "lower", "otp_code", cwd=here.folder)
    assert (bottom.returncode, bottom.stdout) == (1, "otp_code is at observe already; there is no level below.\n")
    assert "no request type 'spare'" in run("levels", "show", "spare", cwd=here.folder).stderr


def test_the_report_names_every_used_type_and_has_a_line_to_sign(here: Here, tmp_path: Path) -> None:
    told = run("levels", "report", "--sample", "1", cwd=here.folder).stdout
    for name in ("termination", "elma_question", "otp_code"):
        assert f"\n{name} (" in told
    assert "No mail yet: " in told
    assert "Signature: ____" in told
    page = tmp_path / "levels.html"
    assert run("levels", "report", "--html", str(page), cwd=here.folder).returncode == 0
    text = page.read_text()
    assert "<script" not in text
    assert text.count("<th>Signature</th>") == text.count("<section")
    assert page.stat().st_mode & 0o777 == 0o600


def test_the_report_is_in_norwegian_for_who_signs_in_norwegian(here: Here, tmp_path: Path) -> None:
    told = run("levels", "report", "--sample", "1", "--language", "nb", cwd=here.folder)
    assert (told.returncode, told.stderr) == (0, "")
    assert "  riktig         saksbehandlerne har ikke vurdert noen ennå; målet er 99,5 %\n" in told.stdout
    assert "Underskrift: ____" in told.stdout
    page = tmp_path / "nivaa.html"
    run("levels", "report", "--language", "nb", "--html", str(page), cwd=here.folder)
    assert page.read_text().startswith("<!doctype html>\n<html lang='nb'>")
    assert "<th>Underskrift</th>" in page.read_text()
    wrong = run("levels", "report", "--language", "nn", cwd=here.folder)
    assert (wrong.returncode, "must be one of en, nb" in wrong.stderr) == (2, True)


def test_each_sentence_of_the_report_has_its_places_in_norwegian_too() -> None:
    assert {*MEANING.values(), *SAID.values(), *SIGNED} <= set(NB)
    for english, norwegian in NB.items():
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", norwegian)), english
    assert Words("nb").number(12345) == "12\N{NO-BREAK SPACE}345"
    assert (Words("nb").percent(0.9999), Words().percent(0.9999)) == ("99,9 %", "99.9 %")
