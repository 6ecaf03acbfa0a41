"""Laws of reading: no bytes make it raise, and what it gives can be stored and cut as it says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.message import Address
from processor.reading.read import read
from processor.reading.sections import Letter, split
from tests.fuzz.targets import TARGETS

broken_promise = TARGETS["mime"].broken

_PIECES = [
    b"From: ", b"a@b-demo.no", b"\r\n", b"\n", b"Subject: ", b"=?utf-8?q?=C3?=", b"Content-Type: multipart/mixed; boundary=q", b"--q", b"--q--",
    b"Content-Type: text/html", b"Content-Type: message/rfc822", b"Content-Transfer-Encoding: base64", b"charset=x", b"\xff\xfe", b"\0", b"<p>", b"> ",
    b"Mvh", b"Fra: x", b"Sendt: 10:00", b"Authentication-Results: a; b=c", b"(", b'"', b";", b"Date: 1 Sep 2026 10:00",
]  # fmt: skip
LETTER = Letter("SV: x", True, Address("kari", "a-demo.no", "Kari Moe"), ())


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert broken_promise(raw) == ""


@given(st.lists(st.sampled_from(_PIECES), max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_pieces_of_mail_make_it_raise(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    assert broken_promise(raw) == ""
    assert read(raw) == read(raw)


@given(st.text(alphabet=st.sampled_from("abå 1:.@<>-_\n>,M"), max_size=300))
@settings(max_examples=150, deadline=None)
def test_sections_cover_any_text(text: str) -> None:
    sections = split(text, LETTER)
    assert "".join(text[one.start : one.end] for one in sections) == text


@pytest.mark.parametrize("raw", TARGETS["mime"].seeds(), ids=lambda raw: str(len(raw)))
def test_every_example_is_read_without_a_broken_promise(raw: bytes) -> None:
    assert broken_promise(raw) == ""
