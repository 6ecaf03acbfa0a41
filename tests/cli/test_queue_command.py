"""``processor queue`` over a store of its own: what staff see of what waits for them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from processor.cli.queue import due_in_words
from processor.store import tables as t
from processor.store.engine import open_store
from processor.store.keep import keep
from processor.store.people import add_person, verify_person
from processor.store.queue import approve_reply, cancel_reply
from processor.store.record import record
from processor.store.work import set_aside
from processor.ticket import Level, Limits
from tests.servers import ready
from tests.store.made import NOW, action, arrival, decision, kept, made, outbox_states, recorded, reply

ROOT = Path(__file__).parent.parent.parent
CONFIG = """
[company]
key = { file = "key" }
[[mailbox]]
name = "oppsigelse"
host = "127.0.0.1"
tls = "plain"
user = "x"
password = { file = "key" }
"""


@dataclass
class Desk:
    """A store and the command beside it."""

    folder: Path
    engine: Engine

    def queue(self, *arguments: str, secret: str = "") -> subprocess.CompletedProcess[str]:
        return self.processor("queue", *arguments, secret=secret)

    def processor(self, *arguments: str, secret: str = "") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PROCESSOR_SECRET": secret}
        return ready.run([*arguments, "--config", str(self.folder / "config.toml")], ROOT, environment)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "key").write_text("a key for tests only")
    (tmp_path / "config.toml").write_text(CONFIG)
    engine = open_store(f"sqlite:///{tmp_path}/var/processor.db")
    yield Desk(tmp_path, engine)
    engine.dispose()


def test_a_mail_that_could_not_be_fetched_is_shown_with_its_place_sender_and_subject(desk: Desk) -> None:
    header = b"From: =?utf-8?q?K=C3=A5re?= Holm <kare@fjordbygg-demo.no>\r\nSubject: Oppsigelse av avtalen\r\n\r\n"
    keep(desk.engine, [arrival(4711, None, size=5000, header=header, folder="Innboks")], NOW)
    listed = desk.queue("list").stdout
    assert "m1  support/Innboks, 5000 bytes, set aside: the bytes could not be fetched" in listed
    assert "Kåre Holm <kare@fjordbygg-demo.no>, «Oppsigelse av avtalen»" in listed
    told = desk.queue("show", "m1")
    assert told.returncode == 0, told.stderr
    assert "from      Kåre Holm <kare@fjordbygg-demo.no>" in told.stdout
    assert "subject   Oppsigelse av avtalen" in told.stdout
    assert "arrived   26.11.2026 kl. 11.00" in told.stdout
    assert "size      5000 bytes" in told.stdout
    assert "mailbox support, folder Innboks, UID 4711 (UIDVALIDITY 7)" in told.stdout
    assert "on the server only" in told.stdout


def test_a_mail_known_by_its_place_alone_is_shown_with_its_place(desk: Desk) -> None:
    keep(desk.engine, [arrival(12, None, size=0)], NOW)
    assert "size unknown, set aside" in desk.queue("list").stdout
    told = desk.queue("show", "m1").stdout
    assert "from      unknown" in told
    assert "folder INBOX, UID 12" in told


def test_a_mail_set_aside_with_its_bytes_is_shown_too_and_a_kept_one_is_not(desk: Desk) -> None:
    raw = b"From: kari@fjordbygg-demo.no\nSubject: Hei\n\n" + b"Subject: no header\n" * 9000
    keep(desk.engine, [arrival(1, raw), arrival(2, b"another")], NOW)
    set_aside(desk.engine, 1, "Traceback\nValueError: x", NOW)
    told = desk.queue("show", "m1").stdout
    assert "set aside: ValueError: x" in told
    assert "subject   Hei\n" in told
    assert "on the server only" not in told
    row = json.loads(desk.queue("list", "--json").stdout)
    assert (row["sender"], row["subject"], row["uids"]) == ("<kari@fjordbygg-demo.no>", "Hei", [1])
    assert desk.queue("show", "m2").returncode == 1
    assert desk.queue("show", "VS-none").returncode == 1


@pytest.mark.parametrize(
    ("guard", "words"),
    [
        ("limit_sender", "no reply: the sender has had as many replies as the limit allows in a day"),
        ("limit_thread", "no reply: the ticket has had as many replies as the limit allows"),
        ("limit_all", "no reply: as many replies left in the last hour as the limit allows in all"),
    ],
)
def test_a_reply_that_a_limit_withheld_is_told_in_list_and_show(desk: Desk, guard: str, words: str) -> None:
    one = recorded(desk.engine, 1, replace(decision(None, [action()]), withheld=guard))
    recorded(desk.engine, 2, replace(decision(None, [action()]), withheld="no_reply"))
    listed = desk.queue("list").stdout.splitlines()
    assert [words in line for line in listed] == [True, False]
    assert "no reply" not in listed[1]
    assert words in desk.queue("show", one.ticket_no).stdout
    row = json.loads(desk.queue("list", "--json", "--limit", "1").stdout.splitlines()[0])
    assert row["withheld"] == guard


def test_a_guard_speaks_of_the_newest_mail_of_a_ticket(desk: Desk) -> None:
    one = recorded(desk.engine, 1, replace(decision(None, [action()]), withheld="too_old"))
    recorded(desk.engine, 2, decision(reply()), joins_ticket_id=one.ticket_id)
    assert "no reply" not in desk.queue("list").stdout
    assert "no reply: the mail was too old" in desk.queue("show", one.ticket_no).stdout


def test_a_reply_held_by_a_limit_within_its_batch_names_the_limit(desk: Desk) -> None:
    batch = [made(mail_id, n) for n, mail_id in enumerate(kept(desk.engine, 1, 2), 1)]
    record(desk.engine, [replace(r, context=replace(r.context, limits=Limits(per_sender=1))) for r in batch])
    assert "r2  VS-0002-TEST  receipt to kari@fjordbygg-demo.no is held: limit: too many replies to this sender" in (
        desk.queue("list").stdout
    )


def test_a_refusal_to_approve_a_reply_says_who_was_first_and_when(desk: Desk) -> None:
    secret = add_person(desk.engine, "Kari", NOW)
    kari = verify_person(desk.engine, "Kari", secret)
    assert kari
    for number in range(1, 5):
        recorded(desk.engine, number, level=Level.DRAFT)
    cancel_reply(desk.engine, 1, kari, NOW)
    approve_reply(desk.engine, 2, kari, NOW)
    with desk.engine.begin() as conn:
        conn.execute(update(t.outbox).where(t.outbox.c.id == 2).values(state="sent"))
        conn.execute(update(t.outbox).where(t.outbox.c.id == 3).values(kind="confirmation"))
        conn.execute(update(t.outbox).where(t.outbox.c.id == 4).values(state="failed"))
    recorded(desk.engine, 5, level=Level.OBSERVE)
    refused = [desk.queue("approve", f"r{number}", "--as", "Kari", secret=secret) for number in (1, 2, 3, 4, 5, 99)]
    assert [each.returncode for each in refused] == [1] * 6
    assert [each.stdout.strip() for each in refused] == [
        "Not done: it was withdrawn by Kari, 26.11.2026 kl. 11.00.",
        "Not done: it was sent already, approved by Kari, 26.11.2026 kl. 11.00.",
        "Not done: it waits, since it confirms what is not done yet.",
        "Not done: it is no draft: the server refused it, 26.11.2026 kl. 11.00.",
        "Not done: it was written to be observed only, and never leaves.",
        "Not done: there is no such reply.",
    ]
    again = desk.queue("resend", "r4", "--as", "Kari", secret=secret)
    assert (again.returncode, again.stdout.strip()) == (0, "The reply goes out again.")
    assert "only a reply" in desk.queue("resend", "a1", "--as", "Kari", secret=secret).stderr


def test_a_reply_that_goes_out_is_not_approved_twice(desk: Desk) -> None:
    secret = add_person(desk.engine, "Ola", NOW)
    recorded(desk.engine, 1, level=Level.DRAFT)
    first, second = (desk.queue("approve", "r1", "--as", "Ola", secret=secret) for _ in range(2))
    assert first.stdout.strip() == "The reply goes out."
    assert second.stdout.startswith("Not done: it is on its way already, approved by Ola, ")


@pytest.mark.parametrize("command", [("approve",), ("reject", "--reason", "x")])
def test_a_mails_number_is_never_taken_for_a_replys(desk: Desk, command: tuple[str, ...]) -> None:
    secret = add_person(desk.engine, "Ola", NOW)
    recorded(desk.engine, 1, level=Level.DRAFT)
    told = desk.queue(*command, "m1", "--as", "Ola", secret=secret)
    assert told.returncode == 2
    assert outbox_states(desk.engine) == [("draft", "")]


@pytest.mark.parametrize(
    ("gap", "words", "colour"),
    [
        (timedelta(hours=-3), "overdue 3 h", "red"),
        (timedelta(seconds=-5), "overdue 1 min", "red"),
        (timedelta(days=-5), "overdue 5 days", "red"),
        (timedelta(hours=2), "due in 2 h", "yellow"),
        (timedelta(minutes=20), "due in 20 min", "yellow"),
        (timedelta(days=2), "due 28.11.2026 kl. 11.00", None),
    ],
)
def test_a_due_time_is_said_as_what_is_left_of_it(gap: timedelta, words: str, colour: str | None) -> None:
    assert due_in_words(NOW + gap, NOW) == (words, colour)


def test_status_counts_what_is_overdue_and_what_is_due_soon(desk: Desk) -> None:
    now = datetime.now(UTC)
    for number, gap in enumerate((-30, -1, 1, 30), 1):
        late = replace(action(), due=now + timedelta(hours=gap))
        recorded(desk.engine, number, decision(reply(), [late]))
    told = desk.processor("status")
    assert "due        2 overdue, 1 due within 2 h" in told.stdout
    listed = desk.queue("list").stdout
    assert "overdue 30 h" in listed
    assert "\x1b" not in listed
