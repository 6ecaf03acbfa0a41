"""What reading does not look at where it cannot find anything: the shorter way gives what the longer one gives."""

from __future__ import annotations

import re
import unicodedata
from contextlib import ExitStack
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from processor.message import MethodResult
from processor.reading import (
    authentication,
    body,
    charset,
    dates,
    introductions,
    other_languages,
    parse,
    sections,
    signatures,
)
from processor.reading.read import read

NEVER, NEVER_BYTES = re.compile("(?!)"), re.compile(b"(?!)")

_NAMES = [
    b"Content-Type",
    b"Content-Transfer-Encoding",
    b"Subject",
    b"Authentication-Results",
    b"From",
    b"X-A ",
    b"",
    b"Authentication-Results ",
]
_VALUES = [
    b"text/plain", b"text/html; charset=iso-8859-1", b"Multipart/mixed; boundary=q", b"message/rfc822", b"base64", b"quoted-printable", b"x-uue",
    b"mx.example; dkim=pass header.d=a-demo.no; spf=fail (no) smtp.mailfrom=\"a b\"@c.no", b"mx.example; dmarc=pass (p=none) header.from = a; none",
    b"mx.example; a=b c.d=e\"f\" ; G/1=h i=;", b"=?utf-8?q?=C3=A5?= <a@b-demo.no>", b"folded\n value", b"v\xe5r \xc3\xa5", b"nul\0", b"lone\rcr", b"lost\nfold",
]  # fmt: skip
_LINES = [
    b"", b"", b"Hei,", b"V\xc3\xa5r avtale", b"a\xcc\x8a\xc2\xa0b", b"tab\there ", b"\xe2\x80\x8bhidden\r", b"--q", b"--q--", b"Subject: x", b"> quoted",
    b"Fra: a@b-demo.no", b"Sendt: 10:00", b"Den 3. sep. 2026 skrev Kari <k@b-demo.no>:", b"----- Videresendt melding -----", b"_____", b"p\xc3\xa5b\xc3\xb8rjat",
    b"Med vennlig hilsen", b"Kari Moe", b"Sendt fra min iPhone", b"Takk, Kari", b"-- ", b"=C3=A5=\n", b"SGVpLAo=", b"\x80\x81",
]  # fmt: skip
_HEADERS = st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from(_VALUES)), max_size=6)


@given(_HEADERS, st.lists(st.sampled_from(_LINES), max_size=14), st.sampled_from([b"\n", b"\r\n"]))
@settings(max_examples=250, deadline=None)
def test_the_shorter_way_reads_what_the_longer_one_reads(
    fields: list[tuple[bytes, bytes]], lines: list[bytes], end: bytes
) -> None:
    raw = b"\n".join([*(name + b": " + value for name, value in fields), b"", *lines]).replace(b"\n", end)
    short = read(raw)
    with ExitStack() as longer:
        longer.enter_context(patch.object(parse, "_may_be_tree", lambda head: True))
        longer.enter_context(patch.object(parse, "_SOUND_HEAD", NEVER_BYTES))
        longer.enter_context(patch.object(charset, "_CLEAN", NEVER))
        longer.enter_context(patch.object(introductions, "may_be_mark", lambda line: True))
        longer.enter_context(patch.object(signatures, "may_open", lambda text: True))
        longer.enter_context(patch.object(signatures, "may_close", bool))
        longer.enter_context(patch.object(sections, "may_begin", lambda lines: range(len(lines))))
        longer.enter_context(patch.object(body, "may_be_placeholder", lambda text: True))
        longer.enter_context(patch.object(authentication, "plain_results", lambda value: None))
        longer.enter_context(patch.object(authentication, "_METHOD", NEVER))
        longer.enter_context(patch.object(authentication, "_PAIR", NEVER))
        assert read(raw) == short


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_every_line_of_a_pattern_begins_as_such_lines_do(data: st.DataObject) -> None:
    marks = [introductions._FORWARD_MARK, introductions._ORIGINAL_MARK, introductions._RULE]
    assert introductions.may_be_mark(line := data.draw(st.sampled_from(marks).flatmap(_written)).strip())
    assert introductions.may_begin([line]) == [0]
    openings = [signatures._DEVICE, signatures._FORMULA, signatures._THANKS]
    assert signatures.may_open(line := data.draw(st.sampled_from(openings).flatmap(_written)))
    assert signatures.may_close(line)
    assert body.may_be_placeholder(data.draw(st.from_regex(body._PLACEHOLDER)))


