"""Label and value rows of a DOCX file, read without trust: bounded, no entities, never raising."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from defusedxml import ElementTree

MOST_XML = 3_000_000
MOST_MEMBERS = 500
MOST_RATIO = 200
MOST_ROWS = 300
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def docx_rows(content: bytes) -> list[tuple[str, str]]:
    """Rows of tables with two cells or more, and paragraphs of the form ``label: value``; empty for any fault."""
    try:
        document = ElementTree.fromstring(_document(content), forbid_dtd=True)
        return list(_rows(document))[:MOST_ROWS]
    # A stranger's file may break the parsers in any way, and each means the same: no form in it.
    except Exception:
        return []


def _document(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if len(archive.infolist()) > MOST_MEMBERS:
            raise ValueError("too many members")
        member = archive.getinfo("word/document.xml")
        if member.file_size > MOST_XML or member.file_size > MOST_RATIO * max(1, member.compress_size):
            raise ValueError("grows too much")
        # Bounded by the size that was checked: zipfile reads no more than the directory promises.
        return archive.read(member)


def _rows(document: Any) -> Iterator[tuple[str, str]]:
    for row in document.iter(f"{_W}tr"):
        cells = [_text(cell) for cell in row.findall(f"{_W}tc")]
        if len(cells) >= 2:
            yield cells[0], cells[1]
    for paragraph in document.iter(f"{_W}p"):
        label, colon, value = _text(paragraph).partition(":")
        if colon:
            yield label.strip(), value.strip()


def _text(element: Any) -> str:
    parts = []
    for node in element.iter():
        if node.tag == f"{_W}t":
            parts.append(node.text or "")
        elif node.tag in (f"{_W}tab", f"{_W}br", f"{_W}p"):
            parts.append(" ")
    return " ".join("".join(parts).split())
