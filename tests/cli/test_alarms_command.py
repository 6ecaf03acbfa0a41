"""`processor alarms`: what is raised, and a test of who would hear of it; in `status`, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from processor.alarm import Alarm, Pace
from processor.cli.main import app
from processor.store.alarm_notices import claim_notices, notice_failed
from processor.store.alarms import take_look
from processor.store.engine import open_store
from tests.servers.hooks import Hook, hook_server
from tests.shipped import configuration

RAISED = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hook_server() as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "key").write_text("a key")
    ways = (
        f'ping = "{hook.url}/ping"\n[[alarms.webhook]]\nurl = "{hook.url}"\n[[alarms.command]]\nargv = ["/bin/false"]\n'
    )
    (tmp_path / "config.toml").write_text(f"{configuration('')}\n[alarms]\n{ways}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def raised(folder: Path, *found: Alarm, at: datetime = RAISED) -> None:
    engine = open_store(f"sqlite:///{folder}/var/processor.db")
    take_look(engine, found, at, Pace(), ["webhook 1"])
    for notice in claim_notices(engine, ["webhook 1"], at):
        notice_failed(engine, notice, "hooks.example says 500", at)
    engine.dispose()


def test_a_test_goes_by_every_way_at_once_and_says_which_failed(folder: Path, hook: Hook) -> None:
    told = run("alarms", "test")
    assert told.exit_code == 1
    assert told.output.splitlines() == ["ok  webhook 1", "BAD command 1: /bin/false ended with status 1", "ok  ping"]
    assert [(method, path) for method, path, _ in hook.asked] == [("POST", "/"), ("GET", "/ping")]
    assert hook.bodies[0]["event"] == "test"


def test_it_says_so_when_nobody_would_hear(folder: Path) -> None:
    (folder / "config.toml").write_text(configuration(""))
    told = run("alarms", "test")
    assert told.exit_code == 1
    assert "names no way" in told.output


def test_the_list_shows_what_is_raised_and_which_way_fails(folder: Path) -> None:
    assert run("alarms", "list").output == "No alarm is raised.\n"
    raised(folder, Alarm("disk_full", facts={"free": "900000000"}))
    lines = run("alarms", "list").output.splitlines()
    assert lines == [
        "disk_full          raised 26.11.2026 kl. 03.00: The disk is nearly full: 0.9 GB free",
        "webhook 1: 1 not told, tried 1 times: hooks.example says 500",
    ]
    found = json.loads(run("alarms", "list", "--json").output)
    assert [each["alarm"] for each in found["alarms"]] == ["disk_full"]
    assert [each["error"] for each in found["ways"]] == ["hooks.example says 500"]


def test_what_is_over_is_shown_when_asked_for(folder: Path) -> None:
    raised(folder, Alarm("disk_full", facts={"free": "900000000"}))
    for minutes in (1, 11):
        raised(folder, at=RAISED + timedelta(minutes=minutes))
    assert run("alarms", "list").output.startswith("No alarm is raised.")
    assert "over 26.11.2026 kl. 03.11" in run("alarms", "list", "--all").output


def test_status_shows_an_alarm_before_all_else(folder: Path) -> None:
    raised(folder, Alarm("login_failed", "support", {"since": RAISED.isoformat(), "said": "no"}))
    lines = run("status").output.splitlines()
    assert lines[0] == "ALARM      The mailbox support has refused our login since 26.11. 03:00 (login_failed)"
    assert lines[1].startswith("UNTOLD     webhook 1: 1 not told")
    assert json.loads(run("status", "--json").output)["alarms"] == [{"alarm": "login_failed", "subject": "support"}]
