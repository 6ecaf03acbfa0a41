"""Servers that break off, lie or fall silent, as no honest Dovecot does."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from processor.world.failures import Failure, LoginRefused, Transient
from processor.world.fetching import Batch
from processor.world.mailbox import Mailbox
from tests.world.scripted_imap import SELECTED, Reply, ScriptedImap

SIZES = b'* 1 FETCH (UID 1 RFC822.SIZE 3 INTERNALDATE " 1-Jan-1970 00:00:00 +0000")\r\n'
FACTS = SIZES + b'* 2 FETCH (UID 2 RFC822.SIZE 3 INTERNALDATE "99-Foo-2026 x")\r\n'
FOUND: dict[str, Reply] = {"UID SEARCH": b"* SEARCH 1 2\r\n"}


def script(bodies: bytes, facts: bytes = FACTS) -> dict[str, Reply]:
    """Two mails are there; what is said about their bodies is the case."""
    return {**FOUND, "UID FETCH 1,2 (RFC822.SIZE": facts, "UID FETCH": bodies}


def only_batch(server: ScriptedImap, **settings: object) -> Batch:
    with Mailbox(server.settings(**settings)) as mailbox:
        (batch,) = mailbox.fetch_new("INBOX")
        return batch


@pytest.mark.parametrize("greeting", [b"* BYE Too many connections\r\n", b"", b"SSH-2.0-OpenSSH\r\n", b"* NO x\r\n"])
def test_T80_a_greeting_that_is_no_welcome_is_transient(greeting: bytes) -> None:
    with ScriptedImap(greeting=greeting) as server, pytest.raises(Transient):
        Mailbox(server.settings(timeout=0.5)).connect()


def test_T80_a_server_too_busy_for_logins_is_not_a_wrong_password() -> None:
    with ScriptedImap({"LOGIN": b"{tag} NO [UNAVAILABLE] try later\r\n"}) as server, pytest.raises(Transient):
        Mailbox(server.settings()).connect()
    with ScriptedImap({"LOGIN": b"* BYE overloaded\r\n{tag} NO x\r\n"}) as server, pytest.raises(Failure) as caught:
        Mailbox(server.settings()).connect()
    assert not isinstance(caught.value, LoginRefused)


def test_T79_a_mute_server_ends_in_time() -> None:
    with ScriptedImap({"SELECT": lambda client, tag: None}) as server:
        began = time.monotonic()
        with Mailbox(server.settings(timeout=0.5)) as mailbox, pytest.raises(Transient):
            list(mailbox.fetch_new("INBOX"))
        assert time.monotonic() - began < 3


def test_T76_bodies_of_other_mails_are_not_taken_for_ours() -> None:
    bodies = b"* 1 FETCH (UID 9 BODY[]<0> {3}\r\nabc)\r\n* 2 FETCH (UID 2 BODY[]<0> {3}\r\nxyz)\r\n"
    with ScriptedImap(script(bodies)) as server:
        batch = only_batch(server)
    assert [(mail.uid, mail.raw) for mail in batch.mails] == [(2, b"xyz")]
    assert (batch.gone, batch.pending) == ((), (1,))


@pytest.mark.parametrize(
    "bodies",
    [
        b"* 1 FETCH (BODY[]<0> {3}\r\nabc)\r\n",
        b"* 7 FETCH (FLAGS (\\Seen))\r\n",
        b"* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2 BODY[]<0> NIL)\r\n",
        b'* 1 FETCH (UID 1 BODY[]<0> "")\r\n',
        b"",
    ],
    ids=["without a UID", "flags alone", "NIL", "empty", "nothing"],
)
def test_T76_a_body_that_does_not_come_stays_pending(bodies: bytes) -> None:
    # A reply without UID falls under its sequence number in imapclient: 7 and 8 are no UIDs of ours.
    bodies = bodies.replace(b"* 1 FETCH (BODY", b"* 7 FETCH (BODY")
    with ScriptedImap(script(bodies)) as server:
        batch = only_batch(server)
    assert (batch.mails, batch.gone, batch.pending) == ((), (), (1, 2))


def test_T76_a_mail_that_the_server_refuses_does_not_hold_up_the_others() -> None:
    replies: dict[str, Reply] = {
        **script(b"{tag} NO [SERVERBUG] x\r\n"),
        "UID FETCH 1 (RFC822.SIZE": FACTS,
        "UID FETCH 2 (BODY.PEEK": b"* 2 FETCH (UID 2 BODY[]<0> {3}\r\nxyz)\r\n",
    }
    with ScriptedImap(replies) as server:
        batch = only_batch(server)
    assert [(mail.uid, mail.raw) for mail in batch.mails] == [(2, b"xyz")]
    assert (batch.gone, batch.pending) == ((), (1,))


def test_T76_a_server_that_refuses_every_mail_says_so_and_all_stay_pending() -> None:
    with ScriptedImap(script(b"{tag} NO [UNAVAILABLE] x\r\n")) as server:
        batch = only_batch(server)
    assert (batch.mails, batch.gone, batch.pending) == ((), (), (1, 2))
    assert "UNAVAILABLE" in str(batch.refused)


def test_T76_times_out_of_this_world_are_given_as_they_are_or_not_at_all() -> None:
    bodies = b"* 1 FETCH (UID 1 BODY[]<0> {3}\r\nabc)\r\n* 2 FETCH (UID 2 BODY[]<0> {3}\r\nxyz)\r\n"
    with ScriptedImap(script(bodies)) as server:
        first, second = only_batch(server).mails
    assert first.internaldate is not None
    assert first.internaldate.year == 1970
    assert second.internaldate is None


def test_T76_a_mail_that_is_larger_than_its_size_says_is_not_held_in_memory() -> None:
    replies: dict[str, Reply] = {
        **script(b"* 1 FETCH (UID 1 BODY[]<0> {11}\r\n12345678901)\r\n", SIZES),
        "UID FETCH 1 (BODY.PEEK[HEADER]": b"* 1 FETCH (UID 1 BODY[HEADER]<0> {4}\r\n1234)\r\n",
        "UID FETCH 1 (BODY.PEEK[]<0.1000000": b"* 1 FETCH (UID 1 BODY[]<0> {14}\r\n12345678901234)\r\n",
    }
    replies |= {"UID SEARCH": b"* SEARCH 1\r\n", "UID FETCH 1 (RFC822.SIZE": SIZES}
    with ScriptedImap(replies) as server, Mailbox(server.settings(max_bytes=10)) as mailbox:
        (batch,) = mailbox.fetch_new("INBOX")
        (mail,) = batch.mails
        assert mail.raw is None
        assert mail.header == b"1234"
        assert mail.chunks is not None
        assert b"".join(mail.chunks()) == b"12345678901234"


def test_T76_parts_that_do_not_fit_are_not_joined_but_the_whole_mail_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    # What Dovecot 2.4.1 does with some mails: a part begins eight bytes too early.
    monkeypatch.setattr("processor.world.streaming.CHUNK_BYTES", 100)
    mail = b"".join(b"linje %07d\r\n" % number for number in range(20))

    def reply(origin: bytes, body: bytes) -> bytes:
        return b"* 1 FETCH (UID 1 BODY[]%s {%d}\r\n%s)\r\n" % (origin, len(body), body)

    replies: dict[str, Reply] = {
        "UID SEARCH": b"* SEARCH 1\r\n",
        "UID FETCH 1 (RFC822.SIZE": SIZES.replace(b"SIZE 3", b"SIZE %d" % len(mail)),
        "UID FETCH 1 (BODY.PEEK[HEADER]": b"",
        "UID FETCH 1 (BODY.PEEK[]<0.": reply(b"<0>", mail[:100]),
        "UID FETCH 1 (BODY.PEEK[]<36.": reply(b"<36>", mail[28:128]),
        "UID FETCH 1 (BODY.PEEK[])": reply(b"", mail),
    }
    with ScriptedImap(replies) as server, Mailbox(server.settings(max_bytes=10)) as mailbox:
        (batch,) = mailbox.fetch_new("INBOX")
        assert batch.mails[0].chunks is not None
        assert b"".join(batch.mails[0].chunks()) == mail


def test_T75_a_connection_cut_inside_a_literal_makes_no_mail() -> None:
    def cut(client: socket.socket, tag: bytes) -> None:
        client.sendall(b"* 1 FETCH (UID 1 BODY[]<0> {3000}\r\nhalf a mail")
        client.shutdown(socket.SHUT_RDWR)

    with (
        ScriptedImap({**script(b""), "UID FETCH": cut}) as server,
        Mailbox(server.settings()) as mailbox,
        pytest.raises(Transient),
    ):
        list(mailbox.fetch_new("INBOX"))


def test_an_answer_that_is_no_imap_is_transient() -> None:
    for nonsense in (
        b"* SEARCH banana\r\n",
        b"* SEARCH 1\r\n* SEARCH 2\r\n",
        b"\xff\xfe\r\n",
        b"* " + b"1 " * 600_000 + b"\r\n",
    ):
        with (
            ScriptedImap({"UID SEARCH": nonsense}) as server,
            Mailbox(server.settings()) as mailbox,
            pytest.raises(Transient),
        ):
            list(mailbox.fetch_new("INBOX"))


def test_T77_a_uidvalidity_that_changes_in_the_session_stops_the_reading() -> None:
    bodies = b"* OK [UIDVALIDITY 8] new\r\n* 1 FETCH (UID 1 BODY[]<0> {3}\r\nabc)\r\n"
    with (
        ScriptedImap(script(bodies)) as server,
        Mailbox(server.settings()) as mailbox,
        pytest.raises(Transient, match="UIDVALIDITY"),
    ):
        list(mailbox.fetch_new("INBOX"))


IDLE = "IMAP4rev1 IDLE"
EMPTY = SELECTED.replace(b"* 2 EXISTS", b"* 0 EXISTS")


def test_T79_a_peer_that_closes_in_idle_is_noticed_at_once() -> None:
    def vanish(client: socket.socket, tag: bytes) -> None:
        client.sendall(b"+ idling\r\n")
        client.shutdown(socket.SHUT_RDWR)

    with ScriptedImap({"SELECT": EMPTY, "IDLE": vanish}, capabilities=IDLE) as server:
        began = time.monotonic()
        with Mailbox(server.settings()) as mailbox, pytest.raises(Transient):
            mailbox.wait(30)
        assert time.monotonic() - began < 10


def test_T79_a_peer_silently_dead_in_idle_is_found_dead_when_the_wait_ends() -> None:
    with ScriptedImap({"SELECT": EMPTY}, capabilities=IDLE) as server:
        server.replies["IDLE"] = lambda client, tag: client.sendall(b"+ idling\r\n")
        server.replies[""] = lambda client, tag: None  # Nothing answers the DONE.
        began = time.monotonic()
        with Mailbox(server.settings(timeout=0.5)) as mailbox, pytest.raises(Transient):
            mailbox.wait(0.5)
        assert time.monotonic() - began < 4


def test_T75_a_goodbye_in_idle_is_transient() -> None:
    def leave(client: socket.socket, tag: bytes) -> None:
        client.sendall(b"+ idling\r\n* BYE token expired\r\n")

    with (
        ScriptedImap({"SELECT": EMPTY, "IDLE": leave}, capabilities=IDLE) as server,
        Mailbox(server.settings()) as mailbox,
        pytest.raises(Transient, match="expired"),
    ):
        mailbox.wait(30)


def test_news_that_comes_in_pieces_is_news_and_breaks_no_connection() -> None:
    def dribble(client: socket.socket, tag: bytes) -> None:
        client.sendall(b"+ idling\r\n* 1 FETCH (FLA")
        for piece in (b"GS ())", b"\r\n* 1 EXI", b"STS\r", b"\n"):
            time.sleep(0.1)
            client.sendall(piece)
        with contextlib.suppress(OSError):
            client.recv(100)
            client.sendall(tag + b" OK done\r\n")

    with (
        ScriptedImap({"SELECT": EMPTY, "IDLE": dribble}, capabilities=IDLE) as server,
        Mailbox(server.settings()) as mailbox,
    ):
        assert mailbox.wait(30)


def test_a_line_in_idle_that_never_ends_is_waited_for_no_longer_than_any_answer() -> None:
    with ScriptedImap({"SELECT": EMPTY}, capabilities=IDLE) as server:
        server.replies["IDLE"] = lambda client, tag: client.sendall(b"+ idling\r\n* 1 EXI")
        began = time.monotonic()
        with Mailbox(server.settings(timeout=0.5)) as mailbox, pytest.raises(Transient):
            mailbox.wait(30)
        assert time.monotonic() - began < 10


def test_news_told_before_idle_begins_is_news() -> None:
    def hasty(client: socket.socket, tag: bytes) -> None:
        client.sendall(b"* 1 EXISTS\r\n+ idling\r\n")
        with contextlib.suppress(OSError):
            client.recv(100)
            client.sendall(tag + b" OK done\r\n")

    with (
        ScriptedImap({"SELECT": EMPTY, "IDLE": hasty}, capabilities=IDLE) as server,
        Mailbox(server.settings()) as mailbox,
    ):
        assert mailbox.wait(30)


def test_T89_a_stripped_starttls_ends_without_a_password() -> None:
    with ScriptedImap() as server, pytest.raises(Failure, match="STARTTLS"):
        Mailbox(server.settings(tls="starttls")).connect()
    assert not any(b"hemmelig" in line for line in server.heard)
