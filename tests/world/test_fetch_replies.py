"""Replies to FETCH that are read at once: the same as imapclient reads in them, or nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imapclient.response_parser import parse_fetch_response

from processor.world.fetch_replies import Reply, plain_replies
from processor.world.fetching import header_of

UID, SIZE = b"UID 7", b"RFC822.SIZE 31"
TIME = b'INTERNALDATE " 1-Dec-2026 09:05:00 +0100"'

items = st.sampled_from(
    [
        UID,
        b"UID 8",
        b"UID 07",
        SIZE,
        b"RFC822.SIZE 031",
        b"RFC822.SIZE 0",
        b"rfc822.size 5",
        TIME,
        b'INTERNALDATE "31-Feb-2026 09:05:00 +0000"',
        b'INTERNALDATE "1-Dec-2026 09:05:00 -0000"',
        b'INTERNALDATE "11-Foo-2026 23:59:60 -0330"',
        b'INTERNALDATE "11-Dec-2026 23:59:59 +2500"',
        b"INTERNALDATE NIL",
        b"FLAGS (\\Seen)",
        b"MODSEQ (12)",
        b'X "a b"',
        b"BODY[] NIL",
    ]
)
parts = st.sampled_from([b"BODY[]<0>", b"BODY[]", b"BODY[HEADER]<0>", b"BODY[HEADER.FIELDS (FROM)]", b"body[]", b"X"])


@st.composite
def replies(draw: st.DrawFn) -> list[Reply]:
    told: list[Reply] = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        before, after = draw(st.lists(items, max_size=4)), draw(st.lists(items, max_size=1))
        head = b"%d (" % number + b" ".join(before)
        if draw(st.booleans()):
            told.append(head + b")")
            continue
        literal = draw(st.sampled_from([b"", b"abc)", b"From: x\r\n\r\n2 (UID 3)"]))
        told.append((head + b" " * bool(before) + draw(parts) + b" {%d}" % len(literal), literal))
        told.append(b" " * bool(after) + b" ".join(after) + b")")
    return told


def imapclients(told: list[Reply]) -> dict[int, dict[bytes, Any]] | None:
    try:
        return dict(parse_fetch_response(told, normalise_times=False))
    except Exception:
        return None


@given(replies())
@settings(max_examples=300)
def test_what_is_read_at_once_is_what_imapclient_reads(told: list[Reply]) -> None:
    found = plain_replies(told)
    assert found is None or found == imapclients(told)


@pytest.mark.parametrize(
    "told",
    [
        [b"1 (UID 7 RFC822.SIZE 31 " + TIME + b")", b"2 (UID 8 RFC822.SIZE 0 " + TIME + b")"],
        [b"3 (" + TIME + b" RFC822.SIZE 31 UID 7)"],
        [(b"1 (UID 7 BODY[]<0> {3}", b"abc"), b")", (b"2 (UID 8 BODY[] {0}", b""), b")"],
        [(b"9 (UID 7 BODY[HEADER]<0> {4}", b"a: b"), b")"],
        # Told twice: the later goes before.
        [b"1 (UID 7 RFC822.SIZE 31)", b"1 (UID 7 RFC822.SIZE 32)"],
    ],
)
def test_the_usual_replies_are_read_at_once(told: list[Reply]) -> None:
    assert plain_replies(told) == imapclients(told) != None  # noqa: E711


@pytest.mark.parametrize(
    "told",
    [
        [None],
        [b"1 (FLAGS (\\Seen))"],
        [b"1 (RFC822.SIZE 31)"],
        [(b"1 (BODY[]<0> {3}", b"abc"), b" UID 7)"],
        [(b"1 (UID 7 BODY[]<0> {3}", b"abc")],
        [b"1 (UID 7 RFC822.SIZE 31) x"],
        [b"1 (UID 7"],
    ],
)
def test_anything_else_is_left_to_imapclient(told: list[Reply | None]) -> None:
    assert plain_replies(told) is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"x"]), max_size=12).map(b"".join))
def test_a_header_ends_at_the_first_of_two_marks(body: bytes) -> None:
    assert header_of(body) == re.split(rb"\r\n\r\n|\n\n", body, maxsplit=1)[0]
