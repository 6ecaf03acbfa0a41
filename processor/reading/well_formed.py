"""A mail that keeps the rules, cut straight from its bytes (RFC 5322 section 2.2, RFC 2046 section 5.1).

The stdlib's parser asks of each line what it may be.  Most mails need none of it: their fields are fields to the
last, and nothing between their boundaries could be read in two ways.  All others are left to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Beyond it the value of a field may be cut, and its folds count.
MAX_HEAD = 20_000
# So many parts of a mail are read; one more tells that there were more.
MAX_PARTS = 200
MAX_BOUNDARIES = 300
MAX_DELIMITERS = 5_000
# The stdlib compares each line with every open boundary: nesting times lines is what costs.
MAX_COMPARISONS = 4_000_000
# Here each level is looked through for itself.
_MAX_DEPTH = 6

# A header block in which nothing is to mend: fields and their folds, no NUL, no lone CR, no blank before a colon.
SOUND_HEAD = re.compile(rb"(?:[\x21-\x39\x3b-\x7e]{1,200}:[^\r\n\0]*+\r?\n(?:[ \t][^\r\n\0]*+\r?\n)*+)*+")
_FIELD = re.compile(r"([^:]+):[ \t]*+(.*+(?:\n[ \t].*+)*+)\n")
_PARAMETER = r"=(?:\"[\w/.+-]*\"|[\w/.+-]+)\s*"
_MULTIPART = re.compile(
    rf"multipart/(?:mixed|alternative|related|signed);\s*(?:(?!boundary)[a-z-]{{1,20}}{_PARAMETER};\s*)?"
    r"boundary=(?:\"([\w'()+,./:=?-]{1,70})\"|([\w'+./:=?-]{1,70}))\s*"
    rf"(?:;\s*(?:type|start|charset|micalg|protocol|format){_PARAMETER})*",
    re.ASCII | re.IGNORECASE,
)
_DELIMITS = re.compile(rb"[ \t]*\r?\n")
_CLOSES = re.compile(rb"--[ \t]*(?:\r?\n|\Z)")


@dataclass(slots=True)
class Piece:
    """A part as it was cut: its fields, top first, and its content as it came, or the parts in it.

    The fields' values hold their folds without carriage returns, and surrogate escapes for bytes beyond ASCII.
    """

    fields: list[tuple[str, str]]
    content: bytes
    parts: list[Piece]


def cut(raw: bytes) -> Piece | None:
    """The tree of a mail that keeps the rules; None for what the stdlib's parser must read."""
    halves = _halves(raw)
    if not halves or not halves[0]:
        return None
    head, body = halves
    if not may_be_tree(head):
        return leaf(head, body)
    return None if costly(raw) else _tree(leaf(head, b""), body, 0)


def leaf(head: bytes, body: bytes) -> Piece:
    """The part of a sound head in which are no others."""
    return Piece(_FIELD.findall(head.replace(b"\r", b"").decode("ascii", "surrogateescape")), body, [])


def may_be_tree(head: bytes) -> bool:
    """Whether a parser might look for parts: below no other Content-Type does it."""
    small = head.lower()
    return b"multipart/" in small or b"message/" in small


def costly(raw: bytes) -> bool:
    """Whether a mail has so many or so deeply nested parts that none may be looked for."""
    small = raw.lower()
    depth = small.count(b"boundary") + small.count(b"message/")
    if depth < 20:
        return False
    return (
        depth > MAX_BOUNDARIES
        or depth * small.count(b"\n") > MAX_COMPARISONS
        or small.count(b"\n--") + small.count(b"\r--") > MAX_DELIMITERS
    )


def _halves(raw: bytes) -> tuple[bytes, bytes] | None:
    """A sound head, which may be empty, and what follows its blank line."""
    found = SOUND_HEAD.match(raw)
    end = found.end() if found else 0
    body = end + (2 if raw.startswith(b"\r", end) else 1)
    return (raw[:end], raw[body:]) if end <= MAX_HEAD and raw[body - 1 : body] == b"\n" else None


def _tree(whole: Piece, body: bytes, depth: int) -> Piece | None:
    kind = next((value for name, value in whole.fields if name.lower() == "content-type"), "")
    found = _MULTIPART.fullmatch(kind)
    # A carriage return alone ends a line for the stdlib.
    if not found or depth > _MAX_DEPTH or body.count(b"\r") != body.count(b"\r\n"):
        return None
    for content in _between(body, (found[1] or found[2]).encode())[: MAX_PARTS + 1]:
        halves = _halves(content)
        if not halves:
            return None
        # The line end before a boundary belongs to the boundary.
        head, inner = halves[0], halves[1].removesuffix(b"\n").removesuffix(b"\r")
        part = _tree(leaf(head, b""), inner, depth + 1) if may_be_tree(head) else leaf(head, inner)
        if part is None:
            return None
        whole.parts.append(part)
    return whole if whole.parts else None


def _between(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the boundaries, up to their lines; nothing where a line only begins as one.

    Nothing either where the last does not close them.
    """
    _, *pieces = (b"\n" + body).split(b"\n--" + boundary)
    if len(pieces) < 2 or not _CLOSES.match(pieces.pop()):
        return []
    ends = [_DELIMITS.match(piece) for piece in pieces]
    return [piece[end.end() :] + b"\n" for piece, end in zip(pieces, ends, strict=True) if end] if all(ends) else []
