"""A mailbox of a real Dovecot that colleagues use too: what they do loses no mail for us."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from imapclient import IMAPClient
from sqlalchemy import Engine

from processor.steps.take_in import Folder, take_in
from processor.store import tables as t
from processor.store.engine import open_store
from processor.store.keep import raw_of
from processor.store.watermarks import watermark
from processor.world.failures import Failure, Misconfigured
from processor.world.imap import Session
from processor.world.mailbox import Mailbox
from tests.servers.fixtures import Box
from tests.store.made import column, count
from tests.world.scripted_imap import Reply, ScriptedImap

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
MANY = 6


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.dispose()


def mail(number: int) -> bytes:
    return b"From: kari@fjordbygg-demo.no\r\nSubject: sak %d\r\n\r\nHei %d\r\n" % (number, number)


def filled(box: Box, folder: str = "INBOX") -> None:
    box.server.deliver_at_once(box.user, [mail(number) for number in range(1, MANY + 1)], folder)


def read(box: Box, engine: Engine, folder: str = "INBOX", **settings: object) -> None:
    with Mailbox(box.settings(**settings)) as mailbox:
        list(take_in(mailbox, Folder(folder), engine, lambda: NOW))


def kept(engine: Engine) -> list[bytes]:
    return sorted(raw_of(engine, mail_id) for mail_id in column(engine, t.mail.c.id))


def between(monkeypatch: pytest.MonkeyPatch, what: str, act: Callable[[], None]) -> None:
    """Let a colleague act once, right before our next command of this name goes out."""
    original = getattr(Session, what)
    acts = iter([act])

    def later(session: Session, *given: object) -> object:
        next(acts, lambda: None)()
        return original(session, *given)

    monkeypatch.setattr(Session, what, later)


def colleague(box: Box, act: Callable[[IMAPClient], object]) -> Callable[[], None]:
    def acting() -> None:
        client = box.client()
        act(client)
        client.logout()

    return acting


@pytest.mark.parametrize(
    "act",
    [
        lambda client: client.add_flags([1, 3], ["\\Seen"]),
        lambda client: client.add_flags([2], ["\\Flagged", "\\Answered", "Viktig"]),
        lambda client: client.fetch([1, 2, 3], ["BODY[]"]),
        lambda client: client.add_flags([4], ["\\Deleted"]),
    ],
    ids=["read", "flagged", "opened", "marked as deleted"],
)
@pytest.mark.parametrize("before", ["search", "fetch"])
def test_what_colleagues_read_and_flag_is_taken_in_all_the_same(
    box: Box, engine: Engine, monkeypatch: pytest.MonkeyPatch, act: Callable[[IMAPClient], object], before: str
) -> None:
    filled(box)
    between(monkeypatch, before, colleague(box, act))
    read(box, engine)
    assert kept(engine) == [mail(number) for number in range(1, MANY + 1)]


def test_a_mail_moved_between_search_and_fetch_takes_none_with_it_and_comes_back_as_itself(
    box: Box, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(box)

    def move(client: IMAPClient) -> None:
        client.create_folder("Ferdig")
        client.move([2, 5], "Ferdig")

    between(monkeypatch, "fetch", colleague(box, move))
    read(box, engine)
    assert kept(engine) == [mail(number) for number in (1, 3, 4, 6)]
    client = box.client("Ferdig")
    client.move(client.search(), "INBOX")
    client.logout()
    read(box, engine)
    assert kept(engine) == [mail(number) for number in range(1, MANY + 1)]


def test_a_mail_that_we_kept_and_that_is_moved_out_and_back_is_the_same_mail(box: Box, engine: Engine) -> None:
    filled(box)
    read(box, engine)
    client = box.client()
    client.create_folder("Ferdig")
    client.move([2], "Ferdig")
    client.select_folder("Ferdig")
    client.move(client.search(), "INBOX")
    client.logout()
    read(box, engine)
    assert (count(engine, t.mail), count(engine, t.arrival)) == (MANY, MANY + 1)


def test_a_folder_renamed_during_a_fetch_loses_nothing(
    box: Box, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(box, "Saker")
    seen: list[int] = []

    def renamed() -> None:
        colleague(box, lambda client: client.rename_folder("Saker", "Saker 2026"))()
        # A new folder of the old name, as programs make them by themselves, is another folder.
        box.deliver(mail(9), "Saker")

    with Mailbox(box.settings(folder="Saker", batch=2)) as mailbox:
        taking = take_in(mailbox, Folder("Saker"), engine, lambda: NOW)
        seen.append(next(taking)[0])
        renamed()
        try:
            seen.extend(arrivals for arrivals, _ in taking)
        except Failure:
            mailbox.close()
        # What the daemon does next: the folder of the old name, then, when the operator names it, the renamed one.
        for name in ("Saker", "Saker 2026"):
            list(take_in(mailbox, Folder(name), engine, lambda: NOW))
    assert kept(engine) == [*(mail(number) for number in range(1, MANY + 1)), mail(9)]


def test_a_folder_that_is_gone_is_told_by_its_name_and_read_again_when_it_is_back(box: Box, engine: Engine) -> None:
    filled(box, "Saker")
    read(box, engine, "Saker")
    colleague(box, lambda client: client.rename_folder("Saker", "Andre saker"))()
    with pytest.raises(Misconfigured, match="Saker"):
        read(box, engine, "Saker")
    colleague(box, lambda client: client.rename_folder("Andre saker", "Saker"))()
    box.deliver(mail(7), "Saker")
    read(box, engine, "Saker")
    assert (count(engine, t.mail), count(engine, t.arrival)) == (MANY + 1, MANY + 1)


@pytest.mark.parametrize("name", ["Kjøre & æøå", "&AOY-", "Til &AOY- og videre", "Ærlig/&-", "漢字"])
def test_a_folder_is_read_whatever_is_in_its_name(box: Box, engine: Engine, name: str) -> None:
    """``&AOY-`` is how æ is written on the line (RFC 3501 section 5.1.3), and may be a name itself."""
    filled(box, name)
    with Mailbox(box.settings(junk_folder=name)) as mailbox:
        assert mailbox.folders() == ["INBOX", name]
        assert name in [each for _, each in mailbox.connect().folders()]
        list(take_in(mailbox, Folder(name), engine, lambda: NOW))
    known = watermark(engine, box.user, name)
    assert known
    assert (known.last_uid, count(engine, t.mail)) == (MANY, MANY)


def test_two_thousand_folders_are_listed_in_one_command_and_hinder_nothing(engine: Engine) -> None:
    """By script: Dovecot takes a minute to make so many, and what it then says is this."""
    names = [b"Kunde &AOY- %04d" % number for number in range(2000)]
    lines = [b'* LIST (\\HasNoChildren \\UnMarked) "/" "%s"\r\n' % name for name in (*names, b"Sendte elementer")]
    lines.append(b'* LIST (\\HasNoChildren \\Junk) "/" "S&APg-ppel"\r\n')
    script: dict[str, Reply] = {
        "LIST": b"".join(lines),
        "UID SEARCH": b"* SEARCH 1\r\n",
        "UID FETCH 1 (RFC822.SIZE": b'* 1 FETCH (UID 1 RFC822.SIZE 3 INTERNALDATE "26-Nov-2026 08:00:00 +0000")\r\n',
        "UID FETCH": b"* 1 FETCH (UID 1 BODY[]<0> {3}\r\nxyz)\r\n",
    }
    with ScriptedImap(script) as server, Mailbox(server.settings()) as mailbox:
        assert (mailbox.folders(), mailbox.sent_folder()) == (["INBOX", "Søppel"], "Sendte elementer")
        assert len(mailbox.connect().folders()) == 2002
        list(take_in(mailbox, Folder("INBOX"), engine, lambda: NOW))
    assert count(engine, t.mail) == 1
    assert sum(b"LIST" in line for line in server.heard) == 3


def test_many_folders_of_a_real_server_hinder_nothing(box: Box, engine: Engine) -> None:
    filled(box)
    for number in range(60):
        box.server._own(box.server.home / "mail" / box.user / "Maildir" / f".Kunde {number:04d}", make=True)
    filled(box, "Sendte elementer")
    with Mailbox(box.settings()) as mailbox:
        assert len(mailbox.connect().folders()) >= 62
        assert (mailbox.folders(), mailbox.sent_folder()) == (["INBOX", "Junk"], "Sendte elementer")
        list(take_in(mailbox, Folder("INBOX"), engine, lambda: NOW))
    assert count(engine, t.mail) == MANY
