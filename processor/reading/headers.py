"""Header fields of one part: our own decoding from the raw values of the compat32 tree.

The stdlib's parsed headers raise lazily or leave surrogates (email.md 38, 55); here a raw value is
bytes in surrogate escapes, cut before it is decoded, since decoding a huge one is quadratic there.
"""

from __future__ import annotations

import base64
import binascii
import re
from email.message import Message as Part
from itertools import islice

from processor.reading.charset import clean_line, decode, guess, mend_doubled

MAX_FIELDS = 2_000
MAX_VALUE = 20_000
# The nearest parents stand last (RFC 5322 section 3.6.4), so that this one is not cut like the rest.
MAX_REFERENCES = 200_000

# RFC 2047 section 2, with blanks inside the text let through: some programs write them.
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(n for n in range(256) if n not in _BASE64)


class Headers:
    """The fields of one part, in order; names are lower case, values raw text without line ends."""

    def __init__(self, part: Part) -> None:
        self.items: list[tuple[str, str]] = []
        self._by_name: dict[str, list[str]] = {}
        for raw_name, given in islice(part.raw_items(), MAX_FIELDS):
            raw = str(given)
            name, value = raw_name.strip().lower(), raw
            # One line of ASCII is as it should be, as most values are.
            if not (raw.isascii() and raw.isprintable() and len(raw) <= MAX_VALUE):
                value = unfold(raw, MAX_REFERENCES if name == "references" else MAX_VALUE)
            self.items.append((name, value))
            if name in self._by_name:
                self._by_name[name].append(value)
            else:
                self._by_name[name] = [value]

    def all(self, name: str) -> list[str]:
        """Every value of the field, top first."""
        return self._by_name.get(name, [])

    def first(self, name: str) -> str:
        """The topmost value, or ``""``."""
        return self._by_name.get(name, [""])[0]


def unfold(raw: str, limit: int) -> str:
    """A raw value as one line of text: folds undone, 8-bit bytes guessed, at most ``limit`` characters."""
    raw = raw[:limit]
    if not raw.isascii():
        raw = guess(raw.encode("utf-8", "surrogateescape"))
    return raw.replace("\r", "").replace("\n", "").replace("\0", "")


def decode_words(value: str) -> str:
    """Decode RFC 2047 encoded-words wherever they stand; adjacent ones are joined as bytes first.

    Words inside quotes are illegal (section 5) but common.  What cannot be decoded stays as written.
    """
    if "=?" not in value:
        return value
    out: list[str] = []
    held, held_charset = b"", ""
    end = 0
    for word in _WORD.finditer(value):
        charset = word[1].split("*")[0].lower()
        between = value[end : word.start()]
        if held_charset and (between.strip() or charset != held_charset):
            out.append(decode(held, held_charset)[0])
            held = b""
        if between.strip() or not held_charset:
            out.append(between)
        held += word_bytes(word[2], word[3])
        held_charset = charset
        end = word.end()
    if held_charset:
        out.append(decode(held, held_charset)[0])
    out.append(value[end:])
    return "".join(out)


def word_bytes(encoding: str, text: str) -> bytes:
    """The bytes of an encoded-word's text; ``encoding`` is q or b, in either case."""
    data = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return binascii.a2b_qp(data.replace(b"_", b" "), header=True)
    return loose_base64(data)


def loose_base64(data: bytes) -> bytes:
    """Decode base64 with junk, missing padding or a lone last character (RFC 2045 section 6.8)."""
    runs = data.translate(None, delete=_NOT_BASE64).split(b"=")
    return b"".join(_base64_run(run) for run in runs if run)


def _base64_run(run: bytes) -> bytes:
    if len(run) % 4 == 1:
        run = run[:-1]
    return base64.b64decode(run + b"=" * (-len(run) % 4))


def readable(value: str, limit: int) -> str:
    """A header value for people: words decoded, doubled UTF-8 mended, one clean line."""
    return clean_line(mend_doubled(decode_words(value))[0], limit)