_TOLD = st.sampled_from([
    "mx.example", "MX", "1", ";", "; ", " ; ", "dkim=pass", "dmarc=Fail", "dmarc=none", "spf=pass", "none", "header.d=a-demo.no", "smtp.mailfrom=<k@a.no>",
    "action=x", "a.b=c", "=", ".", "x=y=", "(c)", "(p=reject)", "(a=b; c)", "((x) y)", "(", ")", '"q"', "\\", "\t", "\x0b", "å", " ", " ", " ", " ",
])  # fmt: skip


@given(st.lists(_TOLD, max_size=9))
@settings(max_examples=600, deadline=None)
def test_plain_results_are_what_the_grammar_reads(pieces: list[str]) -> None:
    value = "".join(["mx; dkim=pass", *pieces])
    if found := authentication.plain_results(value):
        assert authentication._scanned(value) == found


def test_most_servers_write_plain_results() -> None:
    value = "mx.example; DKIM=pass (2048-bit key) header.d=a-demo.no; dmarc=pass header.from=a-demo.no;"
    dkim = MethodResult("dkim", "pass", (("header.d", "a-demo.no"),))
    dmarc = MethodResult("dmarc", "pass", (("header.from", "a-demo.no"),))
    assert authentication.plain_results(value) == authentication._scanned(value) == ("mx.example", [dkim, dmarc])


_DATES = st.tuples(
    st.sampled_from(["Fri, ", "", "Xyz, ", "  Mon, ", "fri, "]),
    st.sampled_from(["1", "01", "29", "31", "32", "00"]),
    st.sampled_from([" Jan ", " Feb ", " Jun ", " nov ", " Des "]),
    st.sampled_from(["1970", "2024", "2026", "1969", "26"]),
    st.sampled_from([" 00:22:54 ", " 23:59:60 ", " 24:00:00 ", " 1:02:03 ", " 12:00 "]),
    st.sampled_from(
        ["+0000", "-0000", "+0200", "-1159", "+1959", "GMT", "+0260", "-2400", "", "+0100 (CET)", "+0100 "]
    ),
).map("".join)


@given(_DATES)
@settings(max_examples=400, deadline=None)
def test_a_date_in_the_usual_form_is_the_one_that_the_stdlib_reads(value: str) -> None:
    if found := dates.usual_date(value):
        assert repr(found) == repr(dates._odd_date(value))
        assert dates.parse_date(value) == found


def test_the_usual_form_of_a_date_is_known() -> None:
    for value in ("Fri, 27 Nov 2026 00:22:54 +0100", " 7 Sep 2026 10:00:00 -0000"):
        assert dates.usual_date(value) == dates._odd_date(value) is not None


_NEAR = st.sampled_from([
    "", "Hei", " > a", ">", "Fra: a@b-demo.no", "*Fra:* a@b-demo.no", " From: x", "Sendt: 10:00", "fra: a\t", "Emne: x", "-----", "_____", "Vidaresend melding",
    "Den 3. sep. 2026 skrev Kari <k@b-demo.no>:", "Den 3. sep. 2026 skrev", "Kari <k@b-demo.no>", "kl. 10:00:", "wrote: ", "påbörjat vidarebefordrat meddelande",
])  # fmt: skip


@given(st.lists(_NEAR, max_size=6))
@settings(max_examples=400, deadline=None)
def test_older_text_begins_only_where_it_may(lines: list[str]) -> None:
    begins = [
        at for at in range(len(lines)) if lines[at].lstrip().startswith(">") or introductions.introduction(lines, at)
    ]
    assert set(begins) <= set(introductions.may_begin(lines))


def _written(pattern: re.Pattern[str]) -> st.SearchStrategy[str]:
    return st.from_regex(pattern, fullmatch=True)


def test_letters_that_need_no_cleaning_are_left_by_it_and_join_no_other() -> None:
    letters = [letter for letter in map(chr, range(0x3000)) if charset._CLEAN.fullmatch(letter)]
    assert len(letters) > 500
    assert all(unicodedata.normalize("NFC", letter) == letter for letter in letters)
    assert not any(unicodedata.combining(letter) for letter in letters)
    odd = [charset._UNSEEN, charset._SPACES, charset._LINE_ENDS, charset._MARKS]
    assert [letter for letter in letters for pattern in odd if pattern.search(letter)] == []


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_each_header_of_another_language_holds_a_colon_or_a_rule(data: st.DataObject) -> None:
    known: re.Pattern[str] = other_languages._Replies(text="", languages=list(other_languages._LANGUAGES)).HEADER_REGEX
    text = data.draw(st.from_regex(known))
    assert ":" in text or "-----" in text
