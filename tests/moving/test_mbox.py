"""Mails are told apart in an mbox as programs write them, well and badly."""

from __future__ import annotations

import io
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.moving.mbox import Mbox, separator_time, spans

DATED = b"From kari@x.no Mon Mar  2 09:30:00 2026\n"
HEAD = b"From: kari@x.no\nSubject: a\n\n"


def raws(tmp_path: Path, content: bytes, after: str = "") -> list[bytes]:
    path = tmp_path / "a.mbox"
    path.write_bytes(content)
    return [(each.raw or b"").replace(b"\r\n", b"\n") for each in Mbox(path).mails(after)]


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b"Hei\n\n>From now on.\n", b"Hei\n\nFrom now on.\n"),
        (b"Hei\n\n>>From a quote.\n", b"Hei\n\n>From a quote.\n"),
        (b"Hei\n\nFrom now on we pay.\nNote: not more.\n", None),
        (b"Hei\nFrom kari@x.no Mon Mar  2 09:30:00 2026\nHilsen\n", None),
        (b"Hei\n\nFrom kari@x.no Mon Mar  2 09:30:00 2026\nuten felt\n", None),
        (b"Hei\nFrom here\nSubject: to there\n", None),
    ],
    ids=["quoted", "quoted twice", "a sentence", "a date in a paragraph", "a date and no header", "no empty line"],
)
def test_a_line_that_begins_with_from_in_a_mail_is_its_own(tmp_path: Path, body: bytes, read: bytes | None) -> None:
    assert raws(tmp_path, DATED + HEAD + body + b"\n" + DATED + HEAD + b"B\n\n") == [
        HEAD + (read or body),
        HEAD + b"B\n",
    ]


@pytest.mark.parametrize(
    "separator",
    [
        b"From \n",
        b"From ???@??? Mon Mar 02 09:30:00 2026\n",
        b"From 1234567890@xxx Mon Mar 02 09:30:00 +0000 2026\n",
        b"From kari@x.no\n",
    ],
    ids=["empty", "Eudora", "Gmail", "without a date"],
)
def test_broken_from_lines_begin_a_mail_where_a_header_follows(tmp_path: Path, separator: bytes) -> None:
    assert raws(tmp_path, separator + HEAD + b"A\n\n" + separator + HEAD + b"B\n\n") == [HEAD + b"A\n", HEAD + b"B\n"]


def test_a_mail_is_told_from_the_next_without_an_empty_line_by_its_date(tmp_path: Path) -> None:
    assert raws(tmp_path, DATED + HEAD + b"A\n" + DATED + HEAD + b"B\n") == [HEAD + b"A\n", HEAD + b"B\n"]


def test_an_mbox_of_windows_and_one_that_lost_its_first_line_are_read(tmp_path: Path) -> None:
    content = HEAD + b"A\n\n" + DATED + HEAD + b"B\n\n"
    assert raws(tmp_path, content.replace(b"\n", b"\r\n")) == [HEAD + b"A\n", HEAD + b"B\n"]


def test_lines_end_as_on_the_wire_so_that_the_bytes_are_those_of_the_server(tmp_path: Path) -> None:
    path = tmp_path / "a.mbox"
    path.write_bytes(DATED + HEAD + b"A\n\n")
    (found,) = Mbox(path).mails("")
    assert found.raw == (HEAD + b"A\n").replace(b"\n", b"\r\n")


@given(st.lists(st.lists(st.sampled_from([b"", b"From x", b">From y", b"From: z", b"Hei", b"To: a", b"> b"]), max_size=6), min_size=1, max_size=4))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_what_was_written_as_mboxrd_is_read_as_it_was(bodies: list[list[bytes]]) -> None:
    mails = [HEAD + b"".join(line + b"\n" for line in body) for body in bodies]
    written = b"".join(DATED + re.sub(rb"(?m)^(>*From )", rb">\1", each) + b"\n" for each in mails)
    found = list(spans(io.BytesIO(written), 0))
    assert len(found) == len(mails)
    with tempfile.TemporaryDirectory() as folder:
        assert raws(Path(folder), written) == mails


def test_a_position_leads_to_the_next_mail_and_its_number(tmp_path: Path) -> None:
    content = b"".join(DATED + HEAD + b"%d\n\n" % n for n in range(4))
    path = tmp_path / "a.mbox"
    path.write_bytes(content)
    found = list(Mbox(path).mails(""))
    assert [each.name for each in found] == [f"a.mbox#{n}" for n in (1, 2, 3, 4)]
    assert found[-1].done == len(content)
    for at, each in enumerate(found):
        assert [(one.name, one.raw) for one in Mbox(path).mails(each.position)] == [
            (one.name, one.raw) for one in found[at + 1 :]
        ]


def test_lines_without_an_end_are_read_in_pieces(tmp_path: Path) -> None:
    long = b"x" * 200_000 + b"From not at the beginning of a line\n"
    assert raws(tmp_path, DATED + HEAD + long + b"\n" + DATED + HEAD + b"B\n\n")[0] == HEAD + long


@pytest.mark.parametrize(
    ("line", "when"),
    [
        (b"From a@b Mon Mar  2 09:30:00 2026\n", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        (b"From 17@xxx Mon Mar 02 09:30:00 +0000 2026\n", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        (b"From a@b\n", None),
        (b"From a@b sometime in the spring of it\n", None),
        (b"", None),
    ],
)
def test_the_from_line_tells_when_the_mail_came(line: bytes, when: datetime | None) -> None:
    assert separator_time(line) == when
