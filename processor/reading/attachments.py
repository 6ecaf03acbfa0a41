"""What is attached: a safe name, and the true type by the first bytes (RFC 2183 section 2.3)."""

from __future__ import annotations

import hashlib
import re

from processor.message import Attachment
from processor.reading.charset import clean_line

MAX_CONTENT = 10_000_000
MAX_TOTAL = 25_000_000

_MAX_NAME_BYTES = 255
_FORBIDDEN = re.compile(r'[<>:"|?*/\\]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?$", re.IGNORECASE)

PORTABLE_EXECUTABLE = "application/vnd.microsoft.portable-executable"
TNEF = "application/ms-tnef"
_OFFICE = "application/vnd.openxmlformats-officedocument."
_STARTS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"MZ", PORTABLE_EXECUTABLE),
    (b"\x7fELF", "application/x-elf"),
    (b"{\\rtf", "application/rtf"),
    (b"\x78\x9f\x3e\x22", TNEF),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"BEGIN:VCARD", "text/vcard"),
)
_INSIDE_ZIP = (
    (b"word/document.xml", f"{_OFFICE}wordprocessingml.document"),
    (b"xl/workbook.xml", f"{_OFFICE}spreadsheetml.sheet"),
    (b"ppt/presentation.xml", f"{_OFFICE}presentationml.presentation"),
    (b"mimetypeapplication/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
)
_HTML = re.compile(rb"\s{0,200}(?:<!doctype html|<html|<head|<body|<script)", re.IGNORECASE)
_MAIL = re.compile(
    rb"(?:from|received|return-path|date|subject|to|message-id|mime-version|delivered-to|x-[a-z-]{1,40}):[ \t]",
    re.IGNORECASE,
)


def attachment(name: str, declared: str, data: bytes, room: int) -> Attachment:
    """The value of one attached part; ``content`` is empty beyond 10 MB or the ``room`` that is left."""
    kept = data if len(data) <= min(MAX_CONTENT, room) else b""
    return Attachment(
        safe_name(name), declared, true_type(data, declared), len(data), hashlib.sha256(data).hexdigest(), kept
    )


def safe_name(name: str) -> str:
    """The last component of a name, without controls, ``..`` and what file systems refuse; may be empty."""
    name = clean_line(name, 1_000).replace("\\", "/").rpartition("/")[2]
    name = _FORBIDDEN.sub("_", name).strip(". ")
    if _RESERVED.match(name):
        name = f"_{name}"
    if len(name.encode()) <= _MAX_NAME_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 20:
        stem, ending = name, ""
    ending = dot + ending if ending else ""
    return stem.encode()[: _MAX_NAME_BYTES - len(ending.encode())].decode("utf-8", "ignore").strip() + ending


def unique_name(name: str, taken: set[str]) -> str:
    """The name, numbered before its ending if an earlier part has it; ``taken`` holds names in lower case."""
    if not name or name.lower() not in taken:
        return name
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if dot else (name, "")
    number = 2
    while (numbered := safe_name(f"{stem[:200]} ({number}){ending}")).lower() in taken:
        number += 1
    return numbered


def true_type(data: bytes, declared: str) -> str:
    """The media type that the first bytes show; the declared one only where bytes cannot tell."""
    for start, kind in _STARTS:
        if data.startswith(start):
            return kind
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return next((kind for mark, kind in _INSIDE_ZIP if mark in data[:MAX_CONTENT]), "application/zip")
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if b"%PDF-" in data[:1024]:
        return "application/pdf"
    if _HTML.match(data):
        return "text/html"
    if declared.startswith(("text/", "message/")):
        return declared if b"\0" not in data[:4096] else "application/octet-stream"
    if _MAIL.match(data):
        return "message/rfc822"
    return "text/plain" if data and _reads_as_text(data[:4096]) else "application/octet-stream"


def _reads_as_text(data: bytes) -> bool:
    return not any(byte < 9 or 13 < byte < 32 or byte == 127 for byte in data)
