"""A letter goes out as it was meant, whatever it is given."""

from __future__ import annotations

import email
import email.policy
import re
import time
from datetime import datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from processor.letter import Unwritable, compose, thread

SENT = datetime(2026, 8, 18, 10, 2, tzinfo=timezone(timedelta(hours=2)))
PLAIN: dict[str, Any] = {
    "message_id": "<k3m9@kundesenter.example>",
    "from_address": "kundesenter@kundesenter.example",
    "from_name": "Kundesenteret",
    "to": "kari@fjordbygg-demo.no",
    "date": SENT,
    "subject": "[VS-7K3M-9QX4] Oppsigelse mottatt",
    "text": "Hei Kari,\n\nVi mottok oppsigelsen.\n",
}
NAMES = [
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
]


def parsed(**changed: Any) -> Message:
    """The letter as a strict reader sees it, after what must hold of every letter."""
    raw = compose(**{**PLAIN, **changed})
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]", raw) is None
    return email.message_from_bytes(raw)


def decoded(message: Message, name: str) -> str:
    return str(make_header(decode_header(str(message[name]).replace("\r\n", ""))))


def text_of(message: Message) -> str:
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode("utf-8").replace("\r\n", "\n")


def one_line(value: str) -> str:
    unsafe = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
    return " ".join(re.sub(unsafe, " ", value).split())


