"""Yesterday's backup over the live mailbox (T97): nobody is answered twice, no old mail is, and the new is listed."""

from __future__ import annotations

import contextlib
import signal
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from processor.store.restoration import CLOCKS_APART
from tests.bench.site import USER, Site, kill
from tests.road.test_road import NOTICE, mail, run, started, until

OLD, SENT, READY, BETWEEN, AFTER = (f"kari@{name}-demo.no" for name in ("gammel", "fjord", "havn", "midt", "etter"))


@contextlib.contextmanager
def daemon(here: Site) -> Iterator[None]:
    """The program as it runs for a customer, ended as an operator ends it."""
    process = here.start()
    try:
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        kill(process)


@contextlib.contextmanager
def dead_smtp(here: Site) -> Iterator[None]:
    config = here.folder / "config.toml"
    right = config.read_text()
    config.write_text(right.replace(f"port = {here.smtp_port}", "port = 9"))
    yield
    config.write_text(right)


@contextlib.contextmanager
def mute_smtp(here: Site) -> Iterator[None]:
    """A server that takes the connection and says nothing, so that an answer stays ready to leave."""
    config = here.folder / "config.toml"
    right = config.read_text()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        config.write_text(right.replace(f"port = {here.smtp_port}", f"port = {mute.getsockname()[1]}"))
        yield
        config.write_text(right)


def decided(here: Site, count: int) -> None:
    until(lambda: here.ask("select count(*) from mail where state = 'decided'") == [(count,)])


def lose_the_store(here: Site) -> None:
    if here.reader:
        here.reader.close()
        here.reader = None
    for path in here.database.parent.glob(f"{here.database.name}*"):
        path.unlink()


def answered(here: Site) -> Counter[str]:
    return Counter(str(to) for row in here.taken() for to in row["to"])  # type: ignore[attr-defined]


@pytest.fixture
def lost(here: Site, tmp_path: Path) -> Path:
    """A backup taken while the daemon ran; what it did since is lost with its store."""
    backup = tmp_path / "backups" / "yesterday"
    long_ago = datetime.now(UTC) - timedelta(days=400)
    here.dovecot.deliver(USER, mail(sender=OLD, when=long_ago), when=long_ago)
    with daemon(here):
        until(lambda: here.ask("select 1 from mailbox"))
        time.sleep(1.1)
        here.dovecot.deliver(USER, mail(sender=SENT))
        until(lambda: answered(here)[SENT] == 1)
    with mute_smtp(here), daemon(here):
        here.dovecot.deliver(USER, mail(sender=READY))
        until(lambda: here.ask("select 1 from outbox where state = 'ready' and claimed_by is not null"))
        told = run(here, "backup", str(backup))
        assert told.returncode == 0, told.stderr
        assert run(here, "backup", "--verify", str(backup)).returncode == 0
        assert "is in use by process" in run(here, "restore", str(backup)).stderr
    with contextlib.closing(sqlite3.connect(here.database)) as store, store:
        # Where the connection's end was noticed, the next try is half a minute away.
        store.execute("update outbox set due_at = changed_at where state = 'retry'")
    with daemon(here):
        here.dovecot.deliver(USER, mail(NOTICE.replace("328627035", "913012345"), "I mellomtiden", BETWEEN))
        until(lambda: answered(here)[BETWEEN] == 1 and answered(here)[READY] == 1)
        decided(here, 4)
    lose_the_store(here)
    return backup


