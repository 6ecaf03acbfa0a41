"""Mails out of an mbox, told apart with care: in the wild it is four formats, and programs write all of them badly.

A line "From " begins a mail only where it stands behind an empty line and a header field follows, or where it bears
a date as well; else it is somebody's sentence that was not quoted.  One ``>`` is taken from quoted ones (mboxrd; of
mboxo's, where a writer's own ">From " cannot be told from a quoted one, the same is the best that can be done).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_tz
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from processor.moving.found import Found, wire

LINE = 65_536
HELD = 25_000_000
"""Above this a mail is kept piece by piece and read by its header alone."""
PIECE = 1_000_000
HEAD = 256_000
SEPARATOR = b"From "
DATED = re.compile(rb"^From .*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? .*\b\d{1,2}:\d\d(?::\d\d)?\b.*\b(?:19|20)\d\d\b")
FIELD = re.compile(rb"^>?[!-9;-~]{1,76}[ \t]*:")
KNOWN = re.compile(
    rb"^(?:return-path|received|delivered-to|from|to|cc|date|subject|message-id|mime-version|content-[a-z-]+|"
    rb"status|reply-to|sender|in-reply-to|references|x-[!-9;-~]+|dkim-signature|authentication-results|arc-[a-z-]+)"
    rb"[ \t]*:",
    re.IGNORECASE,
)
QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
NO_SEPARATOR = "what stands before the first From line is no mail"


@dataclass(frozen=True, slots=True)
class Span:
    """A mail's place in the file: its separator line (empty where there is none), and where its bytes stand."""

    separator: bytes
    start: int
    end: int


class Mbox:
    """One mbox file; a position is the offset of the next mail and how many went before it, as ``1024:3``."""

    unit = "bytes"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = f"mbox {path.absolute()}"
        self.size = path.stat().st_size
        with path.open("rb") as file:
            # Of the beginning alone, since a file may grow between two runs.
            self.mark = sha256(file.read(1024 if self.size >= 1024 else 0)).hexdigest()[:16]

    def done_at(self, position: str) -> int:
        """The offset itself."""
        return int(position.partition(":")[0] or 0)

    def mails(self, after: str) -> Iterator[Found]:
        """The mails from an offset on, each read when it is asked for."""
        offset, _, number = after.partition(":")
        count = int(number or 0)
        with self.path.open("rb") as scanned, self.path.open("rb") as read:
            for span in spans(scanned, int(offset or 0)):
                count += 1
                yield self._found(read, span, count)

    def _found(self, file: BinaryIO, span: Span, number: int) -> Found:
        name, position = f"{self.path.name}#{number}", f"{span.end}:{number}"
        size = span.end - span.start
        at = separator_time(span.separator)
        if size > HELD:
            file.seek(span.start)
            return Found(
                name, position, span.end, self.path.name, size=size, head=file.read(HEAD), at=at, at_from="separator",
                pieces=lambda: _pieces(file, span), place=(int(self.mark[:12], 16), span.start),
            )  # fmt: skip
        file.seek(span.start)
        raw = file.read(size)
        if not span.separator and not FIELD.match(raw):
            return Found(name, position, span.end, fault=NO_SEPARATOR)
        raw = wire(QUOTED.sub(rb"\1", _without_last_blank(raw)))
        return Found(name, position, span.end, self.path.name, raw=raw, size=len(raw), at=at, at_from="separator")


def spans(file: BinaryIO, start: int) -> Iterator[Span]:
    """The mails from an offset on, which is the end of one; the file is read line by line."""
    file.seek(start)
    here, separator, begun = start, b"", start
    blank, whole = True, True
    line = file.readline(LINE)
    while line:
        following = file.readline(LINE)
        if whole and line.startswith(SEPARATOR) and separates(line, following, blank):
            if here > begun and (separator or not _empty(file, begun, here, here + len(line) + len(following))):
                yield Span(separator, begun, here)
            separator, begun = line, here + len(line)
        blank = whole and not line.strip(b"\r\n")
        whole = line.endswith(b"\n")
        here += len(line)
        line = following
    if here > begun and (separator or not _empty(file, begun, here, here)):
        yield Span(separator, begun, here)


def separates(line: bytes, following: bytes, blank: bool) -> bool:
    """Whether a line that begins with "From " begins a mail; ``blank``: the line before it is empty."""
    if DATED.match(line):
        return bool(KNOWN.match(following)) or (blank and bool(FIELD.match(following)))
    return blank and bool(KNOWN.match(following))


def separator_time(line: bytes) -> datetime | None:
    """When the mail was delivered, by its From line (asctime in UTC, as RFC 4155 has it), None if it does not say."""
    words = line.decode("ascii", "replace").split()[2:]
    found = parsedate_tz(" ".join(words)) if len(words) >= 4 else None
    if found is None or not 1970 <= found[0] <= 2200:
        return None
    try:
        return datetime(*found[:6], tzinfo=UTC)
    except ValueError:
        return None


def _empty(file: BinaryIO, start: int, end: int, back: int) -> bool:
    """Whether nothing but empty lines stands there; goes back to where the file was being read."""
    file.seek(start)
    nothing = end - start < LINE and not file.read(end - start).strip()
    file.seek(back)
    return nothing


def _without_last_blank(raw: bytes) -> bytes:
    """The mail without the empty line that writers put behind each."""
    for end in (b"\r\n\r\n", b"\n\n"):
        if raw.endswith(end):
            return raw[: -len(end) // 2]
    return raw


def _pieces(file: BinaryIO, span: Span) -> Iterator[bytes]:
    file.seek(span.start)
    left = span.end - span.start
    while left > 0 and (piece := file.read(min(PIECE, left))):
        left -= len(piece)
        yield piece