def test_a_plain_letter_has_each_header_once_and_says_what_it_says() -> None:
    message = parsed()
    assert message.keys() == NAMES
    assert message["From"] == "Kundesenteret <kundesenter@kundesenter.example>"
    assert message["Subject"] == PLAIN["subject"]
    assert parsedate_to_datetime(message["Date"]) == SENT
    assert message["Date"].endswith("08:02:00 +0000")
    assert (message["Auto-Submitted"], message["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert text_of(message) == PLAIN["text"]


def test_the_html_comes_last_and_both_parts_keep_every_letter() -> None:
    message = parsed(text="Blåbær æøå\n.\nFrom oss  \nslutt", html="<p>Blåbær 漢字 " + "å" * 3000 + "</p>\n")
    _, text, html = message.walk()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text_of(text) == "Blåbær æøå\n.\nFrom oss  \nslutt\n"
    assert text_of(html) == "<p>Blåbær 漢字 " + "å" * 3000 + "</p>\n"


def test_what_a_person_wrote_is_not_marked_as_automatic() -> None:
    message = parsed(auto_submitted="")
    assert message["Auto-Submitted"] is None
    assert message["X-Auto-Response-Suppress"] is None


def test_equal_values_give_equal_bytes() -> None:
    assert compose(**PLAIN, html="<p>x</p>") == compose(**PLAIN, html="<p>x</p>")


TEXT = st.text(max_size=300)


@settings(max_examples=150, deadline=None)
@given(TEXT)
@example("Re: hi =?UTF-8?Q?=0A?=Bcc: x@y")
@example("=?utf-8?b?DQpCY2M6IHhAeQ==?=")
@example("a\r\nBcc: x@y\r\n\r\nbody")
@example("x" * 200)
@example("ord " * 60)
@example("æ" * 500)
@example("\ud800\u202eegpj.exe\u2028Bcc: x")
def test_T37_any_subject_arrives_as_one_line_and_adds_no_header(subject: str) -> None:
    message = parsed(subject=subject)
    assert message.keys() == NAMES
    assert decoded(message, "Subject").split() == one_line(subject).split()
    assert all(len(word) <= 75 for word in re.findall(r"=\?.*?\?=", message["Subject"]))


@settings(max_examples=150, deadline=None)
@given(TEXT)
@example('Kari "sjefen" Nordmann')
@example("Du har vunnet <http://x>, a@b.no")
@example("Åse (regnskap), Fjord Bygg AS;")
@example("=?utf-8?q?=0D=0ABcc:_x@y?= <evil@x>")
@example("x" * 2000)
def test_T37_any_display_name_leaves_the_address_alone(name: str) -> None:
    message = parsed(from_name=name)
    assert message.keys() == NAMES
    shown, address = parseaddr(str(message["From"]).replace("\r\n", ""))
    assert address == PLAIN["from_address"]
    assert str(make_header(decode_header(shown))).split() == one_line(name).split()


@settings(max_examples=100, deadline=None)
@given(TEXT, TEXT)
@example("a\r\n.\r\nb", "")
def test_any_text_arrives_without_its_control_characters(text: str, html: str) -> None:
    message = parsed(text=text, html=html)
    assert message.keys() == NAMES[: len(message.keys())]
    part = message.get_payload(0) if message.is_multipart() else message
    assert isinstance(part, Message)
    clean = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    assert text_of(part) == clean.rstrip("\n") + "\n"


def test_a_reader_of_the_newest_kind_finds_no_defect() -> None:
    raw = compose(**{**PLAIN, "subject": "Oppsigelse æøå " * 9, "from_name": "Åse, Øya", "html": "<p>å</p>"})
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"] == ("Oppsigelse æøå " * 9).strip()
    assert str(message["From"].addresses[0].display_name) == "Åse, Øya"
    assert [defect for part in message.walk() for defect in part.defects] == []


LONG = "<AM0PR04MB" + "7" * 110 + "@AM0PR04MB1234.eurprd04.prod.outlook.com>"


def test_a_long_id_survives_byte_for_byte() -> None:
    raw = compose(**PLAIN, in_reply_to=LONG, references=["<a@b>", LONG])
    assert b"In-Reply-To: " + LONG.encode() + b"\r\n" in raw
    assert raw.count(LONG.encode()) == 2
    assert email.message_from_bytes(raw)["References"].split() == ["<a@b>", LONG]


def test_T40_a_long_thread_keeps_its_ends() -> None:
    ids = [f"<{number}@example.no>" for number in range(500)]
    assert parsed(references=ids)["References"].split() == ids[:20] + ids[-20:]


@pytest.mark.parametrize(
    "bad", ["x", "<>", "<a b@c>", "<a@b>\r\nBcc: x@y", "<" + "x" * 5000 + "@y>", "<å@b>", "<a@b> <c@d>", "<a<b@c>", ""]
)
def test_T40_an_id_that_is_none_is_left_out(bad: str) -> None:
    message = parsed(in_reply_to=bad, references=["<a@b>", bad])
    assert message["In-Reply-To"] is None
    assert message["References"] == "<a@b>"
    assert message["Bcc"] is None


@pytest.mark.parametrize("field", ["to", "from_address", "reply_to"])
@pytest.mark.parametrize(
    "bad",
    [
        "kari",
        "a@b.no\r\nBcc: x@y",
        "a@b.no, c@d.no",
        "a b@c.no",
        "<a@b.no>",
        "a@b.no\x00",
        "a@" + "b" * 999,
        "a@-.no\n",
    ],
)
def test_an_address_that_could_be_more_than_one_is_refused(field: str, bad: str) -> None:
    with pytest.raises(Unwritable):
        compose(**{**PLAIN, field: bad})


@pytest.mark.parametrize(
    "address", ['"kari n"@b.no', "kari+sak=1@b.no", "o'hara@b.no", "a@[192.0.2.1]", "a.b@sub.b-c.no"]
)
def test_unusual_addresses_are_written_as_they_are(address: str) -> None:
    assert parsed(to=address)["To"] == address


def test_a_domain_with_norwegian_letters_is_written_in_ascii() -> None:
    assert parsed(to="kari@blåbær.example")["To"] == "kari@xn--blbr-roah.example"


def test_T91_letters_before_the_at_sign_stand_as_utf8_for_smtputf8() -> None:
    assert b"To: k\xc3\xa5re@example.no\r\n" in compose(**{**PLAIN, "to": "kåre@example.no"})


def test_a_date_without_a_zone_is_refused() -> None:
    with pytest.raises(Unwritable):
        compose(**{**PLAIN, "date": datetime(2026, 8, 18)})


def test_the_thread_of_a_reply_is_the_parents_and_the_parent() -> None:
    assert thread("<c@x>", ["<a@x>", "<b@x>"], ["<b@x>"]) == ("<a@x>", "<b@x>", "<c@x>")
    assert thread("<c@x>", [], ["<b@x>"]) == ("<b@x>", "<c@x>")
    assert thread("<c@x>", [], ["<a@x>", "<b@x>"]) == ("<c@x>",)
    assert thread("", [], []) == ()


def test_letters_are_written_faster_than_they_can_be_sent() -> None:
    values = {
        **PLAIN,
        "subject": "Oppsigelse æøå mottatt",
        "text": "Blåbær på øya. " * 60,
        "html": "<p>Blåbær</p>" * 100,
    }
    began = time.process_time()
    for _ in range(300):
        compose(**values)
    assert 300 / (time.process_time() - began) > 1500
