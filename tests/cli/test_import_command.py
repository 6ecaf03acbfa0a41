"""``processor import`` as an operator meets it."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from tests.moving.archive import THEN, answer, mail, mbox
from tests.servers import ready
from tests.shipped import ROOT, configuration
from tests.steps.talk import NOW


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return ready.run(["import", *arguments], cwd, {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"})


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text("a key for tests only")
    (tmp_path / "config.toml").write_text(configuration('level = "automatic"'))
    return tmp_path


def test_an_archive_is_taken_in_with_a_summary_and_known_the_second_time(here: Path) -> None:
    late = mail(5, sender="per@dal-demo.no", received=NOW - timedelta(days=1))
    mbox(here / "Archive.mbox", mail(1), answer(2, 1), late, mail(4, at=None, received=None).replace(b"From: ", b"X: "))
    told = run("Archive.mbox", "--before", "2026-10-01", cwd=here)
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == [
        "Archive.mbox: 4 mails read.",
        "  3 new, 1 of them our own; 2 tickets made",
        "  1 came on 01.10.2026 or later and are no history (--before)",
    ]
    again = run("Archive.mbox", "--before", "2026-10-01", cwd=here)
    assert "  3 were here already" in again.stdout
    listed = run("--list", cwd=here).stdout
    assert listed.startswith(f"mbox {here}/Archive.mbox: 0 new in 0 tickets, 0 not taken in; ended ")


def test_what_could_not_be_read_is_named_and_ends_with_1(here: Path) -> None:
    (here / "a.mbox").write_bytes(b"From x\nX-Nothing: here\n\nno mail\n\n" + b"From x\n" + mail(1))
    told = run("a.mbox", cwd=here)
    assert told.returncode == 1
    assert "  1 could not be taken in:\n    a.mbox#1: it is no mail: no From, no Date, no Message-ID\n" in told.stdout


def test_every_wrong_source_is_named_at_once_and_nothing_is_written(here: Path) -> None:
    (here / "empty.mbox").write_bytes(b"")
    told = run("missing.mbox", "empty.mbox", cwd=here)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.splitlines() == ["missing.mbox: No such file or directory.", "empty.mbox: the file is empty."]
    assert not (here / "var").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name what to take in: a file or a folder of this machine, or --folder of a mailbox's server."),
        (("--mailbox", "b", "x"), "No mailbox 'b' is configured: there is a."),
        (("--as", "otrs", "x"), "--as otrs: choose one of zammad, zendesk."),
        (("--zammad", "https://zammad.firma.no"), "Name with --token-file the file that holds a token of that Zammad, and nothing else."),
        (("--zammad", "https://zammad.firma.no", "--token-file", "no"), "no: No such file or directory."),
        (("--folder", "INBOX"), "That folder is watched, and what came lately waits for an answer there: say with --before DATE up to which day its mail is history."),
    ],
)  # fmt: skip
def test_a_command_that_cannot_be_meant_is_refused_in_a_sentence(
    here: Path, arguments: tuple[str, ...], said: str
) -> None:
    told = run(*arguments, cwd=here)
    assert (told.returncode, told.stderr) == (2, f"{said}\n")


def test_a_server_that_is_away_is_told_and_the_command_can_be_given_again(here: Path) -> None:
    told = run("--folder", "Arkiv", "--before", f"{THEN:%Y-%m-%d}", cwd=here)
    assert told.returncode == 1
    assert told.stderr.startswith("imap a Arkiv: ")
    assert told.stderr.endswith("What was read by then is kept; the same command goes on from there.\n")
    assert "Traceback" not in told.stderr
