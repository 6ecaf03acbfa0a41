"""A PDF's form fields and text (ISO 32000-1, 7.7 and 12.7), or the scanned pages in it; the one importer of pypdf."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError

from processor.extracting.raster import LEAST_SIDE, netpbm
from processor.message import Extracted

MOST_BYTES = 10_000_000
MOST_PAGES = 3
MOST_FIELDS = 200
MOST_TEXT = 20_000
FEW_WORDS = 8
"""A page with an image and fewer words than this is a scan, whatever its header says."""
INVISIBLE = b" 3 Tr"
"""Text that is not painted (9.3.6): what a scanner's own OCR lays under its image."""
_ENCODED = ("/DCTDecode", "/JPXDecode", "/CCITTFaxDecode")

# It logs the text of strangers' files.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def pdf(content: bytes) -> tuple[Extracted, list[bytes]]:
    """The fields with their values as rows, the text of the first pages, and images of pages without text.

    May raise anything on a broken file; the images are files that an OCR program reads.
    """
    if len(content) > MOST_BYTES:
        return Extracted(fault="too_big"), []
    try:
        return _read(PdfReader(io.BytesIO(content)))
    except (FileNotDecryptedError, DependencyError):
        return Extracted(fault="locked"), []
    except LimitReachedError:
        return Extracted(fault="too_big"), []


def _read(reader: PdfReader) -> tuple[Extracted, list[bytes]]:
    pages = [reader.pages[at] for at in range(min(MOST_PAGES, len(reader.pages)))]
    rows = [row for page in pages for row in _fields(page)][:MOST_FIELDS]
    rotated = any(page.rotation % 360 for page in pages)
    text = "\n".join(page.extract_text() for page in pages)[:MOST_TEXT]
    upright = "\n".join(page.extract_text(orientations=(0,)) for page in pages)
    rotated = rotated or 2 * len(upright.split()) < len(text.split())
    if any(value for _, value in rows):
        return Extracted(tuple(rows), text, rotated=rotated), []
    scanned = [image for page in pages for image in _images(page)]
    if scanned and len(text.split()) < FEW_WORDS:
        return Extracted(rotated=rotated, fault="scanned"), [image for image in scanned if image]
    return Extracted(tuple(rows), text, ocr=bool(scanned) and any(map(_invisible, pages)), rotated=rotated), []


def _invisible(page: Any) -> bool:
    contents = page.get_contents()
    return contents is not None and INVISIBLE in contents.get_data()


def _fields(page: Any) -> Iterator[tuple[str, str]]:
    """Each text field: in the first cell its name, its description and the words to its left, a line each."""
    boxes = [each.get_object() for each in (page.get("/Annots") or ())][:MOST_FIELDS]
    found = [each for each in boxes if each.get("/Subtype") == "/Widget" and _inherited(each, "/FT") in ("/Tx", "/Ch")]
    if not found:
        return
    words = _placed(page)
    for field in found:
        names = (str(_inherited(field, "/T") or ""), str(_inherited(field, "/TU") or ""), _left_of(field, words))
        yield "\n".join(name.removesuffix("[0]") for name in names if name), str(_inherited(field, "/V") or "")


def _inherited(field: Any, key: str) -> Any:
    """An attribute of a field or of the nearest field above it (12.7.3.1)."""
    for _ in range(5):
        if key in field:
            return field[key]
        if "/Parent" not in field:
            return None
        field = field["/Parent"].get_object()
    return None


def _placed(page: Any) -> list[tuple[float, float, str]]:
    """Each piece of text with the place where it begins."""
    found: list[tuple[float, float, str]] = []

    def visit(text: str, cm: list[float], tm: list[float], *_: Any) -> None:
        if text.strip():
            x, y = tm[4] * cm[0] + tm[5] * cm[2] + cm[4], tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
            found.append((x, y, text.strip()))

    page.extract_text(visitor_text=visit)
    return found


def _left_of(field: Any, words: list[tuple[float, float, str]]) -> str:
    """The nearest text that begins left of the field, on its line."""
    left, low, _, high = (float(each) for each in field["/Rect"])
    beside = [(x, text) for x, y, text in words if x < left and min(low, high) - 3 <= y <= max(low, high) + 3]
    return max(beside)[1] if beside else ""


def _images(page: Any) -> Iterator[bytes]:
    """The page's large images as files; empty bytes for one in a form that we cannot pass on."""
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources else None
    for each in list((objects.get_object() if objects else {}).values())[:20]:
        image = each.get_object()
        if image.get("/Subtype") == "/Image" and min(int(image["/Width"]), int(image["/Height"])) >= LEAST_SIDE:
            yield _file(image)


def _file(image: Any) -> bytes:
    filters = image.get("/Filter")
    last = filters[-1] if isinstance(filters, list) and filters else filters
    try:
        data: bytes = image.get_data()
    except NotImplementedError:
        return b""
    if last in _ENCODED:
        return data
    bits = 1 if image.get("/ImageMask") else int(image.get("/BitsPerComponent", 8))
    return netpbm(data, int(image["/Width"]), int(image["/Height"]), bits, _components(image.get("/ColorSpace")))


def _components(space: Any) -> int:
    """Colours a sample; 0 for a space that is not grey or RGB (8.6)."""
    space = space.get_object() if space is not None else "/DeviceGray"
    if isinstance(space, list) and space and space[0] == "/ICCBased":
        return int(space[1].get_object().get("/N", 0)) % 4
    name = space[0] if isinstance(space, list) and space else space
    return {"/DeviceGray": 1, "/CalGray": 1, "/DeviceRGB": 3, "/CalRGB": 3}.get(name, 0)
