"""A reply as the bytes that leave: pure, equal for equal values, safe for any text.

Built by hand and not by ``email``: Python's own folding breaks long message ids (cpython #100991),
lets a newline hidden in an encoded word through (CVE-2024-6923), and is four times slower.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

# RFC 2047 section 2: an encoded word is 75 characters at most, and so is what a line holds of it.
WORD = 75
LINE = 76
# RFC 5322 2.1.1: no line above 998; a name, a blank and brackets stand around an id.
LONGEST_ID = 900
KEPT_AT_EACH_END = 20

# C0, DEL, C1, line and paragraph separators, directional controls, lone surrogates.
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
UNSAFE_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
MESSAGE_ID = re.compile(r"<[!-;=?-~]+>")
LOCAL = r"[^\s\x00-\x20\x7f-\x9f\"(),:;<>@\[\\\]]+"
ADDRESS = re.compile(
    rf"(?:{LOCAL}|\"(?:[!#-\[\]-~ ]|\\[ -~])*\")@(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f.:IPv]+\])"
)
MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")
OCTETS = "application/octet-stream"
ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
# What stands for itself in an encoded word anywhere, a phrase included (RFC 2047 section 5, rule 3).
PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


class Unwritable(ValueError):
    """An address or date that cannot be written as a header without changing or breaking it."""


def compose(
    *,
    message_id: str,
    from_address: str,
    from_name: str,
    to: str,
    date: datetime,
    subject: str,
    text: str,
    html: str = "",
    in_reply_to: str = "",
    references: Sequence[str] = (),
    reply_to: str = "",
    auto_submitted: str = "auto-replied",
    files: Sequence[tuple[str, str, bytes]] = (),
) -> bytes:
    """The mail with CRLF line ends, to one recipient, 7-bit but for a non-ASCII local part.

    ``date`` is aware and is written in UTC.  Ids of the thread that are not well-formed are left
    out, not mended.  ``files`` are name, media type and content of what is attached.  ``auto_submitted`` "" is for what a person wrote (RFC 3834 section 5).  Raises
    Unwritable for an address that is none or a naive date.
    """
    if date.tzinfo is None:
        raise Unwritable("the date has no zone")
    answered = [part for part in [in_reply_to] if well_formed(part)]
    headers = [
        address_header("From", from_address, from_name),
        address_header("To", to),
        *([address_header("Reply-To", reply_to)] if reply_to else []),
        text_header("Subject", subject),
        "Date: " + format_datetime(date.astimezone(UTC)),
        "Message-ID: " + checked(message_id, MESSAGE_ID),
        *ids_header("In-Reply-To", answered),
        *ids_header("References", capped([one for one in references if well_formed(one)])),
        *automatic_headers(auto_submitted),
        "MIME-Version: 1.0",
    ]
    return "\r\n".join(headers).encode("utf-8") + b"\r\n" + with_files(body(text, html, message_id), files, message_id)


def thread(message_id: str, references: Sequence[str], in_reply_to: Sequence[str]) -> tuple[str, ...]:
    """The References of a reply to a mail with these headers (RFC 5322 3.6.4)."""
    before = list(references) or (list(in_reply_to) if len(in_reply_to) == 1 else [])
    return tuple(dict.fromkeys([*before, *([message_id] if message_id else [])]))


def well_formed(message_id: str) -> bool:
    return len(message_id) <= LONGEST_ID and MESSAGE_ID.fullmatch(message_id) is not None


def capped(ids: Sequence[str]) -> list[str]:
    """The first and the last of a long thread; what is between helps nobody find it."""
    if len(ids) <= 2 * KEPT_AT_EACH_END:
        return list(ids)
    return [*ids[:KEPT_AT_EACH_END], *ids[-KEPT_AT_EACH_END:]]


def with_ascii_domain(address: str) -> str:
    """The address with its domain as A-labels (RFC 5890); raises Unwritable for a domain that has none."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return local + at + domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise Unwritable(f"the domain is none: {domain[:100]!r}") from error


def automatic_headers(auto_submitted: str) -> list[str]:
    """What tells other robots to keep quiet; the second is the one that Exchange obeys."""
    if not auto_submitted:
        return []
    return [f"Auto-Submitted: {checked(auto_submitted, ATOMS)}", "X-Auto-Response-Suppress: All"]


def ids_header(name: str, ids: Sequence[str]) -> list[str]:
    """Ids as they are, broken between them alone: an encoded or folded id breaks the thread."""
    return ["\r\n".join(folded(f"{name}:", ids))] if ids else []


def address_header(name: str, address: str, display: str = "") -> str:
    written = checked(with_ascii_domain(address), ADDRESS)
    if not display.strip():
        return "\r\n".join(folded(f"{name}:", [written]))
    return "\r\n".join(folded(f"{name}:", [*phrase(cleaned(display), len(name) + 2), f"<{written}>"]))


