"""Letters that staff write: a question for exactly what is missing, saved replies, own words, and files with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from processor.desk import uploads
from processor.desk.uploads import UnreadableFormError, multipart
from processor.steps.deliver import WITH_FILES
from processor.store import tables as t
from processor.store.forwarding import files_of
from tests.desk.conftest import Room, Visitor, room_in
from tests.desk.test_ticket_steps import said
from tests.store.made import column, count

LACKING = "termination/02-nynorsk-without-number"
PDF = b"%PDF-1.4\nfaktura"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """A notice that lacks a number."""
    yield from room_in(tmp_path, LACKING)


def number_of(room: Room) -> str:
    return str(column(room.engine, t.ticket.c.number)[0])


def begun(page: str) -> dict[str, str]:
    """What stands in the form."""
    subject = re.search(r'id="write-subject"[^>]*value="([^"]*)"', page)
    text = re.search(r'<textarea id="write-text"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    item = re.search(r'name="item" value="([^"]*)"', page)
    assert subject
    assert text
    assert item
    return {"subject": unescape(subject[1]), "text": unescape(text[1]), "item": item[1]}


def sent(visitor: Visitor, path: str, fields: dict[str, str], *files: tuple[str, bytes]) -> tuple[int, str]:
    """A form with files, as a browser sends it."""
    parts = [("files", (name, content, "application/octet-stream")) for name, content in files]
    answer = visitor.client.post(
        path, data={"csrf": visitor.csrf, **fields}, files=parts or [("files", ("", b""))], follow_redirects=False
    )
    return answer.status_code, answer.headers.get("location", "") or answer.text


def test_a_letter_of_ones_own_begins_with_the_mails_subject_and_no_marks_of_evidence(desk: Room) -> None:
    page = desk.sign_in().get(f"/ticket/{number_of(desk)}")
    assert '<mark class="for"' in page.partition('class="subject"')[2].partition("</h2>")[0]
    assert begun(page)["subject"] == f"[{number_of(desk)}] Seier opp"


def test_a_question_asks_in_the_customers_language_for_what_is_missing_and_waits_as_a_draft(desk: Room) -> None:
    visitor = desk.sign_in()
    number = number_of(desk)
    fields = begun(visitor.get(f"/ticket/{number}?write=ask"))
    assert "organisasjonsnummeret til firmaet" in fields["text"]
    assert "Oppseiing" in fields["subject"]
    fields["text"] = fields["text"].replace("Helsing", "Takk.\n\nHelsing")
    page = said(visitor, visitor.post("/mail/1/write", **fields))
    assert "The draft stands in the conversation below." in page
    with desk.engine.connect() as conn:
        row = conn.execute(t.outbox.select().order_by(t.outbox.c.id.desc())).first()
        item = conn.execute(t.item.select()).first()
    assert row is not None
    assert (row.kind, row.state, row.automatic, row.in_reply_to != "") == ("question", "draft", False, True)
    assert "Takk." in row.text
    assert item is not None
    assert "org_no" in item.asks.split()
    assert visitor.post(f"/reply/{row.id}/approve")[0] == 303


def test_a_saved_reply_begins_with_greeting_and_signature_and_its_gap_must_be_filled(desk: Room) -> None:
    visitor = desk.sign_in()
    number = number_of(desk)
    page = visitor.get(f"/ticket/{number}?write=looking_into")
    assert "We are looking into your case" in page
    fields = begun(page)
    assert fields["text"].startswith("Hei")
    assert "Vi har lese e-posten" in fields["text"]
    status, page = visitor.post("/mail/1/write", **fields)
    assert status == 422
    assert "fill in what stands as […]" in page
    assert begun(page)["text"].split() == fields["text"].split()
    fields["text"] = fields["text"].replace("[…]", "fredag")
    assert visitor.post("/mail/1/write", **fields)[0] == 303
    assert count(desk.engine, t.outbox, t.outbox.c.kind == "answer") == 1
    assert "Nothing is prepared:" in visitor.get(f"/ticket/{number}?write=nonsense")


def test_files_leave_with_the_letter_under_safe_names_and_their_true_type(desk: Room) -> None:
    visitor = desk.sign_in()
    words = {"subject": "Faktura", "text": "Her er den."}
    page = said(visitor, sent(visitor, "/mail/1/write", words, ("../../ondt/Faktura æ.pdf", PDF)))
    assert "Attached: Faktura æ.pdf" in page
    with desk.engine.connect() as conn:
        row = conn.execute(t.outbox.select().order_by(t.outbox.c.id.desc())).first()
    assert row is not None
    (file,) = files_of(desk.engine, row.id)
    assert (file.name, file.kind, file.content) == ("Faktura æ.pdf", "application/pdf", PDF)
    assert row.kind in WITH_FILES


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("x.exe", b"MZ\x90\0" + b"\0" * 100, "neither PDF, picture"),
        ("x.js", b"alert(1)", "neither PDF, picture"),
        ("x.html", b"<!doctype html><script>1</script>", "neither PDF, picture"),
        ("bilde.png", PDF, "something else than it is"),
        ("stor.pdf", PDF + b"x" * 10_000_000, "larger than 10 MB"),
    ],
)
def test_a_file_that_no_customer_should_get_is_refused_and_the_words_stay(
    desk: Room, name: str, content: bytes, why: str
) -> None:
    visitor = desk.sign_in()
    before = count(desk.engine, t.outbox)
    status, page = sent(visitor, "/mail/1/write", {"subject": "Hei", "text": "Mine <ord>"}, (name, content))
    assert status == 422
    assert why in page
    assert begun(page)["text"].strip() == "Mine <ord>"
    assert count(desk.engine, t.outbox) == before


def test_strangers_and_other_pages_are_sent_no_large_forms(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor, stranger = desk.sign_in(), Visitor(desk.browser())
    large = ("stor.pdf", PDF + b"x" * 1_100_000)
    assert sent(stranger, "/mail/1/write", {"subject": "x", "text": "y"}, large)[0] == 413
    assert sent(visitor, "/ticket/VS-X/note", {"text": "x"}, large)[0] == 415
    monkeypatch.setattr(uploads, "MOST_BYTES", 100)
    assert sent(visitor, "/mail/1/write", {"subject": "x", "text": "y"}, large)[0] == 413


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=x", b"--x\r\nno end"),
        ("multipart/form-data; boundary=x", b"--x\r\nno head--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 99 + b"--x--",
        ),
    ],
)
def test_what_no_browser_sends_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(UnreadableFormError):
        multipart(kind, body)
