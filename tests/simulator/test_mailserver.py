"""One contract for the simulated IMAP server and a real Dovecot: what the program's Mailbox sees of both is the same."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from processor.mail_servers import MailboxSettings
from processor.world.mailbox import Mailbox
from tests.servers.fixtures import Box
from tests.simulator.letters import Letter
from tests.simulator.mailserver import Account, SimMailbox

WHEN = datetime(2026, 8, 18, 8, 2, 5, tzinfo=UTC)


class Server(Protocol):
    """A mailbox and somebody else who has it open."""

    def deliver(self, raw: bytes, folder: str = "INBOX") -> None: ...
    def mailbox(self, **settings: Any) -> Mailbox: ...
    def remove(self, *uids: int) -> None: ...
    def recreate(self, folder: str) -> None: ...
    def flags(self, uid: int, folder: str = "INBOX") -> set[str]: ...
    def count(self, folder: str) -> int: ...


class Simulated:
    def __init__(self) -> None:
        self.account = Account("x", random.Random(1))

    def deliver(self, raw: bytes, folder: str = "INBOX") -> None:
        self.account.deliver(Letter("", "normal", "", "", raw), WHEN, folder)

    def mailbox(self, **settings: Any) -> Mailbox:
        plain = MailboxSettings("x", "sim", 143, "plain", "u", lambda: "", junk_folder="", **settings)
        return SimMailbox(plain, self.account)

    def remove(self, *uids: int) -> None:
        for uid in uids:
            del self.account.folders["INBOX"].mails[uid]

    def recreate(self, folder: str) -> None:
        self.account.recreate(folder)

    def flags(self, uid: int, folder: str = "INBOX") -> set[str]:
        return self.account.folders[folder].mails[uid].flags

    def count(self, folder: str) -> int:
        return len(self.account.folders[folder].mails)


class Real:
    def __init__(self, box: Box) -> None:
        self.box = box

    def deliver(self, raw: bytes, folder: str = "INBOX") -> None:
        self.box.deliver(raw, folder, WHEN)

    def mailbox(self, **settings: Any) -> Mailbox:
        return Mailbox(self.box.settings(**{"junk_folder": "", **settings}))

    def remove(self, *uids: int) -> None:
        with self.box.client() as client:
            client.delete_messages(list(uids))
            client.expunge()

    def recreate(self, folder: str) -> None:
        with self.box.client(folder) as client:
            raws = [each[b"BODY[]"] for _, each in sorted(client.fetch(client.search(), ["BODY.PEEK[]"]).items())]
            client.select_folder("INBOX")
            client.delete_folder(folder)
            # Dovecot's UIDVALIDITY counts seconds.
            time.sleep(1.1)
            client.create_folder(folder)
        for raw in raws:
            self.deliver(raw, folder)

    def flags(self, uid: int, folder: str = "INBOX") -> set[str]:
        with self.box.client(folder) as client:
            return {flag.decode().lower() for flag in client.get_flags([uid])[uid]}

    def count(self, folder: str) -> int:
        with self.box.client(folder) as client:
            return len(client.search())


@pytest.fixture(params=["simulated", "dovecot"])
def server(request: pytest.FixtureRequest) -> Server:
    return Simulated() if request.param == "simulated" else Real(request.getfixturevalue("box"))


def raw(number: int) -> bytes:
    return b"From: kari@fjordbygg-demo.no\r\nSubject: sak %d\r\n\r\nVi sier opp.\r\n" % number


def test_new_mail_comes_once_with_its_bytes_and_time(server: Server) -> None:
    for number in range(5):
        server.deliver(raw(number))
    with server.mailbox(batch=2) as mailbox:
        batches = list(mailbox.fetch_new("INBOX"))
        assert [[each.uid for each in batch.mails] for batch in batches] == [[1, 2], [3, 4], [5]]
        assert [each.raw for batch in batches for each in batch.mails] == [raw(number) for number in range(5)]
        assert {each.internaldate for batch in batches for each in batch.mails} == {WHEN}
        # The range above the last UID names the last mail, which is not new.
        assert list(mailbox.fetch_new("INBOX", 5, batches[0].uidvalidity)) == []


def test_what_another_removes_between_search_and_fetch_is_gone(server: Server) -> None:
    for number in range(4):
        server.deliver(raw(number))
    with server.mailbox(batch=2) as mailbox:
        batches = mailbox.fetch_new("INBOX")
        assert [each.uid for each in next(batches).mails] == [1, 2]
        server.remove(3)
        second = next(batches)
        assert ([each.uid for each in second.mails], second.gone, second.pending) == ([4], (3,), ())


def test_a_new_uidvalidity_brings_all_again_and_settles_nothing_of_the_old(server: Server) -> None:
    server.deliver(raw(1), "Other")
    with server.mailbox(folder="Other") as mailbox:
        (first,) = mailbox.fetch_new("Other")
        server.recreate("Other")
        mailbox.close()
        (again,) = mailbox.fetch_new("Other", 1, first.uidvalidity)
        assert again.uidvalidity != first.uidvalidity
        assert [each.raw for each in again.mails] == [raw(1)]
        assert mailbox.settle("Other", first.uidvalidity, [1]).hopeless == {1}
    assert "$processordone" not in server.flags(1, "Other")


@pytest.mark.parametrize(("wish", "flag"), [("keyword", "$processordone"), ("seen", "\\seen")])
def test_what_is_handled_is_marked(server: Server, wish: str, flag: str) -> None:
    for number in range(2):
        server.deliver(raw(number))
    with server.mailbox(handled=wish) as mailbox:
        (batch,) = mailbox.fetch_new("INBOX")
        assert mailbox.settle("INBOX", batch.uidvalidity, [2]).done == {2}
    assert flag in server.flags(2)
    assert flag not in server.flags(1)


def test_what_is_handled_is_moved_into_a_folder_that_is_made_for_it(server: Server) -> None:
    for number in range(3):
        server.deliver(raw(number))
    with server.mailbox(handled="move", handled_folder="Done") as mailbox:
        (batch,) = mailbox.fetch_new("INBOX")
        assert mailbox.settle("INBOX", batch.uidvalidity, [1, 3]).done == {1, 3}
        assert mailbox.settle("INBOX", batch.uidvalidity, [1]).done == {1}
    assert (server.count("INBOX"), server.count("Done")) == (1, 2)


def test_what_is_handled_is_deleted_and_nothing_else(server: Server) -> None:
    for number in range(3):
        server.deliver(raw(number))
    with server.mailbox(handled="delete") as mailbox:
        (batch,) = mailbox.fetch_new("INBOX")
        assert mailbox.settle("INBOX", batch.uidvalidity, [2]).done == {2}
    assert server.count("INBOX") == 2


def test_a_large_mail_comes_in_pieces_and_another_by_its_header(server: Server) -> None:
    large = raw(1) + b"x" * 70_000
    server.deliver(large)
    with server.mailbox(max_bytes=10_000) as mailbox:
        for batch in mailbox.fetch_new("INBOX"):
            (big,) = batch.mails
            assert (big.raw, big.size) == (None, len(large))
            assert big.chunks is not None
            assert b"".join(big.chunks()) == large
        assert b"Subject: sak 1" in mailbox.fetch_header("INBOX", batch.uidvalidity, 1).header