def test_T97_yesterdays_backup_answers_nobody_twice_and_lists_what_came_since(here: Site, lost: Path) -> None:
    told = run(here, "restore", str(lost))
    assert told.returncode == 0, told.stderr
    assert "1 replies wait for your word, 0 are in doubt" in told.stdout
    assert "The target is not empty" in run(here, "restore", str(lost)).stderr
    with daemon(here):
        decided(here, 4)
        later = datetime.now(UTC) + 2 * CLOCKS_APART
        here.dovecot.deliver(USER, mail(sender=AFTER, when=later), when=later)
        until(lambda: answered(here)[AFTER] == 1)
        decided(here, 5)
    assert answered(here) == {SENT: 1, READY: 1, BETWEEN: 1, AFTER: 1}
    listed = run(here, "restored", "list").stdout
    replies, _, mails = listed.partition("mails were not decided then")
    assert f"receipt to {READY}" in replies
    assert "was ready" in replies
    assert "I mellomtiden" in mails
    assert [each for each in (OLD, SENT, READY, AFTER) if each in mails] == []
    assert here.ask("select count(*) from ticket where sender like '%midt-demo.no' and state = 'open'") == [(1,)]
    assert "the mail came before answering began" in run(here, "queue", "list").stdout
    with here.dovecot.client(USER) as client:
        client.select_folder("INBOX", readonly=True)
        assert len(client.search()) == here.ask("select count(*) from mail")[0][0] == 5


def test_what_was_held_leaves_when_an_operator_has_seen_it_and_not_before(here: Site, tmp_path: Path) -> None:
    started(here)
    with dead_smtp(here):
        for sender in (SENT, READY):
            here.dovecot.deliver(USER, mail(sender=sender))
        run(here, "once")
    backup = tmp_path / "backup"
    assert run(here, "backup", str(backup)).returncode == 0
    lose_the_store(here)
    assert run(here, "restore", str(backup)).returncode == 0
    assert run(here, "once").returncode == 0
    assert "2 replies wait for your word: processor restored list" in run(here, "status").stdout
    asked = run(here, "restored", "release")
    assert asked.returncode == 1
    assert "2 would be sent" in asked.stdout
    assert "Fjord Bygg AS" in asked.stdout
    assert run(here, "once").returncode == 0
    assert here.taken() == []
    assert run(here, "restored", "withdraw", "r1", "--yes").returncode == 0
    assert run(here, "restored", "release", "r1", "--yes").returncode == 1
    assert run(here, "restored", "release", "r2", "--yes").returncode == 0
    assert run(here, "once").returncode == 0
    assert answered(here) == {str(here.ask("select to_addr from outbox where id = 2")[0][0]): 1}
    assert here.ask("select state, approved_by like '%(command line)' from outbox order by id") == [
        ("cancelled", 0),
        ("sent", 1),
    ]


def test_mail_that_the_lost_store_moved_away_is_found_where_it_moved_it(here: Site, tmp_path: Path) -> None:
    config = here.folder / "config.toml"
    moving = 'purpose = "termination"\nhandled = "move"\nhandled_folder = "Behandlet"'
    config.write_text(config.read_text().replace('purpose = "termination"', moving))
    started(here)
    # Of last year, so that not the whole folder is read again.
    with here.dovecot.client(USER) as client:
        client.create_folder("Behandlet")
        client.append("Behandlet", mail(sender=OLD), msg_time=datetime.now(UTC) - timedelta(days=400))
    here.dovecot.deliver(USER, mail(sender=SENT))
    run(here, "once")
    backup = tmp_path / "backup"
    assert run(here, "backup", str(backup)).returncode == 0
    here.dovecot.deliver(USER, mail("Takk for hjelpen i går!", "Takk", sender=BETWEEN))
    here.dovecot.deliver(USER, mail(NOTICE.replace("328627035", "913012345"), "I mellomtiden", BETWEEN))
    run(here, "once")
    with here.dovecot.client(USER) as client:
        client.select_folder("INBOX", readonly=True)
        assert client.search() == []
    lose_the_store(here)
    assert run(here, "restore", str(backup)).returncode == 0
    for _ in range(2):
        assert run(here, "once").returncode == 0
    assert answered(here) == {SENT: 1, BETWEEN: 1}
    found = here.ask("select folder, sender, subject from mail join ticket on ticket.id = ticket_id order by mail.id")
    assert found == [("INBOX", SENT, "Oppsigelse av Visma Global"), ("Behandlet", BETWEEN, "Takk"),
                     ("Behandlet", BETWEEN, "I mellomtiden")]  # fmt: skip
    assert here.ask("select value from setting where name like 'look_back:%'") == [("",)]
    assert "2 mails were not decided then" in run(here, "restored", "list").stdout
