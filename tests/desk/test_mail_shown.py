"""A customer's mail on the page: evidence marked, HTML made harmless, files given out as files."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup
from sqlalchemy import select, update

from processor.ciphers import MARK
from processor.desk.mail_pages import clean, html_of, is_program
from processor.desk.marking import Span, marked
from processor.message import Attachment
from processor.store import tables as t
from tests.desk.conftest import MAILS, Room, room_in
from tests.store.made import column, count

EVIL = """<p onclick="x()">Hei <script>alert(1)</script><img src="https://evil.example/pixel.gif"><svg><a href="javascript:x">
<math><mtext></p><style>@import url(//evil.example)</style><link rel=stylesheet href=//evil.example><base href="//evil.example">
<meta http-equiv=refresh content="0;url=//evil.example"><form action=//evil.example><input name=q></form><iframe src=//evil.example>
</iframe><object data=//evil.example></object><table background="//evil.example"><tr><td style="background:url(//evil.example)">celle
</td></tr></table><a href="javascript:alert(1)">klikk</a><noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>
<video poster=//evil.example><source src=//evil.example></video><div id=q>slutt</div>"""


def test_T50_nothing_that_runs_or_leads_away_is_left_of_a_mail() -> None:
    shown = clean(EVIL)
    tags = {each.lower() for each in re.findall(r"<\s*([a-zA-Z]+)", shown)}
    assert tags <= {"p", "a", "table", "tbody", "tr", "td", "div"}
    attributes = {each.lower() for each in re.findall(r"<[^>]*?\s([a-z-]+)=", shown)}
    assert attributes <= {"href", "rel"}
    assert "celle" in shown
    assert "slutt" in shown


def test_T51_nothing_is_fetched_to_show_a_mail() -> None:
    shown = clean(EVIL)
    assert "evil.example" not in re.sub(r'title="[^"]*"', "", html.unescape(shown))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://visma.no@evil.example/x", "https://evil.example/x"),
        ("https://vïsma.no/login", "https://xn--vsma-5pa.no/login"),
        ("HTTPS://Evil.Example/?q=1", "https://evil.example/"),
        ("data:text/html,x", ""),
        ("//evil.example", ""),
        ("https://" + "a" * 300 + ".no", ""),
    ],
)
def test_T52_the_real_target_of_a_link_is_what_is_shown(written: str, shown: str) -> None:
    found = re.search(r'href="([^"]*)"', clean(f'<a href="{written}">visma.no</a>'))
    assert (found[1] if found else "") == shown


def test_T52_the_frame_writes_each_target_out_and_lets_none_be_clicked(room: Room) -> None:
    room.sign_in()
    page = (MAILS.parent.parent / "processor/desk/templates/mail_frame.html").read_text()
    assert 'content:" [" attr(href) "]"' in page
    assert "pointer-events:none" in page


def test_T50_the_frame_has_a_policy_of_its_own_and_a_sandbox(room: Room) -> None:
    visitor = room.sign_in()
    raw = b"From: a@b.no\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<b>Hei</b><script>x</script>"
    with room.engine.begin() as conn:
        conn.execute(t.raw_mail.update().where(t.raw_mail.c.mail_id == 1).values(content=raw))
    answer = visitor.client.get("/mail/1/html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'nonce-")
    assert "<b>Hei</b>" in answer.text
    assert "<script>" not in answer.text
    number = column(room.engine, t.ticket.c.number)[0]
    mail = column(room.engine, t.mail.c.id)[0]
    page = visitor.get(f"/ticket/{number}?mail={mail}")
    assert all('sandbox=""' in frame for frame in re.findall(r"<iframe[^>]*>", page))


def test_T61_private_numbers_are_hidden_but_in_the_raw_mail_which_is_recorded(room: Room) -> None:
    visitor = room.sign_in()
    raw = b"From: a@b.no\r\nContent-Type: text/html\r\n\r\n<p>F\xc3\xb8dselsnummer 01019039875</p>"
    with room.engine.begin() as conn:
        conn.execute(t.raw_mail.update().where(t.raw_mail.c.mail_id == 1).values(content=raw))
    assert "01019039875" not in visitor.get("/mail/1/html")
    number = column(room.engine, t.ticket.c.number)[0]
    assert "01019039875" not in visitor.get(f"/ticket/{number}")
    answer = visitor.client.get("/mail/1/raw")
    assert "01019039875" in answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert count(room.engine, t.event, t.event.c.kind == "mail.raw_seen") == 1


