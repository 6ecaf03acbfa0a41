"""What a reader of a fresh installation meets: no password yet, nothing held, nobody added."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.test_commands import run


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fresh")
    made = run("init", "--host", "a.example", "--smtp-host", "b.example", "--address", "c@d.example", cwd=folder)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (("queue", "list"), 0, "No ticket waits for a person."),
        (("status",), 0, "0 overdue"),
        (("people", "list"), 0, "Nobody may approve yet. Add a person with: processor people add NAME\n"),
        (("rules", "history"), 0, "No rule of that name"),
        (("levels", "list"), 0, "observe"),
        (("replay", "--jobs", "1"), 0, "0  mails"),
        (("stop-answers",), 0, "Automatic answers are stopped."),
        (("reload", "--wait", "0"), 1, "No daemon has answered"),
        (("run",), 2, "the secret in"),
        (("once",), 2, "the secret in"),
        (("doctor",), 2, "the secret in"),
        (("check",), 2, "the secret in"),
    ],
)
def test_only_who_talks_to_a_server_needs_its_password(
    command: tuple[str, ...], status: int, said: str, fresh: Path
) -> None:
    # The store is made by the first that may.
    run("status", cwd=fresh)
    told = run(*command, cwd=fresh)
    assert (told.returncode, said in told.stdout + told.stderr) == (status, True), told.stdout + told.stderr


def test_a_new_request_type_needs_no_password_and_check_then_names_the_types_without_examples_once(
    tmp_path: Path,
) -> None:
    run("init", "--host", "a.example", "--smtp-host", "b.example", "--address", "c@d.example", cwd=tmp_path)
    # As it was with those who began before init brought the examples along.
    shutil.rmtree(tmp_path / "examples")
    made = run("rules", "new", "training", "--title", "Opplæring", "--word", "kurs", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    (tmp_path / "secrets" / "mailbox").write_text("hemmelig\n")
    told = run("check", cwd=tmp_path)
    notes = [line for line in told.stdout.splitlines() if line.startswith("note: ")]
    assert [each for each in notes if "example" in each] == notes[:1]
    assert "request types have no example: admin_access, agreement_question" in notes[0]
    assert told.returncode == 0


def test_resuming_says_what_was_held_only_where_something_was(tmp_path: Path) -> None:
    from processor.store import tables as t
    from processor.store.engine import open_store
    from processor.ticket import OutboxState
    from tests.store.made import recorded

    run("init", "--host", "a.example", "--smtp-host", "b.example", "--address", "c@d.example", cwd=tmp_path)
    assert run("resume-answers", cwd=tmp_path).stdout == "Automatic answers were not stopped.\n"
    run("stop-answers", cwd=tmp_path)
    assert run("stop-answers", cwd=tmp_path).stdout.startswith("Automatic answers were stopped already.")
    assert run("resume-answers", cwd=tmp_path).stdout == "Automatic answers go out again.\n"
    run("stop-answers", cwd=tmp_path)
    engine = open_store(f"sqlite:///{tmp_path}/var/processor.db")
    recorded(engine, stopped=True)
    with engine.connect() as conn:
        assert conn.execute(t.outbox.select()).one().state == OutboxState.HELD.value
    engine.dispose()
    told = run("resume-answers", cwd=tmp_path).stdout
    assert told == "Automatic answers go out again.\n1 held answer waits for a person: processor queue list\n"
