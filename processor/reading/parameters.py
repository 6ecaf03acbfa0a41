"""Parameters of Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2231 sections 3 and 4).

Own tokens instead of the stdlib's, which raises on some of them and believes a lying charset.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from processor.reading.charset import decode
from processor.reading.headers import decode_words

_MAX_PARAMETERS = 100
_PIECE = re.compile(r'([^\s=;"]{1,80})\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;]*))[^;]*')
_ESCAPED = re.compile(r"\\(.)")
_SECTION = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?$")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80}")


def content_type(value: str) -> str:
    """The lower-case type/subtype; ``text/plain`` if none is written or it is none (RFC 2045, 5.2)."""
    head = value.split(";")[0].split("(")[0].strip().lower()
    return head if _TYPE.fullmatch(head) else "text/plain"


def token(value: str) -> str:
    """The first word of a value in lower case, such as a disposition or a transfer encoding."""
    words = value.split(";")[0].split("(")[0].split()
    return words[0].strip("\"'").lower() if words else ""


def parameters(value: str) -> dict[str, str]:
    """Parameter names in lower case and their decoded values; the first of a repeated name wins."""
    plain: dict[str, str] = {}
    if ";" not in value:
        return plain
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for name, text in _split(value):
        if "*" not in name:
            plain.setdefault(name, decode_words(text))
            continue
        section = _SECTION.match(name)
        if not section:
            continue
        if section[2] is None and not section[3]:
            plain.setdefault(section[1], decode_words(text))
        else:
            pieces.setdefault(section[1], {}).setdefault(int(section[2] or 0), (bool(section[3]), text))
    return plain | {name: _joined(found) for name, found in pieces.items()} if pieces else plain


def _split(value: str) -> list[tuple[str, str]]:
    found = []
    for part in _PIECE.finditer(value, value.index(";") + 1):
        text = part[3].strip() if part[2] is None else part[2]
        if part[2] and "\\" in text:
            text = _ESCAPED.sub(r"\1", text)
        found.append((part[1].lower(), text))
        if len(found) == _MAX_PARAMETERS:
            break
    return found


def _joined(pieces: dict[int, tuple[bool, str]]) -> str:
    """Join RFC 2231 pieces by number; the charset stands in the first one only."""
    charset, data = "", b""
    for number in sorted(pieces):
        encoded, text = pieces[number]
        if encoded and number == min(pieces) and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
    return decode(data, charset)[0]
