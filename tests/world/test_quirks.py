"""What large providers do that no RFC asks for, each by a server that does it: see docs/operate/providers.md."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from processor.steps.loops import MailboxLoop
from processor.store.engine import open_store
from processor.store.troubles import troubles
from processor.store.watermarks import first_start
from processor.world import idling
from processor.world.failures import Disconnected, LoginRefused, Misconfigured, Refusal, Transient
from processor.world.mailbox import Mailbox, junk_among
from processor.world.probing import probe
from processor.world.throttling import rest_asked
from tests.world.scripted_imap import SELECTED, Reply, ScriptedImap

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
EMPTY = b"* 0 EXISTS\r\n* FLAGS ()\r\n* OK [PERMANENTFLAGS (\\Seen)] x\r\n* OK [UIDVALIDITY 7] x\r\n"
MAIL = b'* 1 FETCH (UID 1 RFC822.SIZE 3 INTERNALDATE " 1-Dec-2026 00:00:00 +0000")\r\n'
ONE: dict[str, Reply] = {
    "SELECT": SELECTED.replace(b"2 EXISTS", b"1 EXISTS"),
    "UID SEARCH": b"* SEARCH 1\r\n",
    "UID FETCH 1 (RFC822.SIZE": MAIL,
    "UID FETCH": b"* 1 FETCH (UID 1 BODY[]<0> {3}\r\nabc)\r\n",
}
EXCHANGE = b"* BYE Session invalidated - Request is throttled. Suggested Backoff Time: 2500 milliseconds\r\n"
GOOGLE = b"{tag} NO [THROTTLED] Request throttled.\r\n"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_store(f"sqlite:///{tmp_path}/room/store.db")
    first_start(made, "x", NOW)
    yield made
    made.dispose()


class Ending(threading.Event):
    """An end that notes how long the loop would wait, and lets it go on after ``rounds`` of them."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.rounds = rounds

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        if len(self.waits) >= self.rounds:
            self.set()
        return self.is_set()


def uids(mailbox: Mailbox) -> list[int]:
    return [mail.uid for batch in mailbox.fetch_new("INBOX") for mail in batch.mails]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Request is throttled. Suggested Backoff Time: 2500 milliseconds", 2.5),
        ("Suggested Backoff Time: 999999999 milliseconds", 1800.0),
        ("NO [THROTTLED] Request throttled.", 300.0),
        ("NO [OVERQUOTA] Account exceeded command or bandwidth limits.", 300.0),
        ("NO [ALERT] Account exceeded command or bandwidth limits.", 300.0),
        ("NO [INUSE] Mailbox in use", 0.0),
        ("the connection was lost", 0.0),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone_is_read_from_its_words(said: str, seconds: float) -> None:
    assert rest_asked(said) == seconds


@pytest.mark.parametrize(
    ("replies", "least"),
    [
        ({"UID SEARCH": EXCHANGE}, 2.5),
        ({"SELECT": GOOGLE}, 300.0),
        ({"UID FETCH": GOOGLE}, 300.0),
        ({"LOGIN": b"{tag} NO [ALERT] Account exceeded command or bandwidth limits. (Failure)\r\n"}, 300.0),
    ],
)
def test_a_loop_that_is_throttled_leaves_the_server_alone_for_as_long_as_it_asks(
    engine: Engine, replies: dict[str, Reply], least: float
) -> None:
    with ScriptedImap({**ONE, **replies}) as server:
        ended = Ending(1)
        loop = MailboxLoop(server.settings(name="x"), engine, lambda: NOW, ended, lambda: None)
        loop.run()
    assert len(ended.waits) == 1
    assert least <= ended.waits[0] <= max(least, 1.0)
    # It is the moment's, and no alarm about a password or our settings.
    assert troubles(engine)["mailbox/x"].kind == "unreachable"


def test_throttled_at_login_is_no_wrong_password() -> None:
    with ScriptedImap({"LOGIN": GOOGLE}) as server, pytest.raises(Transient):
        Mailbox(server.settings()).connect()
    with ScriptedImap({"LOGIN": b"{tag} NO LOGIN failed.\r\n"}) as server, pytest.raises(LoginRefused):
        Mailbox(server.settings()).connect()


