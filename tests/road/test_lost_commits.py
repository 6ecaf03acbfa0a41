"""A disk that fails, and a store that has gone back, on a real file system: nothing is lost and nothing is answered twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.bench.site import ROOT, USER, Site, kill
from tests.road.test_road import mail, run, started


def forget_reader(here: Site) -> None:
    """A connection that stays open would hold on to the file that is gone."""
    if here.reader is not None:
        here.reader.close()
        here.reader = None


def remove(here: Site) -> None:
    for ending in ("", "-wal", "-shm"):
        here.database.with_name(here.database.name + ending).unlink(missing_ok=True)


def wait(here: Site, query: str) -> None:
    until = time.monotonic() + 30
    while not here.ask(query)[0][0]:
        assert time.monotonic() < until, query
        time.sleep(0.05)


def until_said(here: Site, words: str) -> None:
    until = time.monotonic() + 30
    while words not in (here.folder / "log").read_text():
        assert time.monotonic() < until, words
        time.sleep(0.05)


def test_T93_a_store_whose_wal_is_gone_is_refused_and_answers_nothing_twice(here: Site) -> None:
    started(here)
    program = here.start()
    try:
        here.dovecot.deliver(USER, mail())
        wait(here, "select count(*) from outbox where state = 'sent'")
        # Sealed and marked: until then nobody outside of the store knows of it.
        wait(
            here, "select (select max(last_event) from seal) >= (select max(id) from event where kind = 'outbox.sent')"
        )
        newest = str(here.ask("select max(id) from seal")[0][0])
        mark = here.database.with_name(f"{here.database.name}.mark")
        until = time.monotonic() + 30
        while not mark.exists() or int(mark.read_text().split()[0]) < int(newest):
            assert time.monotonic() < until, "no mark"
            time.sleep(0.05)
    finally:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()
    assert len(here.taken()) == 1
    store = here.database
    lost = store.with_name(f"{store.name}-wal")
    assert lost.stat().st_size
    forget_reader(here)
    lost.unlink()
    refused = run(here, "once")
    assert refused.returncode == 2
    assert "its last commits are lost" in refused.stderr
    assert "processor restored accept" in refused.stderr
    accepted = run(here, "restored", "accept")
    assert accepted.returncode == 0, accepted.stderr
    for _ in range(2):
        assert run(here, "once").returncode == 0
    # The mail is there again, for a person; its customer has the one answer.
    assert here.ask("select count(*) from mail") == [(1,)]
    assert len(here.taken()) == 1
    assert run(here, "restored", "accept").returncode == 1


def test_an_older_copy_in_the_stores_place_is_refused_and_a_new_store_is_not(here: Site) -> None:
    started(here)
    older = here.folder / "older.db"
    shutil.copyfile(here.database, older)
    here.dovecot.deliver(USER, mail())
    assert run(here, "once").returncode == 0
    forget_reader(here)
    remove(here)
    shutil.copyfile(older, here.database)
    assert run(here, "once").returncode == 2
    remove(here)
    # Servers tell arrival in whole seconds, and a mail of the first start's own second counts as new.
    time.sleep(1.1)
    assert run(here, "once").returncode == 0
    assert run(here, "once").returncode == 0
    assert len(here.taken()) == 1


@pytest.mark.parametrize("most", [7, 8])
def test_T96_without_file_descriptors_it_ends_in_words_and_loses_no_mail(here: Site, most: int) -> None:
    started(here)
    here.dovecot.deliver(USER, mail())
    program = [sys.executable, "-m", "processor", "once", "--config", str(here.folder / "config.toml")]
    starved = subprocess.run(
        ["prlimit", f"--nofile={most}", *program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert starved.returncode == 1, starved.stderr
    assert "Too many open files" in starved.stderr
    assert not [line for line in starved.stderr.splitlines() if line.startswith("Traceback")]
    assert run(here, "once").returncode == 0
    assert len(here.taken()) == 1


def test_a_password_that_is_gone_for_a_moment_is_asked_for_again(here: Site) -> None:
    started(here)
    here.dovecot.deliver(USER, mail())
    secret = here.folder / "secrets" / "mailbox"
    program = here.start()
    try:
        until_said(here, "mailbox opened")
        words = secret.read_text()
        secret.unlink()
        # The server goes away, so that the program must log in anew, and finds no password.
        here.dovecot.stop()
        here.dovecot.start()
        until_said(here, "cannot be read")
        secret.write_text(words)
        wait(here, "select count(*) from outbox where state = 'sent'")
    finally:
        kill(program)


def test_T93_a_disk_that_cannot_be_forced_loses_no_mail(here: Site) -> None:
    started(here)
    here.dovecot.deliver(USER, mail())
    strace = shutil.which("strace")
    assert strace, "strace is not installed"
    failing = subprocess.run(
        [
            *(strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"),
            *("-e", "inject=fsync,fdatasync:error=EIO", sys.executable, "-m", "processor", "once"),
            *("--config", str(here.folder / "config.toml")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert failing.returncode == 1, failing.stderr
    assert "disk I/O error" in failing.stderr
    assert "Traceback" not in failing.stdout
    assert here.taken() == []
    assert run(here, "once").returncode == 0
    assert here.ask("select count(*) from mail") == [(1,)]
    assert len(here.taken()) == 1
