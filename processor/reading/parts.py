"""Walk a mail's parts: body texts, attachments and attached messages (RFC 2046 section 5).

The walk is ours: every text part of a multipart/mixed is kept, an attachment inside an alternative
is still an attachment, and an attached message's text never becomes the body's (email.md 42 to 44).
"""

from __future__ import annotations

import io
import quopri
from dataclasses import dataclass, field
from email.generator import BytesGenerator
from email.message import Message as Part

from processor.message import Attachment, Defect
from processor.reading.attachments import MAX_TOTAL, TNEF, attachment, unique_name
from processor.reading.body import MAX_PART, Chunk, Form, best, text_of
from processor.reading.headers import Headers, loose_base64
from processor.reading.parameters import content_type, parameters, token
from processor.reading.uuencode import uudecode

MAX_PARTS = 200
MAX_DEPTH = 20

_ENCRYPTED = {"multipart/encrypted", "application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
# The stdlib's defects in our words; the others say nothing that changes what is read.
_FAULTS = {
    "CloseBoundaryNotFoundDefect": "multipart_truncated",
    "StartBoundaryNotFoundDefect": "multipart_broken",
    "NoBoundaryInMultipartDefect": "multipart_broken",
    "MultipartInvariantViolationDefect": "multipart_broken",
    "MissingHeaderBodySeparatorDefect": "header_unclear",
    "FirstHeaderLineIsContinuationDefect": "header_unclear",
}


@dataclass(slots=True)
class Parts:
    """What the walk has gathered; filled in as it goes."""

    chunks: list[Chunk] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    types: set[str] = field(default_factory=set)
    has_text: bool = False
    has_html: bool = False
    defects: list[Defect] = field(default_factory=list)
    seen: int = 0
    room: int = MAX_TOTAL
    names: set[str] = field(default_factory=set)

    def note(self, code: str, detail: str = "") -> None:
        """Add a defect once."""
        defect = Defect(code, detail[:200])
        if defect not in self.defects:
            self.defects.append(defect)


def walk(root: Part, headers: Headers, body: bytes | None = None) -> Parts:
    """Gather the parts of a mail whose own fields are ``headers``, at most 200 of them, 20 deep.

    ``body`` is the content of a root that is one text and holds none itself.
    """
    parts = Parts()
    parts.chunks = _gather(root, headers, parts, 0, body)
    return parts


def _gather(part: Part, headers: Headers, parts: Parts, depth: int, body: bytes | None = None) -> list[Chunk]:
    parts.seen += 1
    if parts.seen > MAX_PARTS:
        parts.note("parts_truncated", f"{MAX_PARTS} parts were read")
        return []
    if depth > MAX_DEPTH:
        parts.note("nested_too_deep", f"{MAX_DEPTH} levels were read")
        return []
    for fault in part.defects:
        if code := _FAULTS.get(type(fault).__name__):
            parts.note(code)
    kind = content_type(headers.first("content-type"))
    parts.types.add(kind)
    if kind in _ENCRYPTED:
        parts.note("encrypted", kind)
    children = part.get_payload() if part.is_multipart() else None
    if isinstance(children, list) and not kind.startswith("message/"):
        return _gather_children([child for child in children if isinstance(child, Part)], kind, parts, depth)
    # A multipart in which no part was found is a text after all.
    kind = "text/plain" if kind.startswith("multipart/") else kind
    return _leaf(headers, kind, parts, _wire(part, headers, parts) if body is None else body)


def _gather_children(children: list[Part], kind: str, parts: Parts, depth: int) -> list[Chunk]:
    versions = []
    for child in children:
        versions.append(_gather(child, Headers(child), parts, depth + 1))
        if parts.seen > MAX_PARTS:
            break
    if kind == "multipart/alternative":
        return best(versions)
    return [chunk for version in versions for chunk in version]


def _leaf(headers: Headers, kind: str, parts: Parts, wire: bytes) -> list[Chunk]:
    disposition = headers.first("content-disposition")
    facts = parameters(headers.first("content-type"))
    name = parameters(disposition).get("filename") or facts.get("name", "")
    data = _decoded(wire, token(headers.first("content-transfer-encoding")), parts)
    # A named text is a file, but some programs name the body too: then it is the first text.
    text_part = kind in ("text/plain", "text/html") and token(disposition) != "attachment"
    if text_part and not (name and parts.has_text):
        return [_text_chunk(data, facts, "html" if kind == "text/html" else "plain", parts)]
    _attach(name, kind, data, parts)
    return []


def _text_chunk(data: bytes, facts: dict[str, str], form: Form, parts: Parts) -> Chunk:
    parts.has_text = True
    parts.has_html = parts.has_html or form == "html"
    text, defect = text_of(data[:MAX_PART], facts, form)
    if defect:
        parts.note(defect, facts.get("charset", ""))
    if text.lstrip().startswith("-----BEGIN PGP MESSAGE-----"):
        parts.note("encrypted", "inline PGP")
    return Chunk(form, text)


def _attach(name: str, kind: str, data: bytes, parts: Parts) -> None:
    value = attachment(name, kind, data, parts.room)
    unique = unique_name(value.filename, parts.names)
    parts.names.add(unique.lower())
    if unique != value.filename:
        value = Attachment(unique, value.declared_type, value.true_type, value.size, value.digest, value.content)
    parts.room -= len(value.content)
    parts.attachments.append(value)
    if len(value.content) < value.size:
        parts.note("attachment_too_large", value.filename)
    if value.true_type == TNEF or kind in (TNEF, "application/vnd.ms-tnef"):
        parts.note("tnef", value.filename)
    if kind == "text/calendar" or value.true_type == "text/calendar":
        parts.note("calendar", value.filename)
    if kind in ("message/rfc822", "message/global"):
        parts.messages.append(value.content)


def _decoded(data: bytes, encoding: str, parts: Parts) -> bytes:
    if encoding == "base64":
        decoded = loose_base64(data)
        if data.strip() and not decoded:
            parts.note("encoding_broken", encoding)
        return decoded
    if encoding == "quoted-printable":
        return quopri.decodestring(data)
    if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        return uudecode(data)
    if encoding not in ("", "7bit", "8bit", "binary"):
        parts.note("encoding_unknown", encoding)
    return data


def _wire(part: Part, headers: Headers, parts: Parts) -> bytes:
    """The content of a leaf as it came; of an attached message or report, its bytes written out again."""
    try:
        if part.is_multipart():
            return b"".join(_written(child) for child in part.get_payload() if isinstance(child, Part))
        # Without the field the stdlib hands out the bytes as they came; it decodes less kindly than we.
        if headers.all("content-transfer-encoding"):
            del part["Content-Transfer-Encoding"]
        data = part.get_payload(decode=True)
        return data if isinstance(data, bytes) else b""
    except Exception:  # The generator raises many kinds on trees of broken mails.
        parts.note("part_unreadable")
        return b""


def _written(part: Part) -> bytes:
    out = io.BytesIO()
    BytesGenerator(out, mangle_from_=False, maxheaderlen=0).flatten(part)
    return out.getvalue()
