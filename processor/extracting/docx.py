"""A DOCX file's table rows and text (ECMA-376 part 1, WordprocessingML): bounded, and without entities."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from processor.extracting.xml_tree import tree
from processor.message import Extracted

MOST_XML = 3_000_000
MOST_MEMBERS = 500
MOST_RATIO = 200
MOST_ROWS = 300
MOST_DEPTH = 200
MOST_TEXT = 20_000
OLE = b"\xd0\xcf\x11\xe0"
"""What an encrypted DOCX is wrapped in ([MS-OFFCRYPTO] section 2.3), and every file of old Word."""
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BOX = f"{_W}txbxContent"
_PARAGRAPH, _ROW, _CELL, _CONTROL = f"{_W}p", f"{_W}tr", f"{_W}tc", f"{_W}sdt"
_SPACES = (f"{_W}tab", f"{_W}br", f"{_W}cr")


def docx(content: bytes) -> Extracted:
    """Rows of cells, and the paragraphs as lines; a content control that only shows its prompt is empty.

    May raise anything on a broken file.
    """
    document = _document(content)
    if document is None:
        return Extracted(fault="too_big")
    rows = [cells for row in _each(document, _ROW) if len(cells := _cells(row)) >= 2]
    text = "\n".join(line for paragraph in _each(document, _PARAGRAPH) if (line := _words(paragraph)))
    return Extracted(tuple(rows[:MOST_ROWS]), text[:MOST_TEXT])


def _document(content: bytes) -> Any:
    """The parsed main part; None if it would grow too much."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if len(archive.infolist()) > MOST_MEMBERS:
            return None
        member = archive.getinfo("word/document.xml")
        if member.file_size > MOST_XML or member.file_size > MOST_RATIO * max(1, member.compress_size):
            return None
        # Bounded by the size that was checked: zipfile reads no more than the directory promises.
        return tree(archive.read(member))


def _each(element: Any, tag: str, depth: int = 0) -> Iterator[Any]:
    """Elements of a tag in order of the document, also those in text boxes; never the old Word's double of a box."""
    if depth > MOST_DEPTH:
        return
    for child in element:
        if child.tag == _FALLBACK:
            continue
        if child.tag == tag:
            yield child
        yield from _each(child, tag, depth + 1)


def _cells(row: Any) -> tuple[str, ...]:
    """A row's cells, also those that lie in a content control of their own."""
    found = []
    for child in row:
        if child.tag == _CELL:
            found.append(_words(child))
        elif child.tag == _CONTROL:
            found += [_words(cell) for cell in _each(child, _CELL)]
    return tuple(found)


def _words(element: Any) -> str:
    """An element's text, one line a paragraph, without the empty ones."""
    lines = (" ".join(line.split()) for line in "".join(_pieces(element)).split("\n"))
    return "\n".join(line for line in lines if line)


def _pieces(element: Any, depth: int = 0) -> Iterator[str]:
    """An element's own text: not that of text boxes in it, which are lines of their own, nor of prompts."""
    if depth > MOST_DEPTH:
        return
    for child in element:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in _SPACES:
            yield " "
        elif child.tag not in (_BOX, _FALLBACK) and not _prompts(child):
            yield from _pieces(child, depth + 1)
            if child.tag == _PARAGRAPH:
                yield "\n"


def _prompts(element: Any) -> bool:
    """Whether a content control shows its prompt alone: ``showingPlcHdr`` (17.5.2.39)."""
    if element.tag != _CONTROL:
        return False
    shown = element.find(f"{_W}sdtPr/{_W}showingPlcHdr")
    return shown is not None and shown.get(f"{_W}val", "1") not in ("0", "false", "off")
