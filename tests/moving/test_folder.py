"""A folder of the server becomes history and is left as it lies there."""

from __future__ import annotations

import pytest

from processor.moving.folder import Folder
from processor.moving.found import Owner
from processor.store.keep import Arrival, keep
from processor.store.watermarks import unfinished
from processor.world.failures import Failure
from processor.world.mailbox import Mailbox
from tests.moving.archive import THEN, Archive, answer, mail
from tests.servers.fixtures import Box
from tests.steps.talk import KARI, NOW

ARCHIVE = "Arkiv æøå"


def test_a_folder_with_a_norwegian_name_becomes_history_and_stays_unread(archive: Archive, box: Box) -> None:
    with box.server.client(box.user) as client:
        client.create_folder(ARCHIVE)
    for each in (mail(1), answer(2, 1), mail(3, at=None, received=None)):
        box.deliver(each.replace(b"\n", b"\r\n"), ARCHIVE, THEN)
    owner = Owner(box.user, "termination")
    with Mailbox(box.settings()) as mailbox:
        run = archive.take(Folder(mailbox, ARCHIVE), owner)
        assert run.counts == {"new": 3, "own": 1, "tickets": 2, "joined": 1}
        assert archive.take(Folder(mailbox, ARCHIVE), owner).counts == {"known": 3}
    assert archive.nothing_follows()
    told = archive.talk.ask("select account, folder, purpose, substr(arrived_at, 1, 16) from mail")
    assert told == [(box.user, ARCHIVE, "termination", "2026-03-02 09:30")] * 3
    with box.client(ARCHIVE) as client:
        assert all(not {b"\\Seen"} & set(flags) for flags in client.get_flags(client.search()).values())
        validity = client.folder_status(ARCHIVE)[b"UIDVALIDITY"]
    assert archive.talk.ask("select uidvalidity, uid, done from arrival") == [(validity, n, 1) for n in (1, 2, 3)]
    assert unfinished(archive.talk.engine, box.user, ARCHIVE, validity) == []


def test_a_folder_that_was_left_in_the_middle_goes_on_behind_the_last_mail(
    archive: Archive, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processor.moving.bring_in.MOST", 2)
    for n in range(5):
        box.deliver(mail(n, sender=f"kunde{n}@firma{n}-demo.no").replace(b"\n", b"\r\n"))
    with Mailbox(box.settings(batch=2)) as mailbox:
        brought = archive.brought(Folder(mailbox, "INBOX"), Owner(box.user)).run()
        next(brought)
        next(brought)
        brought.close()
    assert archive.talk.ask("select count(*) from mail") == [(2,)]
    with Mailbox(box.settings(batch=2)) as mailbox:
        source = Folder(mailbox, "INBOX")
        run = archive.take(source, Owner(box.user))
    assert run.resumed
    assert run.counts == {"new": 5, "tickets": 5}
    assert archive.talk.ask("select uid from arrival") == [(n,) for n in range(1, 6)]


def test_a_mail_that_is_taken_in_where_it_lies_is_known_by_its_place(archive: Archive, box: Box) -> None:
    box.deliver(mail(1).replace(b"\n", b"\r\n"))
    with Mailbox(box.settings()) as mailbox:
        archive.take(Folder(mailbox, "INBOX"), Owner(box.user))
        (batch,) = mailbox.fetch_new("INBOX", 0, None)
    (shown,) = batch.mails
    seen = Arrival(box.user, "INBOX", shown.uidvalidity, shown.uid, shown.internaldate, shown.size, shown.raw)
    assert [each.new for each in keep(archive.talk.engine, [seen], NOW)] == [False]
    archive.talk.work()
    assert archive.tickets() == [("closed", KARI, 1)]
    assert archive.nothing_follows()


def test_a_folder_that_is_not_there_is_told_by_the_server(archive: Archive, box: Box) -> None:
    with Mailbox(box.settings()) as mailbox, pytest.raises(Failure):
        archive.take(Folder(mailbox, "Finnes ikke"), Owner(box.user))


def test_a_large_mail_of_the_server_is_kept_in_parts_while_the_server_gives_it(archive: Archive, box: Box) -> None:
    big = mail(1, "Vi sier opp.\n" + "x" * 9_000).replace(b"\n", b"\r\n")
    for each in (big, answer(2, 1).replace(b"\n", b"\r\n")):
        box.deliver(each)
    with Mailbox(box.settings(max_bytes=5_000)) as mailbox:
        assert archive.take(Folder(mailbox, "INBOX"), Owner(box.user)).counts["new"] == 2
        assert archive.take(Folder(mailbox, "INBOX"), Owner(box.user)).counts == {"known": 2}
    assert archive.tickets() == [("closed", KARI, 2)]
    assert archive.nothing_follows()
    assert b"".join(row[0] for row in archive.talk.ask("select content from raw_part order by number")) == big
    assert archive.talk.ask("select count(*), sum(done) from arrival") == [(2, 2)]