def text_header(name: str, value: str) -> str:
    clean = cleaned(value)
    words = clean.split(" ")
    # A look-alike of an encoded word would be decoded at the other end: encode it, whatever it holds.
    plain = clean.isascii() and "=?" not in clean and max(map(len, words)) <= WORD - 10
    return "\r\n".join(folded(f"{name}:", words if plain else encoded_words(clean, len(name) + 2)))


def phrase(display: str, taken: int) -> list[str]:
    if display.isascii() and "=?" not in display and len(display) <= 60:
        if ATOMS.fullmatch(display):
            return [display]
        escaped = display.replace("\\", "\\\\").replace('"', '\\"')
        return [f'"{escaped}"']
    return encoded_words(display, taken)


def encoded_words(value: str, taken: int) -> list[str]:
    """RFC 2047 words that never split a character; the first leaves room for ``taken`` on its line."""
    words: list[str] = []
    current, room = "", LINE - taken - len("=?utf-8?q??=")
    for char in value:
        piece = QUOTED.get(char) or encoded(char)
        if len(current) + len(piece) > room:
            words.append(current)
            current, room = "", WORD - len("=?utf-8?q??=")
        current += piece
    return [f"=?utf-8?q?{word}?=" for word in [*words, current]]


def encoded(char: str) -> str:
    """A character within an encoded word."""
    if char == " ":
        return "_"
    return "".join(chr(byte) if byte in PLAIN else f"={byte:02X}" for byte in char.encode("utf-8"))


# What Norwegian subjects are made of, written once.
QUOTED = {char: encoded(char) for char in map(chr, range(256))}


def folded(start: str, words: Iterable[str]) -> list[str]:
    """Lines of at most 76 characters where the words allow it; the first word stands on the first."""
    lines = [start]
    for number, word in enumerate(words):
        if number and len(lines[-1]) + 1 + len(word) > LINE:
            lines.append("")
        lines[-1] += " " + word
    return lines


def cleaned(value: str) -> str:
    """One line of harmless characters with single blanks."""
    return " ".join(UNSAFE.sub(" ", value).split())


def checked(value: str, pattern: re.Pattern[str]) -> str:
    if len(value) > LONGEST_ID or pattern.fullmatch(value) is None:
        raise Unwritable(f"cannot be written as it is: {value[:100]!r}")
    return value


def body(text: str, html: str, message_id: str) -> bytes:
    """One text part, or text and HTML as alternatives, the better one last (RFC 2046 5.1.4)."""
    if not html:
        return part("plain", text)
    # Neither encoding ever writes "=_", so no part can hold the boundary.
    boundary = "=_" + hashlib.sha256(message_id.encode("utf-8", "replace")).hexdigest()[:32]
    mark = b"\r\n--" + boundary.encode("ascii")
    opening = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n'.encode("ascii")
    pieces = [opening, mark, b"\r\n", part("plain", text), mark, b"\r\n", part("html", html), mark, b"--\r\n"]
    return b"".join(pieces)


def with_files(content: bytes, files: Sequence[tuple[str, str, bytes]], message_id: str) -> bytes:
    """The body and what is attached to it, as parts of one (RFC 2046 5.1.3); the body itself where nothing is."""
    if not files:
        return content
    boundary = "=_" + hashlib.sha256(b"mixed\0" + message_id.encode("utf-8", "replace")).hexdigest()[:32]
    mark = b"\r\n--" + boundary.encode("ascii")
    opening = f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n'.encode("ascii")
    parts = [piece for each in files for piece in (mark, b"\r\n", attached(*each))]
    return b"".join([opening, mark, b"\r\n", content, *parts, mark, b"--\r\n"])


def attached(name: str, kind: str, content: bytes) -> bytes:
    """A file as a part, in base64; a mail as one too, which its own type would not allow (RFC 2046 5.2.1)."""
    safe = kind if MEDIA_TYPE.fullmatch(kind) and not kind.startswith(("message/", "multipart/")) else OCTETS
    short = cleaned(name)[-60:] or "file"
    plain = short.isascii() and not set(short) & set('"\\')
    named = f'filename="{short}"' if plain else f"filename*=UTF-8''{quote(short, safe='')}"
    head = (
        f"Content-Type: {safe}\r\nContent-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment;\r\n {named}\r\n\r\n"
    )
    return head.encode("ascii") + base64.encodebytes(content).replace(b"\n", b"\r\n")


def part(subtype: str, content: str) -> bytes:
    """A text part in quoted-printable, or base64 when that is shorter."""
    lines = UNSAFE_IN_TEXT.sub("", content.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    data = "\r\n".join(lines).rstrip("\r\n").encode("utf-8") + b"\r\n"
    # Mailbox files take a line that begins with "From " for the next mail.
    written = binascii.b2a_qp(data, istext=True).replace(b"\nFrom ", b"\n=46rom ")
    encoding = "quoted-printable"
    if len(written) > len(data) * 4 // 3 + 80:
        encoding, written = "base64", base64.encodebytes(data).replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode("ascii") + written