def test_a_folder_in_use_is_asked_for_again_on_the_same_connection() -> None:
    with ScriptedImap(dict(ONE)) as server, Mailbox(server.settings()) as mailbox:
        opens = server.replies["SELECT"]
        server.replies["SELECT"] = b"{tag} NO [INUSE] Mailbox in use by another session\r\n"
        with pytest.raises(Refusal):
            uids(mailbox)
        server.replies["SELECT"] = opens
        assert uids(mailbox) == [1]
        assert len(server._clients) == 1


def test_a_goodbye_in_the_middle_of_a_fetch_loses_no_mail() -> None:
    with ScriptedImap(dict(ONE)) as server, Mailbox(server.settings()) as mailbox:
        gives = server.replies["UID FETCH"]

        def leave(client: socket.socket, tag: bytes) -> None:
            client.sendall(b"* BYE Connection is closed. 13\r\n")
            client.shutdown(socket.SHUT_RDWR)

        server.replies["UID FETCH"] = leave
        with pytest.raises(Disconnected):
            uids(mailbox)
        server.replies["UID FETCH"] = gives
        assert uids(mailbox) == [1]
        assert len(server._clients) == 2


def test_exchange_that_has_lost_sight_of_the_mailbox_gets_a_new_session() -> None:
    with ScriptedImap(dict(ONE)) as server, Mailbox(server.settings()) as mailbox:
        opens = server.replies["SELECT"]
        server.replies["SELECT"] = b"{tag} BAD User is authenticated but not connected.\r\n"
        with pytest.raises(Disconnected):
            uids(mailbox)
        server.replies["SELECT"] = opens
        assert uids(mailbox) == [1]
        assert len(server._clients) == 2


def test_a_folder_that_is_not_there_is_still_ours_to_mend() -> None:
    gone: dict[str, Reply] = {"SELECT": b"{tag} NO [NONEXISTENT] gone doesn't exist.\r\n"}
    with ScriptedImap(gone) as server, Mailbox(server.settings()) as mailbox, pytest.raises(Misconfigured):
        uids(mailbox)


def test_a_server_that_keeps_no_keywords_is_not_asked_to_and_nothing_is_lost() -> None:
    with ScriptedImap(dict(ONE)) as server, Mailbox(server.settings(handled="keyword")) as mailbox:
        assert uids(mailbox) == [1]
        settled = mailbox.settle("INBOX", 7, [1])
        # Our ledger knows that it was handled; the server will never say so, and is not asked each minute.
        assert (settled.done, settled.hopeless) == (frozenset(), frozenset({1}))
        assert not [line for line in server.heard if b"STORE" in line]
        server.replies["UID SEARCH"] = b"* SEARCH\r\n"
        assert mailbox.settle("INBOX", 7, [1]).hopeless == frozenset({1})
    with ScriptedImap({**ONE, "LIST": b'* LIST () "/" INBOX\r\n'}) as server:
        told = {finding.what: finding for finding in probe(server.settings(handled="keyword"))}
        (keyword,) = [each for what, each in told.items() if "is not kept" in what]
        assert keyword.ok
        assert 'choose "seen" or "move"' in keyword.mend


def test_idle_is_renewed_before_a_server_that_allows_ten_minutes_hangs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert idling.RENEW_SECONDS < 10 * 60
    # The same proportion in tenths of a second.
    monkeypatch.setattr(idling, "RENEW_SECONDS", 0.2)
    monkeypatch.setattr(idling, "SLICE_SECONDS", 0.05)
    hung_up = []

    def limited(client: socket.socket, tag: bytes) -> None:
        client.sendall(b"+ idling\r\n")
        client.settimeout(1.5)
        try:
            assert client.recv(100).startswith(b"DONE")
            client.sendall(tag + b" OK done\r\n")
        except TimeoutError:
            hung_up.append(tag)
            client.sendall(b"* BYE Session timed out, inactivity time too long.\r\n")

    replies: dict[str, Reply] = {"SELECT": EMPTY, "IDLE": limited}
    with ScriptedImap(replies, capabilities="IMAP4rev1 IDLE") as server, Mailbox(server.settings()) as mailbox:
        assert not mailbox.wait(0.7)
        assert len([line for line in server.heard if b"IDLE" in line]) >= 3
    assert hung_up == []


