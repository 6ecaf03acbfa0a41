"""A mail that keeps the rules is cut from its bytes as the stdlib's parser takes it apart; all others are left to it."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.message import Message
from processor.reading import parse
from processor.reading.read import read
from processor.reading.well_formed import MAX_BOUNDARIES, MAX_HEAD, MAX_PARTS, Piece, cut
from tests.fuzz.targets import TARGETS


def seldom(usual: list[bytes], odd: list[bytes]) -> st.SearchStrategy[bytes]:
    """Mostly what keeps the rules, so that most mails are cut."""
    return st.sampled_from(usual * (20 * len(odd) // len(usual)) + odd)


_KINDS = seldom([b"mixed", b"Alternative", b"related"], [b"digest", b"report"])
_BEFORE = seldom([b" ", b'\n\ttype="text/html"; ', b" charset=utf-8;"], [b" boundary=r; ", b' x="a;b";', b' x="a;'])
_AFTER = seldom([b"", b"; charset=x", b'; type="a/b"'], [b";", b"; boundary=r", b" x"])
_FIELDS = seldom(
    [b"Content-Type: text/html", b"Content-Disposition: attachment; filename=x", b"X-A:", b"Subject:\n folded\n\t"],
    [b"Content-Type: message/rfc822", b"From a@b-demo.no", b" x: y", b"x : y", b"--q", b":"],
)
_LINES = seldom(
    [b"", b"hei", b"<p>x", b"a: b", b"\xc3\xa5 =E5=", b"--"],
    [b"--qx", b"--q", b"--q--", b"--r", b"lone\rcr", b"x\r", b"\0"],
)


@st.composite
def multiparts(draw: st.DrawFn, depth: int = 0) -> bytes:
    boundary, quote = (
        draw(seldom([b"qrs"[depth : depth + 1]], [b"q1", b"q--", b"r", b"a b"])),
        draw(seldom([b"", b'"'], [b"'"])),
    )
    told = draw(_BEFORE) + b"boundary=" + quote + boundary + quote + draw(_AFTER)
    out = [b"Content-Type: multipart/" + draw(_KINDS) + b";" + told, b"", *draw(st.lists(_LINES, max_size=2))]
    for _ in range(draw(st.integers(1, 3))):
        out.append(b"--" + boundary + draw(seldom([b"", b" "], [b"x", b"--"])))
        if depth < 2 and draw(st.booleans()):
            out.append(draw(multiparts(depth + 1)))
        else:
            out += [*draw(st.lists(_FIELDS, max_size=2)), b"", *draw(st.lists(_LINES, max_size=3))]
    ends = [b"--" + boundary + b"--", b"--" + boundary + b"-- \nafter"]
    return b"\n".join([*out, draw(seldom(ends, [b"", ends[0] + b"\n" + ends[0]]))])


def by_the_stdlib(raw: bytes) -> Message:
    with patch.object(parse, "cut", lambda raw: None), patch.object(parse, "may_be_tree", lambda head: True):
        return read(raw)


@given(multiparts(), st.sampled_from([b"\n", b"\r\n"]))
@settings(max_examples=300, deadline=None)
def test_a_mail_is_cut_as_the_stdlib_takes_it_apart(raw: bytes, end: bytes) -> None:
    raw = raw.replace(b"\n", end)
    assert read(raw) == by_the_stdlib(raw)


@pytest.mark.parametrize("raw", TARGETS["mime"].seeds(), ids=lambda raw: str(len(raw)))
def test_every_example_is_cut_as_the_stdlib_takes_it_apart(raw: bytes) -> None:
    assert read(raw) == by_the_stdlib(raw)


def test_most_mails_are_cut() -> None:
    mails = TARGETS["mime"].seeds()
    assert sum(cut(raw) is not None for raw in mails) > 0.8 * len(mails)


_WHOLE = b"Content-Type: multipart/mixed; boundary=q\n\n--q\n\nhei\n--q--\n"


def test_of_very_many_parts_only_those_that_are_read_are_cut() -> None:
    raw = _WHOLE.replace(b"--q\n", (MAX_PARTS + 50) * b"--q\n\nx\n" + b"--q\n")
    assert len((cut(raw) or Piece([], b"", [])).parts) == MAX_PARTS + 1
    assert read(raw) == by_the_stdlib(raw)
    assert "parts_truncated" in [defect.code for defect in read(raw).defects]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\nno head",
        b"Subject: no body",
        b"Subject : blank\n\nhei",
        b"X: " + MAX_HEAD * b"x" + b"\n\nhei",
        b"Content-Type: multipart/mixed; boundary=q\n\n--q\nX: " + MAX_HEAD * b"x" + b"\n\nhei\n--q--",
        _WHOLE.replace(b"mixed", b"digest"),
        _WHOLE.replace(b"boundary=q", b"boundary*=q"),
        _WHOLE.replace(b"\n\nhei", b"\nContent-Type: message/rfc822\n\nhei"),
        _WHOLE.replace(b"\n\nhei", b"\nhei"),
        _WHOLE.replace(b"hei", b"h\rei"),
        _WHOLE.replace(b"--q--", b""),
        _WHOLE.replace(b"--q--", b"--q\n\nopen"),
        _WHOLE.replace(b"hei", b"hei\n--qx"),
        _WHOLE.replace(b"boundary=q", b"boundary=r; boundary=q"),
        _WHOLE.replace(b"--q--", b"--q--x"),
        _WHOLE + b"--q--\n",
        _WHOLE + MAX_BOUNDARIES * b"boundary",
    ],
    ids=lambda raw: repr(raw[-20:]),
)
def test_what_could_be_read_in_two_ways_is_left_to_the_stdlib(raw: bytes) -> None:
    assert cut(_WHOLE)
    assert cut(raw) is None
