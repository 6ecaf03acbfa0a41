"""A mail is sent on to somebody of our own with its files, once, through a real SMTP server, and nowhere else."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from processor.letter import attached, with_files
from processor.loading.problems import Refused
from processor.mail_servers import SmtpSettings
from processor.steps.deliver import deliver
from processor.store import tables as t
from processor.store.erasing import erase_bytes
from processor.store.sweep import sweep
from processor.world.courier import Courier
from tests.desk.conftest import MAILS, Room, config_in, room_in
from tests.servers.smtp_sink import SmtpSink
from tests.store.made import column, count

ALLOWED = '[desk]\nforward_to = ["Faktura@visma.example", "salg@visma.example"]\n'
FORM = "otp_rights/01-form-docx"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    yield from room_in(tmp_path, FORM, more=ALLOWED)


def sent_on(room: Room, sink: SmtpSink) -> list[EmailMessage]:
    """What a delivery brings to the server now, but for the receipts."""
    settings = SmtpSettings("127.0.0.1", sink.port, "plain", timeout=5, from_address="oppsigelse@visma.no")
    sweep(room.engine, room.clock())
    with Courier(settings) as courier:
        deliver(room.engine, courier, settings, "w", room.clock)
    found = [email.message_from_bytes(each.data, policy=default) for each in sink.accepted]
    return [each for each in found if "visma.example" in str(each["To"])]


def test_a_mail_is_sent_on_with_its_words_and_files_after_its_seconds(room: Room, sink: SmtpSink) -> None:
    visitor = room.sign_in()
    number = column(room.engine, t.ticket.c.number)[0]
    assert "<option>Faktura@visma.example</option>" in visitor.get(f"/ticket/{number}")
    status, where = visitor.post("/mail/1/forward", to="faktura@visma.example", note="Kan du se på denne? 😀")
    assert status == 303
    page = visitor.get(where)
    assert "The mail is forwarded." in page
    assert "/undo" in page
    assert sent_on(room, sink) == []
    room.clock.forward(seconds=11)
    (mail,) = sent_on(room, sink)
    source = email.message_from_bytes((MAILS / f"{FORM}.eml").read_bytes(), policy=default)
    assert str(mail["To"]) == "Faktura@visma.example"
    assert str(mail["Subject"]) == f"[{number}] Forwarded: {source['Subject']}"
    assert mail["Auto-Submitted"] is None
    text = mail.get_body().get_content()  # type: ignore[union-attr]
    assert text.startswith("Kan du se på denne? 😀")
    assert f"From: {source['From'].addresses[0].display_name} <" in text
    files = {each.get_filename(): each.get_content() for each in mail.iter_attachments()}
    assert files == {each.get_filename(): each.get_content() for each in source.iter_attachments()}
    assert files
    assert count(room.engine, t.event, t.event.c.kind == "outbox.forwarded") == 1


def test_it_is_sent_on_once_and_to_allowed_addresses_alone(room: Room, sink: SmtpSink) -> None:
    visitor = room.sign_in()
    status, page = visitor.post("/mail/1/forward", to="evil@x.no", note="<hei>")
    assert status == 422
    assert "forward_to" in page
    assert "&lt;hei&gt;</textarea>" in page
    assert visitor.post("/mail/1/forward", to="salg@visma.example")[0] == 303
    status, page = visitor.post("/mail/1/forward", to="Salg@visma.example")
    assert status == 409
    assert "forwarded to this address before" in page
    reply = column(room.engine, t.outbox.c.id)[-1]
    assert visitor.post(f"/reply/{reply}/undo")[0] == 303
    room.clock.forward(seconds=11)
    assert sent_on(room, sink) == []
    # What was taken back was not sent on.
    assert visitor.post("/mail/1/forward", to="salg@visma.example")[0] == 303
    room.clock.forward(seconds=11)
    assert len(sent_on(room, sink)) == 1
    assert visitor.post("/mail/99/forward", to="salg@visma.example")[0] == 404


def test_the_files_go_when_the_mails_bytes_do(room: Room) -> None:
    room.sign_in().post("/mail/1/forward", to="salg@visma.example")
    assert count(room.engine, t.outbox_file) > 0
    with room.engine.begin() as conn:
        erase_bytes(conn, 1, [1], "a test", "a test", room.clock())
    assert count(room.engine, t.outbox_file) == 0


def test_addresses_that_are_none_or_our_own_are_refused_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        config_in(tmp_path, '[desk]\nforward_to = ["nobody", "oppsigelse@visma.no"]\n')
    said = [str(problem) for problem in refused.value.problems]
    assert len(said) == 2
    assert "has 'nobody'" in said[0]
    assert "would come back to it" in said[1]


def test_a_files_name_and_type_never_become_more_than_that() -> None:
    name = 'a"\r\nX-Evil: 1\\ø😀' + "x" * 300
    raw = b"MIME-Version: 1.0\r\n" + with_files(
        b"Content-Type: text/plain\r\n\r\nhei\r\n",
        [(name, "text/html\r\nX-Evil: 1", b"\x00--=_"), ("b.eml", "message/rfc822", b"From: x")],
        "<m@x.no>",
    )
    mail = email.message_from_bytes(raw, policy=default)
    assert max(map(len, raw.split(b"\r\n"))) < 998
    first, second = mail.iter_attachments()
    assert first["X-Evil"] is None
    assert [each.get_content_type() for each in (first, second)] == ["application/octet-stream"] * 2
    assert [each.get_content() for each in (first, second)] == [b"\x00--=_", b"From: x"]
    assert b'filename="file"' in attached("\r\n", "x/y", b"")