def test_an_account_needs_one_connection_so_that_a_cap_of_one_is_enough() -> None:
    greeting, open_now, most = b"* OK hei\r\n", 0, 0
    lock = threading.Lock()

    class Capped(ScriptedImap):
        def _converse(self, client: socket.socket) -> None:
            nonlocal open_now, most
            with lock:
                open_now += 1
                most = max(most, open_now)
                self.greeting = greeting if open_now == 1 else b"* BYE [LIMIT] Too many simultaneous connections\r\n"
            try:
                super()._converse(client)
            finally:
                with lock:
                    open_now -= 1

    with Capped({**ONE, "LIST": b'* LIST (\\HasNoChildren) "/" INBOX\r\n'}) as server:
        with Mailbox(server.settings()) as mailbox:
            assert mailbox.folders() == ["INBOX"]
            assert uids(mailbox) == [1]
            mailbox.settle("INBOX", 7, [1])
            mailbox.wait(0.01)
            # Another program took the only one: that is no wrong password.
            with pytest.raises(Transient):
                Mailbox(server.settings()).connect()
        until = time.monotonic() + 5
        while open_now and time.monotonic() < until:
            time.sleep(0.01)
        with Mailbox(server.settings()) as again:
            assert uids(again) == [1]


GMAIL = (
    b'* LIST (\\HasNoChildren) "/" "INBOX"\r\n* LIST (\\HasChildren \\Noselect) "/" "[Gmail]"\r\n'
    b'* LIST (\\All \\HasNoChildren) "/" "[Gmail]/All e-post"\r\n'
    b'* LIST (\\HasNoChildren \\Junk) "/" "[Gmail]/S&APg-ppelpost"\r\n'
    b'* LIST (\\HasNoChildren \\Sent) "/" "[Gmail]/Sendt e-post"\r\n'
)


def test_of_googles_labels_the_inbox_and_junk_are_watched_whatever_they_are_called() -> None:
    with ScriptedImap({**ONE, "LIST": GMAIL}) as server, Mailbox(server.settings()) as mailbox:
        assert mailbox.folders() == ["INBOX", "[Gmail]/Søppelpost"]


def test_doctor_warns_of_watching_all_mail_where_our_own_answers_stand() -> None:
    with ScriptedImap({**ONE, "LIST": GMAIL}) as server:
        told = [each.what for each in probe(server.settings(folder="[Gmail]/All e-post")) if not each.ok]
        assert "folder [Gmail]/All e-post holds all mail, what we send and what is archived among it" in told
        assert not [each.what for each in probe(server.settings()) if "holds all mail" in each.what]


def test_junk_is_known_by_its_norwegian_name_at_a_server_that_marks_nothing() -> None:
    plain = [
        (frozenset({"\\hasnochildren"}), name) for name in ("INBOX", "Kunder/Spamfilter", "INBOX.Søppelpost", "Sendt")
    ]
    assert junk_among(plain, marked=False) == "INBOX.Søppelpost"
    # A server that knows marks has none for it: what is called so is somebody's own folder.
    assert junk_among(plain, marked=True) == ""
    assert junk_among([*plain, (frozenset({"\\sent"}), "Sendt")], marked=False) == ""
    assert junk_among([*plain, (frozenset({"\\junk"}), "Reklame")], marked=False) == "Reklame"
    listed = b'* LIST () "." INBOX\r\n* LIST () "." "INBOX.S&APg-ppelpost"\r\n'
    with ScriptedImap({**ONE, "LIST": listed}) as server, Mailbox(server.settings()) as mailbox:
        assert mailbox.folders() == ["INBOX", "INBOX.Søppelpost"]
