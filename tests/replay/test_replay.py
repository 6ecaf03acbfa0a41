"""Replay: nothing differs by the same rules, what differs is told, and nothing is written."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from processor.replay.parallel import replayed
from processor.replay.play import Page, Trial
from processor.store import tables as t
from processor.store.engine import SchemaError, open_to_read
from tests.cli.test_commands import run
from tests.replay.past_store import EXAMPLES, Here, past_store
from tests.shipped import rulebook_of


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Here:
    return past_store(tmp_path_factory.mktemp("past"))


def trial(here: Here, folder: Path | None = None, *, now: bool = False) -> Trial:
    from processor.loading.model import SHIPPED

    folder = folder or here.folder
    rules, templates = folder / "rules", folder / "templates"
    return Trial(here.path, rules, templates, SHIPPED, None, now, rulebook_of(rules, templates).version)


def played(trial: Trial, here: Here, jobs: int = 1) -> list[Page]:
    return list(replayed(trial, here.config.store_url, jobs))


def test_unchanged_rules_give_the_same_bytes(here: Here) -> None:
    (page,) = played(trial(here), here)
    assert page.counts == {"same": len(EXAMPLES)}
    assert page.differences == []


def test_what_the_registers_say_today_is_the_same_where_they_have_not_changed(here: Here) -> None:
    (page,) = played(trial(here, now=True), here)
    assert page.counts == {"same": len(EXAMPLES)}


def test_a_changed_rule_is_told_with_the_old_one(here: Here) -> None:
    file, was = "rules/termination.toml", 'name = "notice"\nwhen = "'
    wrong = here.changed("wrong-rule", file, was, was.replace("notice", "notice_b"))
    (page,) = played(trial(here, wrong), here)
    assert {each.kinds for each in page.differences} == {("rule",)}
    told = {(each.old.rule, each.new.rule) for each in page.differences}
    assert told == {(("termination/notice",), ("termination/notice_b",))}


def test_a_later_due_time_is_told_as_such(here: Here) -> None:
    file = "rules/elma_question.toml"
    later = here.changed("later", file, 'due = "2 business days"', 'due = "5 business days"')
    (page,) = played(trial(here, later), here)
    assert {each.kinds for each in page.differences} == {("due",)}


def test_several_processes_tell_the_same_in_the_same_order(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = here.changed("in-parallel", "templates/general/letter.nb.txt", "Hei", "God dag")
    monkeypatch.setattr("processor.replay.parallel.PAGE", 3)
    alone, beside = played(trial(here, wrong), here), played(trial(here, wrong), here, 2)
    assert alone == beside
    assert len(alone) > 1


def test_the_store_that_is_read_cannot_be_written(here: Here) -> None:
    engine = open_to_read(here.config.store_url)
    with engine.begin() as conn, pytest.raises(OperationalError, match="readonly"):
        conn.execute(insert(t.setting).values(name="x", value="y"))
    engine.dispose()


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="no database file"):
        open_to_read(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_mails_whose_bytes_or_records_are_gone_are_counted(tmp_path: Path) -> None:
    here = past_store(tmp_path)
    with sqlite3.connect(here.config.store_url.removeprefix("sqlite:///")) as store:
        store.execute("delete from raw_mail where mail_id = 1")
        store.execute(
            "delete from event_text where event_id in (select id from event where kind='mail.decided' and mail_id=2)"
        )
    store.close()
    (page,) = played(trial(here), here)
    assert page.counts == {"no_bytes": 1, "no_record": 1, "same": len(EXAMPLES) - 2}


def test_a_mail_that_breaks_the_program_is_named_and_hides_no_other(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    from processor.pipeline import conclude as right
    from processor.replay import play

    def broken(mail: object, context: object, rulebook: object) -> object:
        if mail.message.letter == first:  # type: ignore[attr-defined]
            raise ZeroDivisionError("a bug of ours")
        return right(mail, context, rulebook)  # type: ignore[arg-type]

    from processor.reading.read import read
    from tests.replay.past_store import ROOT

    first = read((ROOT / "tests" / "mails" / f"{EXAMPLES[0]}.eml").read_bytes()).letter
    monkeypatch.setattr(play, "conclude", broken)
    (page,) = played(trial(here), here)
    assert (1, "ZeroDivisionError: a bug of ours") in page.faults
    assert page.counts["failed"] == len(page.faults)
    assert page.counts["same"] == len(EXAMPLES) - len(page.faults)


def test_the_command_says_what_would_differ_and_writes_a_report(here: Here) -> None:
    wrong = here.changed("command", "templates/general/letter.nb.txt", "Hei", "<b>God</b> dag")
    database = Path(here.config.store_url.removeprefix("sqlite:///"))
    before = hashlib.sha256(database.read_bytes()).hexdigest()
    told = run("replay", "--rules", str(wrong / "rules"), "--html", "report.html", "--jobs", "1", cwd=here.folder)
    assert told.returncode == 0, told.stderr
    assert "\n    -Hei" in told.stdout
    assert "\n    +<b>God</b> dag" in told.stdout
    assert re.search(r"\d  would be decided otherwise\n +\d  in reply text\n", told.stdout)
    assert hashlib.sha256(database.read_bytes()).hexdigest() == before
    page = (here.folder / "report.html").read_text()
    assert "<script" not in page
    assert "http" not in page
    assert "prefers-color-scheme: dark" in page
    assert "&lt;b&gt;God" in page
    assert "<b>God" not in page
    assert (here.folder / "report.html").stat().st_mode & 0o777 == 0o600


def test_json_has_a_line_for_each_changed_mail_and_the_sums_last(here: Here) -> None:
    wrong = here.changed("as-json", "rules/no_action.toml", "", "")
    told = run("replay", "--rules", str(wrong / "rules"), "--json", "--jobs", "1", cwd=here.folder)
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert told.stderr == ""
    assert lines[-1]["summary"]["mails"] == len(EXAMPLES)
    assert len(lines) == 1


def test_broken_rules_are_refused_before_anything_is_played(here: Here) -> None:
    wrong = here.changed("broken", "rules/termination.toml", "rank = 10", "rnak = 10")
    told = run("replay", "--rules", str(wrong / "rules"), cwd=here.folder)
    assert told.returncode == 2
    assert "unknown key 'rnak' (did you mean rank?)" in told.stderr


def test_a_day_leaves_earlier_mails_out(here: Here) -> None:
    told = run("replay", "--since", "2026-11-27", "--brief", "--jobs", "1", cwd=here.folder)
    assert told.stdout.splitlines()[0].split() == ["0", "mails"]
