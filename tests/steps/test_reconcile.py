"""Reconciliation on a real Dovecot, with differences that were planted."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from processor.steps.loops import MailboxLoop
from processor.steps.reconcile import REMEMBERED, is_due, reconcile, reconcile_all
from processor.steps.take_in import FETCH_TRIES, Folder, take_in
from processor.store import tables as t
from processor.store.engine import open_store
from processor.store.measures import measure
from processor.store.reconciliation import Reconciliation, note_reconciliation, reconciliations
from processor.store.watermarks import advance, first_start, mark_arrivals_done
from processor.world.census import Portion
from processor.world.failures import Disconnected, Refusal
from processor.world.mailbox import Mailbox
from tests.servers.fixtures import Box
from tests.store.made import column, count
from tests.world.scripted_imap import Reply, ScriptedImap

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.dispose()


def mail(number: int) -> bytes:
    return b"From: kari@fjordbygg-demo.no\r\nSubject: sak %d\r\n\r\nHei %d\r\n" % (number, number)


def filled(box: Box, engine: Engine, many: int = 5) -> None:
    box.server.deliver_at_once(box.user, [mail(number) for number in range(many)])
    first_start(engine, box.user, NOW)
    with Mailbox(box.settings()) as mailbox:
        list(take_in(mailbox, Folder("INBOX"), engine, lambda: NOW))


def swept(box: Box, engine: Engine, now: datetime = NOW, repair: bool = True, **settings: object) -> Reconciliation:
    with Mailbox(box.settings(**settings)) as mailbox:
        return reconcile(mailbox, Folder("INBOX"), engine, lambda: now, repair=repair)


def differences(found: Reconciliation) -> dict[str, int]:
    return {kind: count for kind, count in found.counts.items() if count}


def passed_over(box: Box, engine: Engine, *numbers: int) -> None:
    """Let the watermark pass mails that were never kept."""
    for number in numbers:
        box.deliver(mail(number))
    with Mailbox(box.settings()) as mailbox:
        selected = mailbox.connect().select("INBOX")
    advance(engine, box.user, "INBOX", selected.uidvalidity, selected.next_uid - 1)


def test_where_all_is_kept_nothing_differs(box: Box, engine: Engine) -> None:
    filled(box, engine)
    found = swept(box, engine)
    assert (found.held, differences(found), found.next_uid) == (5, {}, 6)
    assert reconciliations(engine) == [found]


def test_a_folder_that_is_watched_no_more_keeps_no_comparison_that_only_grows_old(box: Box, engine: Engine) -> None:
    filled(box, engine)
    first = swept(box, engine)
    note_reconciliation(engine, replace(first, folder="Reklame"), telling=False)
    later = NOW + 2 * HOUR
    with Mailbox(box.settings()) as mailbox:
        assert reconcile_all(mailbox, [Folder("INBOX")], engine, lambda: later)
    assert [each.folder for each in reconciliations(engine)] == ["INBOX"]
    assert not is_due(engine, box.user, later)


def test_an_unledgered_mail_is_taken_in_and_told_of(box: Box, engine: Engine) -> None:
    filled(box, engine, 3)
    passed_over(box, engine, 7, 8)
    looked = swept(box, engine, repair=False)
    assert (differences(looked), looked.examples["unledgered"]) == ({"unledgered": 2}, (4, 5))
    assert count(engine, t.mail) == 3
    found = swept(box, engine, NOW + HOUR)
    assert (differences(found), found.examples["taken_in"]) == ({"unledgered": 2, "taken_in": 2}, (4, 5))
    assert count(engine, t.mail, t.mail.c.state == "kept") == 5
    assert sorted(column(engine, t.arrival.c.uid)) == [1, 2, 3, 4, 5]
    assert differences(swept(box, engine, NOW + 2 * HOUR)) == {}
    assert count(engine, t.event, t.event.c.kind == "mailbox.reconciled") == 2


def test_a_mail_moved_away_by_a_colleague_is_kept_here(box: Box, engine: Engine) -> None:
    filled(box, engine)
    other = box.client()
    other.create_folder("Ferdig")
    other.move([3], "Ferdig")
    other.logout()
    found = swept(box, engine)
    assert (found.held, differences(found), found.examples["vanished"]) == (4, {"vanished": 1}, (3,))
    assert count(engine, t.raw_mail) == 5


def test_what_we_moved_ourselves_is_no_difference(box: Box, engine: Engine) -> None:
    filled(box, engine)
    with Mailbox(box.settings(handled="move", handled_folder="Behandlet")) as mailbox:
        validity = mailbox.connect().select("INBOX").uidvalidity
        mailbox.settle("INBOX", validity, [2])
    mark_arrivals_done(engine, box.user, "INBOX", validity, [2], NOW)
    assert differences(swept(box, engine, handled="move", handled_folder="Behandlet")) == {}


def test_a_mail_moved_out_before_we_saw_it_shows_for_a_week(box: Box, engine: Engine) -> None:
    filled(box, engine)
    swept(box, engine)
    box.deliver(mail(6))
    other = box.client()
    other.create_folder("Ferdig")
    other.move([6], "Ferdig")
    other.logout()
    with Mailbox(box.settings()) as mailbox:
        list(take_in(mailbox, Folder("INBOX"), engine, lambda: NOW))
    found = swept(box, engine, NOW + HOUR)
    assert (differences(found), found.examples["unseen"]) == ({"unseen": 1}, (6,))
    later = swept(box, engine, NOW + 2 * HOUR)
    assert (differences(later), later.examples["unseen"]) == ({"unseen": 1}, (6,))
    assert differences(swept(box, engine, NOW + HOUR + REMEMBERED)) == {}


def test_what_was_gone_before_the_first_comparison_is_nobodys(box: Box, engine: Engine) -> None:
    box.server.deliver_at_once(box.user, [mail(number) for number in range(9)])
    other = box.client()
    other.delete_messages([1, 2, 3])
    other.expunge()
    other.logout()
    filled(box, engine, 1)
    assert differences(swept(box, engine)) == {}


def test_a_mail_that_came_since_the_last_reading_is_only_new(box: Box, engine: Engine) -> None:
    filled(box, engine)
    box.deliver(mail(6))
    found = swept(box, engine)
    assert (differences(found), count(engine, t.mail)) == ({"new": 1}, 5)


def test_the_same_bytes_under_two_uids_are_a_double(box: Box, engine: Engine) -> None:
    box.deliver(mail(2))
    filled(box, engine)
    found = swept(box, engine)
    assert (differences(found), count(engine, t.mail)) == ({"double": 1}, 5)


def test_a_uid_that_shows_another_mail_is_fetched_and_known_as_reused(box: Box, engine: Engine) -> None:
    """Planted in the ledger: what we kept of UID 2 has another time and other bytes than the server shows."""
    filled(box, engine)
    with engine.begin() as conn:
        conn.execute(update(t.arrival).where(t.arrival.c.uid == 2).values(internaldate=NOW - HOUR, size=7))
        conn.execute(update(t.mail).where(t.mail.c.id == 2).values(digest="of another mail"))
    found = swept(box, engine)
    assert (differences(found), found.examples["reused"]) == ({"reused": 1}, (2,))
    assert (count(engine, t.mail), max(column(engine, t.arrival.c.reuse))) == (6, 1)
    assert count(engine, t.event, t.event.c.kind == "uid.reused") == 1
    assert differences(swept(box, engine, NOW + HOUR)) == {}


def test_a_wrong_time_in_the_ledger_alone_makes_no_second_mail(box: Box, engine: Engine) -> None:
    filled(box, engine)
    with engine.begin() as conn:
        conn.execute(update(t.arrival).where(t.arrival.c.uid == 2).values(internaldate=NOW - HOUR))
    assert (differences(swept(box, engine)), count(engine, t.mail)) == ({}, 5)


def test_a_folder_made_anew_is_all_new_until_it_is_read(box: Box, engine: Engine) -> None:
    filled(box, engine)
    with engine.begin() as conn:
        for table in (t.watermark, t.arrival):
            conn.execute(update(table).values(uidvalidity=1))
    found = swept(box, engine)
    assert (differences(found), found.uidvalidity > 1) == ({"new": 5}, True)


def test_an_empty_folder_is_compared_too(box: Box, engine: Engine) -> None:
    first_start(engine, box.user, NOW)
    found = swept(box, engine)
    assert (found.held, found.next_uid, differences(found)) == (0, 1, {})


def test_mail_from_before_the_day_that_reading_begins_is_not_compared(box: Box, engine: Engine) -> None:
    box.deliver(mail(0), when=datetime(2020, 5, 4, tzinfo=UTC))
    box.deliver(mail(1), when=datetime(2026, 5, 4, tzinfo=UTC))
    since = datetime(2026, 1, 1, tzinfo=UTC).date()
    first_start(engine, box.user, NOW)
    with Mailbox(box.settings(since=since)) as mailbox:
        list(take_in(mailbox, Folder("INBOX"), engine, lambda: NOW))
    found = swept(box, engine, since=since)
    assert (found.held, differences(found)) == (1, {})


def test_tens_of_thousands_of_mails_are_asked_for_in_few_commands(engine: Engine) -> None:
    many = 20_000
    facts = '(UID {0} RFC822.SIZE 9 INTERNALDATE "26-Nov-2026 08:00:00 +0000")'

    def answered(uids: bytes) -> bytes:
        return b"".join(b"* %s FETCH %s\r\n" % (uid, facts.format(uid.decode()).encode()) for uid in uids.split(b","))

    def fetched(client: object, tag: bytes) -> None:
        line = next(each for each in reversed(server.heard) if b"UID FETCH" in each)
        client.sendall(answered(line.split()[3]) + tag + b" OK x\r\n")  # type: ignore[attr-defined]

    selected = b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT %d] x\r\n" % (many, many + 1)
    script: dict[str, Reply] = {
        "SELECT": selected,
        "UID SEARCH": b"* SEARCH %s\r\n" % b" ".join(b"%d" % uid for uid in range(1, many + 1)),
        "UID FETCH": fetched,
    }
    when = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
    advance(engine, "x", "INBOX", 7, many)
    kept = [uid for uid in range(1, many + 1) if uid != 13_333]
    facts_of = {"account": "x", "folder": "INBOX"}
    mails = [
        {**facts_of, "id": uid, "digest": str(uid), "size": 9, "state": "kept", "arrived_at": when, "kept_at": NOW}
        for uid in kept
    ]
    arrivals = [
        {**facts_of, "uidvalidity": 7, "uid": uid, "internaldate": when, "size": 9, "mail_id": uid, "seen_at": NOW}
        for uid in kept
    ]
    with engine.begin() as conn:
        conn.execute(t.mail.insert(), mails)
        conn.execute(t.arrival.insert(), arrivals)
    with ScriptedImap(script) as server, Mailbox(server.settings()) as mailbox:
        found = reconcile(mailbox, Folder("INBOX"), engine, lambda: NOW, repair=False)
    assert (found.held, differences(found), found.examples["unledgered"]) == (many, {"unledgered": 1}, (13_333,))
    assert sum(b"UID FETCH" in line for line in server.heard) == many // 500


def test_a_mail_of_which_the_header_alone_came_and_that_is_gone_is_told_apart(engine: Engine) -> None:
    header = b"Subject: x\r\n\r\n"
    script: dict[str, Reply] = {
        "UID SEARCH": b"* SEARCH 1\r\n",
        "UID FETCH 1 (RFC822.SIZE": b'* 1 FETCH (UID 1 RFC822.SIZE 5 INTERNALDATE "26-Nov-2026 08:00:00 +0000")\r\n',
        "UID FETCH 1 (BODY.PEEK[HEADER]": b"* 1 FETCH (UID 1 BODY[HEADER]<0> {%d}\r\n%s)\r\n" % (len(header), header),
        "UID FETCH": b"* 1 FETCH (UID 1 BODY[]<0> NIL)\r\n",
    }
    with ScriptedImap(script) as server, Mailbox(server.settings()) as mailbox:
        folder = Folder("INBOX")
        for _ in range(FETCH_TRIES):
            list(take_in(mailbox, folder, engine, lambda: NOW))
        server.replies["UID SEARCH"] = b"* SEARCH\r\n"
        found = reconcile(mailbox, folder, engine, lambda: NOW)
    assert (differences(found), found.examples["header_only"]) == ({"header_only": 1}, (1,))


def test_a_comparison_that_breaks_off_leaves_the_last_complete_one(box: Box, engine: Engine) -> None:
    filled(box, engine)
    first = swept(box, engine)

    def ends() -> None:
        raise Refusal("the program ends")

    with Mailbox(box.settings()) as mailbox, pytest.raises(Refusal):
        reconcile(mailbox, Folder("INBOX"), engine, lambda: NOW + HOUR, ends)
    assert reconciliations(engine) == [first]


def test_the_loop_compares_at_its_start_and_then_when_its_clock_says_so(box: Box, engine: Engine) -> None:
    filled(box, engine)
    ended, told = threading.Event(), list[datetime]()
    now = NOW

    def clock() -> datetime:
        return now

    loop = MailboxLoop(box.settings(), engine, clock, ended, lambda: None)
    loop.reconciled = lambda _, at: told.append(at)
    loop.start()
    _await(lambda: len(told) == 1)
    assert not is_due(engine, box.user, now + timedelta(minutes=59))
    now = NOW + HOUR
    assert is_due(engine, box.user, now)
    _await(lambda: loop.waiting)
    loop.reconcile_soon()
    _await(lambda: len(told) == 2)
    ended.set()
    loop.wake()
    loop.join(10)
    assert told == [NOW, NOW + HOUR]
    assert [each.folder for each in reconciliations(engine)] == ["INBOX", "Junk"]
    (measured,) = measure(engine, now).mailboxes
    assert measured.reconciled_at == NOW + HOUR


def test_a_server_that_refuses_to_be_compared_is_read_all_the_same(engine: Engine) -> None:
    script: dict[str, Reply] = {"UID SEARCH": b"{tag} NO [SERVERBUG] x\r\n"}
    with ScriptedImap(script) as server:
        loop = MailboxLoop(server.settings(junk_folder=""), engine, lambda: NOW, threading.Event(), lambda: None)
        loop.folders, loop.reconcile_due = [Folder("INBOX")], True
        loop._reconcile()
        loop.mailbox.close()
    assert (reconciliations(engine), loop.reconcile_due) == ([], False)


def test_a_comparison_that_breaks_off_is_tried_again_within_seconds_and_then_less_often(
    box: Box, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(box, engine)
    now, broken, tried = NOW, [True, True, True], list[datetime]()
    loop = MailboxLoop(box.settings(), engine, lambda: now, threading.Event(), lambda: None)
    census = loop.mailbox.census

    def breaking(folder: str) -> Iterator[Portion]:
        tried.append(now)
        if broken:
            broken.pop()
            raise Disconnected("the connection was lost")
        return census(folder)

    monkeypatch.setattr(loop.mailbox, "census", breaking)
    loop.folders, loop.reconcile_due = [Folder("INBOX")], True
    for second in range(40):
        now = NOW + timedelta(seconds=second)
        with suppress(Disconnected):
            loop._reconcile()
    loop.mailbox.close()
    assert [(each - NOW).seconds for each in tried] == [0, 5, 15, 35]
    assert [each.folder for each in reconciliations(engine)] == ["INBOX"]


def _await(true: object) -> None:
    for _ in range(1200):
        if true():  # type: ignore[operator]
            return
        time.sleep(0.02)
    pytest.fail("waited in vain")
