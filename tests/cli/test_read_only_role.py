"""The commands by a PostgreSQL role that may only read: looking works, and what writes is refused in words."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from processor.cli.opening import store_refusal
from processor.store.engine import connect, open_store
from processor.store.people import add_person
from tests.cli.test_commands import EXAMPLE, run
from tests.replay.past_store import EXAMPLES, NOW, Here, past_store
from tests.servers.postgres import Postgres

REFUSED = "The store may only be read by this user, and this command writes to it: permission denied"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Here]:
    """A store of its own; reader.toml beside its configuration opens it as a role that may only read."""
    folder = tmp_path_factory.mktemp("reader")
    with postgres.room(migrated=True) as owner:
        reader = make_url(owner).set(username="reader").render_as_string(False)
        admin = connect(owner)
        with admin.begin() as conn:
            conn.execute(text("CREATE ROLE reader LOGIN"))
            conn.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"))
        here = past_store(folder, store=owner)
        config = here.path.read_text()
        (folder / "reader.toml").write_text(config.replace(owner, reader))
        engine = open_store(owner)
        (folder / "secret").write_text(add_person(engine, "Kari", NOW))
        engine.dispose()
        yield here
        with admin.begin() as conn:
            conn.execute(text("DROP OWNED BY reader"))
            conn.execute(text("DROP ROLE reader"))
        admin.dispose()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("queue", "list"), "Register the termination"),
        (("status",), "decided"),
        (("levels", "list"), "draft"),
        (("people", "list"), "Kari"),
        (("contracts", "list"), "No contract."),
        (("rules", "history", "termination/notice"), "2 mails"),
        (("replay", "--jobs", "1", "--brief"), f"{len(EXAMPLES)}  would be decided the same"),
        (("replay", "--jobs", "2", "--context", "now", "--brief"), f"{len(EXAMPLES)}  would be decided the same"),
    ],
)
def test_who_may_only_read_can_look_at_everything(here: Here, command: tuple[str, ...], said: str) -> None:
    told = run(*command, "--config", "reader.toml", cwd=here.folder)
    assert told.returncode == 0, told.stderr
    assert said in told.stdout


def test_a_ticket_is_shown_and_a_mail_explained_without_writing(here: Here) -> None:
    listed = run("queue", "list", "--config", "reader.toml", cwd=here.folder).stdout
    number = listed.split()[1]
    shown = run("queue", "show", number, "--config", "reader.toml", cwd=here.folder)
    assert (shown.returncode, number in shown.stdout) == (0, True), shown.stderr
    shutil.copy(EXAMPLE, here.folder / "one.eml")
    explained = run("explain", "--brief", "one.eml", cwd=here.folder)
    assert (explained.returncode, "termination" in explained.stdout) == (0, True)


@pytest.mark.parametrize(
    "command",
    [
        ("queue", "approve", "a1", "--as", "Kari"),
        ("queue", "retype", "m1", "other", "--as", "Kari"),
        ("stop-answers",),
        ("levels", "set", "other", "draft"),
        ("people", "add", "Ola"),
        ("reload", "--wait", "0"),
        ("once",),
    ],
)
def test_what_writes_says_that_it_may_not(
    here: Here, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCESSOR_SECRET", (here.folder / "secret").read_text())
    told = run(*command, "--config", "reader.toml", cwd=here.folder)
    assert (told.returncode, REFUSED in told.stderr) == (1, True), told.stdout + told.stderr
    assert "Traceback" not in told.stderr


def test_other_errors_are_not_taken_for_a_store_that_may_only_be_read(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    sqlite3.connect(path).close()
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store, pytest.raises(sqlite3.OperationalError) as found:
        store.execute("create table a (b)")
    store.close()
    assert "writes to it: attempt to write a readonly" in store_refusal(OperationalError("INSERT", {}, found.value))
    assert store_refusal(ProgrammingError("INSERT", {}, ValueError("syntax"))) == ""
    assert store_refusal(ValueError("no store at all")) == ""
