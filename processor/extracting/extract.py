"""One file to its plain text, by its kind; what runs in the confined child."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from processor.extracting.docx import docx
from processor.extracting.raster import MOST_PIXELS, size_of
from processor.message import Extracted

Kind = Literal["docx", "pdf", "image"]
Ocr = Callable[[bytes], str | None]
"""Reads a picture's text; None when there is no program to do it."""
MOST_PICTURES = 2
MOST_TEXT = 20_000


def extract(content: bytes, kind: Kind, ocr: Ocr) -> Extracted:
    """Read a file; a broken one is a fault in the value, only memory and crashes end the process."""
    try:
        if kind == "docx":
            return docx(content)
        if kind == "image":
            return _seen(Extracted(fault="scanned"), [content], ocr)
        # Imported here: it takes 0.2 s, and a DOCX needs none of it.
        from processor.extracting.pdf import pdf

        found, pictures = pdf(content)
        return _seen(found, pictures, ocr) if found.fault == "scanned" else found
    except MemoryError:
        raise
    # A stranger's file may break the parsers in any way, and each means the same: a person must open it.
    except Exception:
        return Extracted(fault="broken")


def _seen(found: Extracted, pictures: list[bytes], ocr: Ocr) -> Extracted:
    """The text of pictures by OCR; the value as it was where none can be read."""
    texts = []
    for picture in pictures[:MOST_PICTURES]:
        width, height = size_of(picture)
        if width * height > MOST_PIXELS:
            return replace(found, fault="too_big")
        text = ocr(picture)
        if text is None:
            return found
        texts.append(text)
    return replace(found, text="\n".join(texts)[:MOST_TEXT], ocr=True, fault="") if texts else found
