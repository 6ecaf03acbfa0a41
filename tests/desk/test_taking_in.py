"""A ticket by hand: an .eml goes the road of a fetched mail, once and unanswered; scans and notes become letters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from processor.message import Extracted
from processor.pipeline import read_mail
from processor.steps.work_off import work_off
from processor.store import tables as t
from processor.store.accounts import Role
from processor.store.keep import raw_of
from tests.desk.conftest import MAILS, MAILS_IN_ROOM, Room, room_in
from tests.desk.test_writing import PDF, sent
from tests.shipped import rulebook_of
from tests.store.made import column, count

EML = (MAILS / f"{MAILS_IN_ROOM[0]}.eml").read_bytes()
WHEN = {"mailbox": "a", "source": "email", "arrived_at": "24.11.2026 08.15", "said_by": "Kari i resepsjonen"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """A desk without a mail."""
    yield from room_in(tmp_path)


def decide(room: Room) -> None:
    """What the daemon does with what was taken in."""
    config = room.desk.config
    rules = rulebook_of(config.rules_dir, config.templates_dir, config.own_addresses)
    work_off(room.engine, rules, config, "w", room.clock, lambda *_: Extracted())


def test_an_eml_goes_the_road_of_a_mail_and_is_never_answered_by_itself(desk: Room) -> None:
    visitor = desk.sign_in()
    status, where = sent(visitor, "/take-in", WHEN, ("oppsigelse.eml", EML))
    assert (status, "did=brought" in where) == (303, True), where
    decide(desk)
    assert column(desk.engine, t.action.c.kind) == ["register_termination"]
    assert count(desk.engine, t.outbox) == 0
    with desk.engine.connect() as conn:
        mail = conn.execute(t.mail.select()).one()
        (number,) = conn.execute(t.ticket.select().with_only_columns(t.ticket.c.number)).scalars()
    assert (mail.arrived_at, mail.folder) == (datetime(2026, 11, 24, 7, 15, tzinfo=UTC), "(by hand)")
    page = visitor.get(f"/ticket/{number}")
    assert "Anne took it in by hand: it came by e-mail to another address." in page
    assert "the word of Kari i resepsjonen" in page
    assert "a person took the mail in by hand" in page
    # Its header says that our server knew the sender, which whoever wrote the file could write.
    assert column(desk.engine, t.ticket.c.provenance) == ["unproven"]


def test_T68_the_same_mail_is_taken_in_once_however_it_comes(room: Room) -> None:
    visitor = room.sign_in()
    before = count(room.engine, t.ticket)
    status, where = sent(visitor, "/take-in", WHEN, ("a.eml", EML))
    assert status == 303
    assert "This mail was here before, in this ticket." in visitor.get(where)
    # And saved by another program: other bytes, the same letter.
    other = b"X-Saved-By: something\r\n" + EML
    for _ in range(2):
        assert sent(visitor, "/take-in", WHEN, ("a.eml", other))[0] == 303
    decide(room)
    assert count(room.engine, t.ticket) == before
    assert count(room.engine, t.mail, t.mail.c.duplicate) == 1


def test_a_scan_and_a_note_become_a_letter_from_the_customer(desk: Room) -> None:
    visitor = desk.sign_in()
    words = {**WHEN, "source": "letter", "sender": "kari@fjordbygg-demo.no", "subject": "Oppsigelse"}
    text = "Vi sier opp Visma Global. Org.nr 974 760 673."
    assert sent(visitor, "/take-in", {**words, "text": text}, ("brev.pdf", PDF))[0] == 303
    message = read_mail(raw_of(desk.engine, 1), lambda *_: Extracted())
    assert message.sender
    assert message.sender.spec == "kari@fjordbygg-demo.no"
    assert [(each.filename, each.true_type, each.content) for each in message.attachments] == [
        ("brev.pdf", "application/pdf", PDF)
    ]
    # A call without an address is a ticket all the same.
    assert sent(visitor, "/take-in", {**WHEN, "source": "phone", "text": text})[0] == 303
    decide(desk)
    assert count(desk.engine, t.ticket) == 2
    assert count(desk.engine, t.outbox) == 0
    assert column(desk.engine, t.action.c.kind).count("register_termination") >= 1


@pytest.mark.parametrize(
    ("fields", "files", "why"),
    [
        ({"arrived_at": "i går"}, [], "name the day and the time"),
        ({"arrived_at": "24.11.2031 08.15"}, [], "it cannot have arrived after now"),
        ({}, [], "choose a file or write what was said"),
        ({"mailbox": "another"}, [], "choose one of the mailboxes"),
        ({}, [("a.eml", b"\x00\x01")], "the file is no mail"),
        ({"text": "og mer"}, [("a.eml", EML)], "an .eml is taken in alone"),
        ({}, [("a.exe", b"MZ\x90\0" + b"\0" * 100)], "neither PDF, picture"),
        ({"sender": "kari", "text": "Hei"}, [], "no address to write to"),
        ({"sender": "a@b.no\r\nBcc: c@d.no", "text": "Hei"}, [], "no address to write to"),
    ],
)
def test_what_cannot_be_taken_in_is_said_and_the_words_stay(
    desk: Room, fields: dict[str, str], files: list[tuple[str, bytes]], why: str
) -> None:
    status, page = sent(desk.sign_in(), "/take-in", {**WHEN, **fields}, *files)
    assert status == 422
    assert why.casefold() in page.casefold()
    assert 'value="Kari i resepsjonen"' in page
    assert count(desk.engine, t.mail) == 0


def test_readers_take_nothing_in_and_limited_people_for_their_mailboxes_alone(desk: Room) -> None:
    assert sent(desk.sign_in(Role.READER), "/take-in", WHEN, ("a.eml", EML))[0] == 403
    admin, agent = desk.sign_in(Role.ADMIN), desk.sign_in()
    with desk.engine.begin() as conn:
        conn.execute(t.person.update().where(t.person.c.name == "Anne").values(mailboxes='["elsewhere"]'))
    assert sent(agent, "/take-in", WHEN, ("a.eml", EML))[0] == 422
    assert sent(admin, "/take-in", WHEN, ("a.eml", EML))[0] == 303
