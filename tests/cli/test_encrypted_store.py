"""The commands over a store whose mails are encrypted, and without its key."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from processor.loading.configuration import load_config
from processor.steps.opened import opened
from processor.store.keys_in_use import note_keys
from processor.store.lock import only_one
from tests.cli.test_commands import run
from tests.replay.past_store import Here, past_store
from tests.servers.postgres import Postgres

KEY, NEW = "the first key of the mails, quite long", "the second key of the mails, also long"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Here:
    """Decided mails, encrypted, to be copied."""
    return past_store(tmp_path_factory.mktemp("made"), key=KEY)


@pytest.fixture
def sealed(made: Here, tmp_path: Path) -> Here:
    shutil.copytree(made.folder, tmp_path, dirs_exist_ok=True)
    return Here(tmp_path, made.config)


@pytest.fixture(params=["sqlite", "postgresql"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Here]:
    if request.param == "sqlite":
        yield request.getfixturevalue("sealed")
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.room(migrated=True) as url:
        yield past_store(tmp_path, store=url, key=KEY)


def told(here: Here, *command: str, status: int = 0) -> str:
    done = run(*command, cwd=here.folder)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def line_of(here: Here, word: str) -> str:
    """The place of a setting, as a problem names it."""
    lines = here.path.read_text().splitlines()
    return f"config.toml:{next(n for n, line in enumerate(lines, 1) if line.startswith(word))}"


def test_what_is_exported_is_clear_and_what_is_replayed_is_the_same(here: Here) -> None:
    rows = [json.loads(line) for line in told(here, "queue", "list", "--json").splitlines()]
    number, sender = next((row["ticket_no"], row["sender"]) for row in rows if "register_termination" in str(row))
    assert "sier" in told(here, "queue", "show", number)
    told(here, "audit", "export", number)
    (mail,) = [each for each in zipfile.ZipFile(here.folder / f"{number}.zip").namelist() if each.endswith(".eml")]
    assert b"From:" in zipfile.ZipFile(here.folder / f"{number}.zip").read(mail)
    told(here, "privacy", "export", sender, "--to", "person.zip")
    names = zipfile.ZipFile(here.folder / "person.zip").namelist()
    assert any(each.endswith(".eml") for each in names)
    assert "8 would be decided the same" in " ".join(told(here, "replay", "--jobs", "1", "--brief").split())


def test_nothing_starts_without_the_key_of_the_mails(sealed: Here) -> None:
    here = sealed
    commands = ("run", "once", "desk", "replay")
    (here.folder / "mails").write_text("another key, which is long enough too")
    for command in commands:
        said = told(here, *command.split(), status=2)
        assert said.startswith(f"{line_of(here, 'encrypt_with')}: mails in the store are encrypted (8 under the key ")
        assert ", and encrypt_with is the key " in said
        assert said.endswith("or list it in decrypt_with\n1 problem; nothing was started.\n")
    (here.folder / "mails").unlink()
    for command in commands:
        said = told(here, *command.split(), status=2)
        assert said.startswith(f"{line_of(here, 'encrypt_with')}: ")
        assert "mails cannot be read: No such file or directory\n1 problem; nothing was started.\n" in said
    here.path.write_text(here.path.read_text().replace("encrypt_with", "# encrypt_with"))
    said = told(here, "run", status=2)
    assert said.startswith(f"{line_of(here, '[store]')}: mails in the store are encrypted (8 under the key ")
    assert "and no encrypt_with is set: put that key back" in said


def test_answers_can_be_stopped_and_the_store_backed_up_without_the_key(sealed: Here) -> None:
    here = sealed
    (here.folder / "mails").unlink()
    assert "are stopped" in told(here, "stop-answers")
    assert "undecided" in told(here, "status")
    assert "8 mails" in told(here, "backup", "saved")
    with closing(sqlite3.connect(here.folder / "saved" / "processor.db")) as file:
        assert all(row[0].startswith(b"\x00sealed") for row in file.execute("select content from raw_mail"))


def test_a_backup_is_restored_with_its_key_and_says_when_it_is_missing(sealed: Here) -> None:
    here = sealed
    told(here, "backup", "saved")
    for each in (here.folder / "var").iterdir():
        each.unlink()
    (here.folder / "mails").write_text("another key, which is long enough too")
    said = told(here, "restore", "saved")
    assert f"{line_of(here, 'encrypt_with')}: mails in the store are encrypted (8 under the key " in said
    told(here, "queue", "list", status=2)
    (here.folder / "mails").write_text(KEY)
    assert "8 would be decided the same" in " ".join(told(here, "replay", "--jobs", "1", "--brief").split())


def test_a_mail_that_was_tampered_with_hides_no_other(sealed: Here) -> None:
    here = sealed
    with closing(sqlite3.connect(here.folder / "var" / "processor.db")) as file, file:
        file.execute("update raw_mail set content = cast(substr(content, 1, 99) || x'00' as blob) where mail_id = 2")
    said = told(here, "replay", "--jobs", "1")
    assert "not what was encrypted: changed since, or another mail's" in said
    assert "7 would be decided the same" in " ".join(said.split())
    told(here, "privacy", "export", "nobody@example.com", "--to", "x.zip")


def with_keys(here: Here, current: str, *older: str) -> None:
    """Name these keys in the configuration and no others."""
    kept = [line for line in here.path.read_text().splitlines() if not line.startswith(("encrypt_", "decrypt_"))]
    for number, each in enumerate((current, *older)):
        (here.folder / f"mails{number}").write_text(each)
    listed = ", ".join(f'{{ file = "mails{number}" }}' for number in range(1, len(older) + 1))
    lines = ['encrypt_with = { file = "mails0" }', *([f"decrypt_with = [{listed}]"] if older else [])]
    at = kept.index("[store]") + 1
    here.path.write_text("\n".join([*kept[:at], *lines, *kept[at:]]) + "\n")


def test_a_store_in_clear_is_encrypted_and_goes_over_to_another_key(tmp_path: Path) -> None:
    here = past_store(tmp_path)
    said = told(here, "db", "encrypt", status=2)
    assert said == (
        f"{line_of(here, '[store]')}: [store] names no encrypt_with: there is nothing to encrypt with\n"
        "1 problem; nothing was started.\n"
    )
    with_keys(here, KEY)
    said = told(here, "db", "encrypt")
    assert "8 mails and 0 files encrypted, 0 keys wrapped anew: all under the key " in said
    assert "all mails lie encrypted under the key of encrypt_with" in told(here, "doctor", status=1)
    assert "Free room in the database may still hold clear bytes: run processor db encrypt --vacuum" in said
    assert "Nothing was left to do" in told(here, "db", "encrypt", "--vacuum")
    path = here.folder / "var" / "processor.db"
    assert b"Received: from" not in b"".join(each.read_bytes() for each in path.parent.glob("processor.db*"))
    with_keys(here, NEW, KEY)
    assert "8 mails or files lie in clear, or under a key of decrypt_with" in told(here, "doctor", status=1)
    assert "0 mails and 0 files encrypted, 8 keys wrapped anew" in told(here, "db", "encrypt")
    with_keys(here, NEW)
    assert "8 would be decided the same" in " ".join(told(here, "replay", "--jobs", "1", "--brief").split())
    with closing(sqlite3.connect(path)) as file:
        events = file.execute("select data from event where kind = 'store.encrypted'").fetchall()
    assert [json.loads(each)["keys"] for (each,) in events] == [0, 8]


def test_it_does_not_leave_a_running_daemon_without_its_mails(tmp_path: Path) -> None:
    here = past_store(tmp_path)
    with_keys(here, KEY)
    with only_one(here.config.store_url):
        said = told(here, "db", "encrypt", status=1)
        assert said == "the daemon works on the store with another key, or none: restart it first, then try again.\n"
        engine = opened(load_config(here.path))
        note_keys(engine, "alfa")
        engine.dispose()
        assert "the store alone" in told(here, "db", "encrypt", "--vacuum", status=1)
        assert "8 mails and 0 files encrypted" in told(here, "db", "encrypt")
