"""Open a mail's bytes as a tree of parts; the one importer of mail-parser.

mail-parser opens the bytes and recovers addresses; the parts are walked by us, since its own walk
merges the text of attached messages and raises on truncated ones (email.md A7).  What could cost
seconds or a RecursionError is refused before the parser sees it: then the header fields are kept,
and the body is one plain text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message as Part
from email.parser import BytesHeaderParser

from mailparser import MailParser
from mailparser.utils import get_addresses

from processor.message import Defect

MAX_RAW = 64_000_000
MAX_HEADER = 500_000
MAX_BOUNDARIES = 300
MAX_DELIMITERS = 5_000
# Each line is compared with every open boundary: nesting times lines is what costs.
MAX_COMPARISONS = 4_000_000
REFUSED_TEXT = 200_000

# A header block in which nothing is to mend: fields and their folds, no NUL, no lone CR, no blank before a colon.
_SOUND_HEAD = re.compile(rb"(?:[\x21-\x39\x3b-\x7e]{1,200}:[^\r\n\0]*+\r?\n(?:[ \t][^\r\n\0]*+\r?\n)*+)*+")
_BLANK_LINE = re.compile(rb"\n\r?\n|\r\r(?!\n)")
_FIELD = re.compile(rb"([\x21-\x39\x3b-\x7e]{1,200})[ \t]*:")
_LONE_CR = re.compile(rb"\r(?!\n)")
_KNOWN = {
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"received", b"return-path", b"reply-to", b"sender",
    b"mime-version", b"content-type", b"content-transfer-encoding", b"in-reply-to", b"references",
    b"authentication-results", b"dkim-signature", b"delivered-to", b"auto-submitted", b"precedence",
}  # fmt: skip
_BY_SERVERS = {b"authentication-results", b"arc-authentication-results", b"arc-seal", b"arc-message-signature"}


@dataclass(frozen=True, slots=True)
class Opened:
    """The tree of a mail's parts and what was wrong with its bytes.

    ``body`` is what follows the header where that can be no tree; the root then holds nothing.
    """

    root: Part
    defects: tuple[Defect, ...]
    body: bytes | None = None


class _Opener(MailParser):  # type: ignore[misc]
    """mail-parser without its own walk over the parts, which would read every body a second time."""

    def parse(self) -> _Opener:
        return self


def open_mail(raw: bytes) -> Opened:
    """Open the bytes of a mail; never raises.

    Defects: ``raw_truncated``, ``header_truncated``, ``header_junk``, ``nul``, ``structure_refused``.
    """
    defects: list[Defect] = []
    if len(raw) > MAX_RAW:
        raw = raw[:MAX_RAW]
        defects.append(Defect("raw_truncated", f"{MAX_RAW} bytes were read"))
    end = _BLANK_LINE.search(raw)
    head, body = (raw[: end.start() + 1], raw[end.end() :]) if end else (raw, b"")
    head = _mend_head(head, defects)
    if end and not _may_be_tree(head) and (root := _flat(head)) is not None:
        return Opened(root, tuple(defects), body)
    if _costly(raw):
        defects.append(Defect("structure_refused", "too many or too deeply nested parts"))
        return Opened(_headers_only(head, body), tuple(defects))
    root = _open(head + b"\n" + body if end else head)
    if root is None:
        defects.append(Defect("structure_refused", "the parser gave up"))
        root = _headers_only(head, body)
    return Opened(root, tuple(defects))


def address_pairs(value: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Display names and addr-specs of an address header, and the items that gave no address.

    ``value`` is unfolded text.  A mailbox is found by its structure alone (RFC 5322 section 3.4),
    never by looking for an ``@`` in a display name.  May raise on hostile input: the caller bounds it.
    """
    doubts: list[dict[str, object]] = []
    pairs = get_addresses(value, defects=doubts, decode_names=True)
    return [(name, spec) for name, spec in pairs if spec], [str(d["raw"]) for d in doubts if not d["recovered"]]


def _may_be_tree(head: bytes) -> bool:
    """Whether the parser might look for parts: below no other Content-Type does it."""
    small = head.lower()
    return b"multipart/" in small or b"message/" in small


def _flat(head: bytes) -> Part | None:
    """The header alone, since the parser splits such a body into lines only to join them; None if it ends early."""
    root = _open(head + b"\n")
    return None if root is None or root.get_payload() else root


def _open(raw: bytes) -> Part | None:
    try:
        root: Part = _Opener.from_bytes(raw).message
    except Exception:  # A fault of the parser is a fault of this mail only.
        return None
    return root


def _mend_head(head: bytes, defects: list[Defect]) -> bytes:
    """Make the header block one that the parser reads to its end (RFC 7103 sections 7.2 and 7.6)."""
    if len(head) > MAX_HEADER:
        head = head[:MAX_HEADER].rsplit(b"\n", 1)[0] + b"\n"
        defects.append(Defect("header_truncated", f"{MAX_HEADER} bytes were read"))
    if _SOUND_HEAD.fullmatch(head):
        return head
    torn = b"\0" in head
    if torn:
        head = head.replace(b"\0", b"")
        defects.append(Defect("nul", "in the header"))
    if b"\r" in head and b"\n" in head:
        head = _LONE_CR.sub(b" ", head)
    lines = head.split(b"\n")
    fields = [_FIELD.match(line) for line in lines]
    # A body that follows without a blank line is no junk: nothing known comes after it.
    last = max((n for n, field in enumerate(fields) if field and field[1].lower() in _KNOWN), default=-1)
    junk = False
    for number, (line, field) in enumerate(zip(lines, fields, strict=True)):
        blank = field is not None and field.end() > len(field[1]) + 1
        if field and field[1].lower() in _BY_SERVERS and (torn or blank):
            # A server takes away what came under its name (RFC 8601 section 5), and would not have known "m\0x.example"
            # for it, nor perhaps a name with a blank before its colon: what we have mended proves nothing.
            lines[number] = b"X-" + field[1] + line[field.end() - 1 :]
        elif field and blank:
            lines[number] = field[1] + line[field.end() - 1 :]
        elif (
            number < last and not field and line[:1] not in (b" ", b"\t") and not (number == 0 and line[:5] == b"From ")
        ):
            lines[number] = b" " + line if number else b"X-Junk: " + line
            junk = True
    if junk:
        defects.append(Defect("header_junk", "a line that is no field was read as a lost fold"))
    return b"\n".join(lines)


def _costly(raw: bytes) -> bool:
    small = raw.lower()
    depth = small.count(b"boundary") + small.count(b"message/")
    if depth < 20:
        return False
    return (
        depth > MAX_BOUNDARIES
        or depth * small.count(b"\n") > MAX_COMPARISONS
        or small.count(b"\n--") + small.count(b"\r--") > MAX_DELIMITERS
    )


def _headers_only(head: bytes, body: bytes) -> Part:
    root = BytesHeaderParser().parsebytes(head)
    for name in ("Content-Type", "Content-Transfer-Encoding", "Content-Disposition"):
        del root[name]
    root.set_payload(body[:REFUSED_TEXT].decode("ascii", "surrogateescape"))
    return root