def test_a_mail_whose_bytes_were_changed_says_so_and_its_ticket_is_shown(room: Room) -> None:
    visitor = room.sign_in()
    number = column(room.engine, t.ticket.c.number)[0]
    with room.engine.begin() as conn:
        conn.execute(t.raw_mail.update().where(t.raw_mail.c.mail_id == 1).values(content=MARK + b"what nobody sealed"))
    assert "The bytes of this mail do not open. Tell an administrator." in visitor.get(f"/ticket/{number}?mail=1")
    answer = visitor.client.get("/mail/1/raw")
    assert (answer.status_code, "do not open" in answer.text) == (409, True)
    assert visitor.client.get("/mail/1/html").status_code == 404


def test_T53_a_file_is_saved_and_never_shown_in_place(room: Room) -> None:
    visitor = room.sign_in()
    raw = (MAILS / "otp_rights/01-form-docx.eml").read_bytes()
    with room.engine.begin() as conn:
        conn.execute(t.raw_mail.update().where(t.raw_mail.c.mail_id == 1).values(content=raw))
    number = column(room.engine, t.ticket.c.number)[0]
    where = re.search(r'href="(/mail/1/file/[0-9a-f]{64})"', visitor.get(f"/ticket/{number}?mail=1"))
    assert where
    answer = visitor.client.get(where[1])
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content[:2] == b"PK"


@pytest.mark.parametrize("name", ["faktura.pdf.exe", "FAKTURA.JS", "skjema.docm", "x.lnk"])
def test_T53_a_program_is_not_given_out(name: str) -> None:
    assert is_program(Attachment(name, "application/pdf", "application/pdf", 1, "d"))
    by_content = Attachment("a.pdf", "application/pdf", "application/vnd.microsoft.portable-executable", 1, "d")
    assert is_program(by_content)
    assert not is_program(Attachment("faktura.pdf", "application/pdf", "application/pdf", 1, "d"))


def test_a_mail_that_breaks_the_parser_has_no_html() -> None:
    for raw in (
        b"",
        b"\x00",
        b"Content-Type: text/html; charset=x\r\n\r\n<b>",
        b"Content-Type: multipart/x\r\n\r\n--",
        b"\xff" * 99,
    ):
        assert isinstance(html_of(raw), str)


SPANS = st.builds(
    Span, st.integers(0, 40), st.integers(0, 40), st.sampled_from(["for", "field"]), st.sampled_from(["a", '"><b>'])
)


@given(st.text("ab<&\"'\n æ", max_size=40), st.lists(SPANS, max_size=6))
@settings(max_examples=200, deadline=None)
def test_marks_change_no_letter_of_the_text(text: str, spans: list[Span]) -> None:
    shown = marked(text, 0, len(text), [each for each in spans if each.start < each.end])
    plain = re.sub(r'<mark class="(for|field)" title="[^"<>]*">|</mark>', "", str(shown))
    assert Markup(plain).unescape() == text


def test_of_several_marks_over_one_another_the_field_is_shown() -> None:
    shown = marked("org.nr 328", 0, 10, [Span(0, 10, "for", "r"), Span(7, 10, "field", "org_no")])
    assert shown == '<mark class="for" title="r">org.nr </mark><mark class="field" title="org_no">328</mark>'


def test_T08_a_sender_who_poses_as_a_customer_is_told_above_the_button(tmp_path: Path) -> None:
    for room in room_in(tmp_path, "termination/01-annual-with-number"):
        with room.engine.begin() as conn:
            conn.execute(update(t.action).values(facts='{"lookalike": "fjordbygg-dem0.com is not fjordbygg-demo.no"}'))
            number = conn.execute(select(t.ticket.c.number)).scalar_one()
        page = room.sign_in().get(f"/ticket/{number}?view=all")
        assert '<li class="danger">' in page
        assert "The sender may pose as a customer: fjordbygg-dem0.com is not fjordbygg-demo.no." in page
