"""``processor audit`` and ``processor privacy`` as an operator meets them, on both databases."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.replay.past_store import Here, past_store
from tests.servers.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Here]:
    if request.param == "sqlite":
        yield past_store(tmp_path)
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.room(migrated=True) as url:
        yield past_store(tmp_path, store=url)


def told(here: Here, *command: str, status: int = 0) -> str:
    done = run(*command, cwd=here.folder)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def ticket(here: Here, word: str) -> tuple[str, str]:
    """The number and the sender of the ticket that does something of this name."""
    lines = told(here, "queue", "list", "--json").splitlines()
    rows = [json.loads(line) for line in lines]
    return next((row["ticket_no"], row["sender"]) for row in rows if word in json.dumps(row))


def test_the_trail_is_verified_anchored_and_proven(here: Here) -> None:
    assert "not sealed yet: nothing vouches for that" in told(here, "audit", "verify")
    line = told(here, "audit", "anchor", "--append", "anchors.txt")
    assert (here.folder / "anchors.txt").read_text() == line
    assert "CONSISTENT, and no more: no anchor was given." in told(here, "audit", "verify")
    assert "PROVEN: the history up to event" in told(here, "audit", "verify", "--anchor", "anchors.txt")
    other = {**json.loads(line), "digest": "0" * 64}
    (here.folder / "anchors.txt").write_text(json.dumps(other))
    said = told(here, "audit", "verify", "--anchor", "anchors.txt", status=1)
    assert "was written anew" in said
    assert "THE TRAIL IS NOT WHAT IT WAS" in said
    (here.folder / "anchors.txt").write_text("hello")
    assert told(here, "audit", "verify", "--anchor", "anchors.txt", status=2) == "anchors.txt: line 1 is no anchor.\n"
    assert "cannot be read" in told(here, "audit", "verify", "--anchor", "none.txt", status=2)


def test_T69_who_edits_the_file_is_found_out(tmp_path: Path) -> None:
    here = past_store(tmp_path)
    told(here, "audit", "anchor")
    (path,) = tmp_path.rglob("*.db")
    with closing(sqlite3.connect(path)) as file, file:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            file.execute("UPDATE event SET actor = 'nobody' WHERE id = 3")
        file.execute("DROP TRIGGER append_only_event_update")
        file.execute("UPDATE event SET actor = 'nobody' WHERE id = 3")
    said = told(here, "audit", "verify", status=1)
    assert "\nEvent 3 (mail.kept) was changed since seal 1 was made.\n" in said
    assert "its trigger append_only_event_update is missing" in said


def test_a_ticket_is_exported_and_a_shell_checks_it(here: Here) -> None:
    number, _ = ticket(here, "register_termination")
    said = told(here, "audit", "export", number.lower())
    assert said.startswith(f"{number}.zip: 1 mail, ")
    assert (here.folder / f"{number}.zip").stat().st_mode & 0o777 == 0o600
    zipfile.ZipFile(here.folder / f"{number}.zip").extractall(here.folder)
    checked = subprocess.run(["sh", f"{number}/check.sh"], cwd=here.folder, capture_output=True, text=True)
    assert checked.stdout.endswith("All is as it was sealed.\n"), checked.stdout
    assert "Proof of arrival" in (here.folder / number / "index.html").read_text()
    assert "exists already" in told(here, "audit", "export", number, status=1)
    assert told(here, "audit", "export", "VS-0", status=1) == "There is no ticket VS-0.\n"


def test_a_person_gets_what_is_held_of_them_and_has_it_erased(here: Here) -> None:
    number, sender = ticket(here, "invoice_question")
    assert f"{number}  " not in told(here, "privacy", "retention", "--dry-run")
    said = told(here, "privacy", "export", sender, "--to", "person.zip")
    assert said == "person.zip: 1 ticket, 0 mails elsewhere.\n"
    names = zipfile.ZipFile(here.folder / "person.zip").namelist()
    assert {"person/person.json", f"person/tickets/{number}/index.html", "person/SHA256SUMS"} <= set(names)
    told(here, "audit", "anchor", "--append", "anchors.txt")
    assert "an answer of it waits for a person" in told(here, "privacy", "erase", sender, "--yes", status=1)
    secret = told(here, "people", "add", "Kari").split(": ")[1].strip()
    _finish(here, number, secret)
    assert told(here, "privacy", "hold", number, "--reason", "a dispute") == f"{number} is under a legal hold now.\n"
    assert "under a legal hold" in told(here, "privacy", "erase", sender, "--yes", status=1)
    assert told(here, "privacy", "release", number) == f"{number} is released.\n"
    said = told(here, "privacy", "erase", sender, "--yes")
    assert "1 ticket and 1 mail erased." in said
    assert "mailbox a, folder" in said
    assert "in backups taken until now" in said
    assert told(here, "privacy", "erase", sender, "--yes") == f"Nothing is held of {sender}.\n"
    assert "PROVEN" in told(here, "audit", "verify", "--anchor", "anchors.txt")
    assert told(here, "privacy", "hold", "VS-0", "--reason", "x", status=1) == "There is no ticket VS-0.\n"
    assert told(here, "privacy", "grant-ended", "VS-0", "--on", "2027-03-31", status=1) == "There is no ticket VS-0.\n"


def _finish(here: Here, number: str, secret: str) -> None:
    """Do what waits for a person in a ticket."""
    for line in told(here, "queue", "show", number).splitlines():
        for which in (word.strip(" ,:()") for word in line.split()):
            if which[:1] in ("a", "r") and which[1:].isdigit():
                done = run(
                    "queue", "reject", which, "--as", "Kari", "--secret", secret, "--reason", "x", cwd=here.folder
                )
                assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["verify", "anchor", "export"])
def test_every_audit_command_has_help_with_an_example(command: str) -> None:
    assert "Example: processor audit" in " ".join(run("audit", command, "--help").stdout.split())


@pytest.mark.parametrize("command", ["retention", "export", "erase", "hold", "release", "grant-ended"])
def test_every_privacy_command_has_help_with_an_example(command: str) -> None:
    assert "Example: processor privacy" in " ".join(run("privacy", command, "--help").stdout.split())
