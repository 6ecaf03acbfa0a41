"""Taking in from servers that do not give all they show."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from processor.mail_servers import MailboxSettings
from processor.steps.loops import MailboxLoop
from processor.steps.take_in import FETCH_TRIES, Folder, settle, take_in
from processor.store import tables as t
from processor.store.aside import AsideMail, Place, set_aside_mail, set_aside_mails
from processor.store.engine import open_store
from processor.store.intake import intakes
from processor.store.watermarks import advance, watermark
from processor.store.work import set_aside
from processor.world.failures import Refusal, Transient
from processor.world.mailbox import Mailbox
from processor.world.suspects import BREAKS
from tests.store.made import count
from tests.world.scripted_imap import Reply, ScriptedImap

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
HEADER = b"From: Kari Holm <kari@fjordbygg-demo.no>\r\nSubject: Oppsigelse\r\n\r\n"
SENT = '" 3-Nov-2026 08:00:00 +0100"'
FACTS = (
    f"* 1 FETCH (UID 1 RFC822.SIZE 5000 INTERNALDATE {SENT})\r\n* 2 FETCH (UID 2 RFC822.SIZE 3 INTERNALDATE {SENT})\r\n"
).encode()
HEAD_OF_ONE = "UID FETCH 1 (BODY.PEEK[HEADER]"
SCRIPT: dict[str, Reply] = {
    "UID SEARCH": b"* SEARCH 1 2\r\n",
    "UID FETCH 1,2 (RFC822.SIZE": FACTS,
    "UID FETCH 1 (RFC822.SIZE": FACTS,
    # Of the second mail alone the bytes come.
    "UID FETCH": b"* 1 FETCH (UID 1 BODY[]<0> NIL)\r\n* 2 FETCH (UID 2 BODY[]<0> {3}\r\nxyz)\r\n",
    HEAD_OF_ONE: b"* 1 FETCH (UID 1 BODY[HEADER]<0> {%d}\r\n%s)\r\n" % (len(HEADER), HEADER),
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.dispose()


def take(settings: MailboxSettings, engine: Engine, folder: Folder, times: int = 1) -> None:
    """Fetch ``times`` over, as the loop does: a broken line is opened again."""
    with Mailbox(settings) as mailbox:
        for _ in range(times):
            list(take_in(mailbox, folder, engine, lambda: NOW))
            settle(mailbox, folder, engine, lambda: NOW)


def aside(engine: Engine) -> AsideMail:
    (mail,) = set_aside_mails(engine)
    return mail


def reached(engine: Engine) -> int:
    mark = watermark(engine, "x", "INBOX")
    return mark.last_uid if mark else 0


def test_a_mail_whose_bytes_never_come_is_held_by_its_header_and_blocks_nobody(engine: Engine) -> None:
    folder = Folder("INBOX")
    with ScriptedImap(SCRIPT) as server:
        take(server.settings(), engine, folder, FETCH_TRIES - 1)
        assert (set_aside_mails(engine), reached(engine)) == ([], 0)
        take(server.settings(), engine, folder, 2)
    mail = aside(engine)
    assert (mail.head, mail.whole, mail.size) == (HEADER, False, 5000)
    assert mail.arrival_time == datetime(2026, 11, 3, 7, 0, tzinfo=UTC)
    assert mail.places == (Place("x", "INBOX", 7, 1),)
    assert reached(engine) == 2


def test_T76_a_server_that_refuses_every_mail_is_asked_again_and_no_mail_is_given_up(engine: Engine) -> None:
    folder = Folder("INBOX")
    with ScriptedImap({**SCRIPT, "UID FETCH": b"{tag} NO [UNAVAILABLE] x\r\n"}) as server:
        for _ in range(2 * FETCH_TRIES):
            with pytest.raises(Refusal):
                take(server.settings(), engine, folder)
    assert (set_aside_mails(engine), reached(engine)) == ([], 0)


def test_T76_a_mail_refused_in_a_portion_of_its_own_holds_up_none_behind_it(engine: Engine) -> None:
    folder = Folder("INBOX")
    large = FACTS.replace(b"SIZE 5000", b"SIZE 8000000")
    script: dict[str, Reply] = {
        **SCRIPT,
        "UID FETCH 1,2 (RFC822.SIZE": large,
        "UID FETCH 1 (RFC822.SIZE": large,
        "UID FETCH 1 (BODY.PEEK[]": b"{tag} NO [SERVERBUG] x\r\n",
    }
    with ScriptedImap(script) as server:
        for _ in range(FETCH_TRIES):
            with pytest.raises(Refusal):
                take(server.settings(), engine, folder)
            assert count(engine, t.mail) == 1
        take(server.settings(), engine, folder)
    assert (aside(engine).head, aside(engine).places[0].uid) == (HEADER, 1)
    assert reached(engine) == 2


@pytest.mark.parametrize("handled", ["keyword", "seen", "delete"])
def test_a_mail_held_by_its_header_is_never_flagged_or_deleted(engine: Engine, handled: str) -> None:
    script = {**SCRIPT, "SELECT": b"* 2 EXISTS\r\n* OK [PERMANENTFLAGS (\\*)] x\r\n* OK [UIDVALIDITY 7] x\r\n"}
    with ScriptedImap(script) as server:
        settings = server.settings(handled=handled, review=handled)
        take(settings, engine, Folder("INBOX"), FETCH_TRIES)
        set_aside(engine, 1, "a whole one, for a person", NOW)
        take(settings, engine, Folder("INBOX"))
    stored = [line for line in server.heard if b"UID STORE" in line or b"UID EXPUNGE" in line]
    assert [line.split()[3] for line in stored if b"STORE" in line] == [b"2"]
    assert all(b" 1 " not in line for line in stored)


@pytest.mark.parametrize("reply", [b"", b"{tag} NO [SERVERBUG] x\r\n", b"* 1 FETCH (UID 1 BODY[HEADER]<0> NIL)\r\n"])
def test_where_the_header_does_not_come_either_the_place_is_recorded(engine: Engine, reply: bytes) -> None:
    with ScriptedImap({**SCRIPT, HEAD_OF_ONE: reply}) as server:
        take(server.settings(), engine, Folder("INBOX"), FETCH_TRIES)
    mail = aside(engine)
    assert (mail.head, mail.whole, mail.size, mail.places[0].uid) == (b"", False, 5000, 1)


def test_a_header_that_breaks_the_line_is_asked_for_once(engine: Engine) -> None:
    def cut(client: socket.socket, tag: bytes) -> None:
        client.shutdown(socket.SHUT_RDWR)

    folder = Folder("INBOX")
    with ScriptedImap({**SCRIPT, HEAD_OF_ONE: cut}) as server:
        with pytest.raises(Transient):
            take(server.settings(), engine, folder, FETCH_TRIES)
        take(server.settings(), engine, folder)
        assert sum(b"HEADER" in line for line in server.heard) == 1
    mail = aside(engine)
    assert (mail.head, mail.size, mail.places[0].uid) == (b"", 0, 1)
    assert reached(engine) == 2


@pytest.mark.parametrize("what", ["body", "facts"])
def test_a_mail_that_breaks_the_line_each_time_is_given_up_and_those_behind_it_come(engine: Engine, what: str) -> None:
    """Found by the simulator (seed 40000): the mailbox stood still at such a mail for ever."""

    def cut(client: socket.socket, tag: bytes) -> None:
        client.shutdown(socket.SHUT_RDWR)

    fatal: dict[str, Reply] = {
        "UID FETCH 1,2 (BODY": cut,
        "UID FETCH 1 (BODY.PEEK[]": cut,
        "UID FETCH 2 (RFC822.SIZE": FACTS,
        "UID FETCH 2 (BODY.PEEK[]": b"* 2 FETCH (UID 2 BODY[]<0> {3}\r\nxyz)\r\n",
    }
    if what == "facts":
        fatal |= {"UID FETCH 1,2 (RFC822.SIZE": cut, "UID FETCH 1 (RFC822.SIZE": cut}
    folder = Folder("INBOX")
    with ScriptedImap({**SCRIPT, **fatal}) as server:
        for _ in range(BREAKS):
            with pytest.raises(Transient):
                take(server.settings(), engine, folder)
            assert (set_aside_mails(engine), reached(engine)) == ([], 0)
        if what == "facts":
            with pytest.raises(Transient):
                take(server.settings(), engine, folder)
        take(server.settings(), engine, folder)
    assert aside(engine).places[0].uid == 1
    assert (count(engine, t.mail), reached(engine)) == (2, 2)


def test_a_line_that_breaks_now_and_then_gives_no_mail_up(engine: Engine) -> None:
    turns = iter(range(100))

    def now_and_then(client: socket.socket, tag: bytes) -> None:
        if next(turns) % 2:
            client.sendall(b"* 1 FETCH (UID 1 BODY[]<0> {3}\r\nabc)\r\n" + tag + b" OK x\r\n")
        else:
            client.shutdown(socket.SHUT_RDWR)

    folder = Folder("INBOX")
    folder.broke.update({(7, 1): BREAKS - 2})
    with ScriptedImap({**SCRIPT, "UID SEARCH": b"* SEARCH 1\r\n", "UID FETCH 1 (BODY.PEEK[]": now_and_then}) as server:
        with pytest.raises(Transient):
            take(server.settings(), engine, folder)
        take(server.settings(), engine, folder)
    assert (set_aside_mails(engine), count(engine, t.mail), folder.broke) == ([], 1, {})


def test_a_header_that_comes_after_the_place_was_recorded_makes_no_second_mail(engine: Engine) -> None:
    with ScriptedImap({**SCRIPT, HEAD_OF_ONE: b"", "UID FETCH 1 (RFC822.SIZE": b""}) as server:
        take(server.settings(), engine, Folder("INBOX"), FETCH_TRIES)
    one = aside(engine)
    assert one.size == 0
    # A daemon that died before its watermark moved asks again.
    with engine.begin() as conn:
        conn.exec_driver_sql("update watermark set last_uid = 0")
    with ScriptedImap(SCRIPT) as server:
        take(server.settings(), engine, Folder("INBOX"), FETCH_TRIES)
    assert aside(engine) == set_aside_mail(engine, one.mail_id)


def test_a_large_mail_whose_stream_breaks_each_time_leaves_no_parts_and_is_held_by_its_header(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(client: socket.socket, tag: bytes) -> None:
        parts.append(count(engine, t.raw_part))
        client.shutdown(socket.SHUT_RDWR)

    monkeypatch.setattr("processor.world.streaming.CHUNK_BYTES", 40)
    monkeypatch.setattr("processor.world.streaming.OVERLAP", 8)
    monkeypatch.setattr("processor.store.keep_stream.PART", 10)
    parts: list[int] = []
    piece = b"* 1 FETCH (UID 1 BODY[]<0> {40}\r\n%s)\r\n" % (b"x" * 40)
    script = {**SCRIPT, "UID FETCH 1 (BODY.PEEK[]<0.40>": piece, "UID FETCH 1 (BODY.PEEK[]<": cut}
    folder = Folder("INBOX")
    with ScriptedImap(script) as server:
        for _ in range(FETCH_TRIES):
            with pytest.raises(Transient):
                take(server.settings(max_bytes=100), engine, folder)
            assert (count(engine, t.raw_part), count(engine, t.mail)) == (0, 1)
        take(server.settings(max_bytes=100), engine, folder)
    assert parts == [4] * FETCH_TRIES
    assert (count(engine, t.raw_part), aside(engine).head, reached(engine)) == (0, HEADER, 2)


def test_a_mail_that_is_refused_holds_up_no_other_folder_and_no_settling(engine: Engine) -> None:
    """Found by the simulator (seed 10): nothing was settled and Junk was not read while INBOX gave one mail not."""
    script: dict[str, Reply] = {
        "UID SEARCH": b"* SEARCH 1 2\r\n",
        "UID FETCH 1,2 (RFC822.SIZE": FACTS.replace(b"SIZE 5000", b"SIZE 8000000"),
        "UID FETCH 1 (RFC822.SIZE": FACTS,
        "UID FETCH 1 (BODY.PEEK[]": b"{tag} NO [SERVERBUG] x\r\n",
        "UID FETCH 2 (BODY.PEEK[]": b"* 2 FETCH (UID 2 BODY[]<0> {3}\r\nxyz)\r\n",
    }
    advance(engine, "x", "INBOX", 7, 0)
    with ScriptedImap(script) as server:
        settings = server.settings(junk_folder="Junk", handled="seen", review="seen")

        def kept() -> None:
            set_aside(engine, 1, "x", NOW)

        loop = MailboxLoop(settings, engine, lambda: NOW, threading.Event(), kept)
        assert not loop.one_pass()
    assert count(engine, t.arrival, t.arrival.c.folder == "Junk") == 1
    assert any(b"UID STORE 2 " in line for line in server.heard)


def test_a_long_taking_in_that_broke_off_is_told_to_its_end(engine: Engine) -> None:
    """Found by the simulator (seed 20261127): the next pass brought nothing, and every pass from then on failed."""
    with ScriptedImap({"UID SEARCH": b"* SEARCH\r\n"}) as server:
        loop = MailboxLoop(server.settings(junk_folder=""), engine, lambda: NOW, threading.Event(), lambda: None)
        loop.progress.told = NOW
        loop.progress.tell(Folder("INBOX"), 0)
    assert [vars(loop.progress)[name] for name in ("told", "taken")] == [None, 0]
    assert intakes(engine)["x"].left == 0
