"""Which attachments of a mail are read, and the mail with what was read in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from processor.extracting.extract import Kind
from processor.extracting.raster import LEAST_SIDE, size_of
from processor.masking import masked
from processor.message import Attachment, Extracted, Fault, Message

Extract = Callable[[bytes, Kind, str], Extracted]
"""Reads a file's bytes of a kind; the last argument is its digest."""
MOST_FILES = 10
MOST_SCANS = 2
MOST_ATTACHED = 3
VIOLENT = {"too_slow", "too_big", "crashed"}
"""Faults that cost something: after one of them the mail's other files are left to a person."""
FEW_WORDS = 12
_ABOUT_FORMS = re.compile(
    r"skjema|formular|blankett|engang|eingong|engong|engång|one-?time|\botp\b|vedl(?:agt|egg)|bifoga|vedhæft|attach|\bform\b|scan|skann",
    re.IGNORECASE,
)
_PICTURES = {"image/png", "image/jpeg", "image/tiff", "image/bmp", "image/webp"}
_UNREAD = {
    "application/x-ole-storage", "application/rtf", "application/vnd.oasis.opendocument.text",
    "application/zip", "application/vnd.rar", "application/x-7z-compressed",
}  # fmt: skip
"""Documents and archives that nothing of ours opens."""
_UNREAD_NAMES = (".doc", ".dot", ".docx", ".docm", ".odt", ".rtf", ".zip", ".rar", ".7z")
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def extracted(message: Message, extract: Extract) -> Message:
    """The message with what ``extract`` read in its files; the same object when there is nothing to read.

    Word files and PDFs are read, and pictures the size of a page in a mail that speaks of a form or
    says next to nothing.  At most ten files, two scans among them, also of attached mails.
    """
    if not message.attachments:
        return message
    budget = _Budget()
    found = _with_files(message, extract, budget)
    attached = tuple(_with_files(each, extract, budget) for each in message.attached[:MOST_ATTACHED])
    whole = replace(found, attached=attached + message.attached[MOST_ATTACHED:])
    return whole if whole != message else message


class _Budget:
    """What may still be read of one mail."""

    def __init__(self) -> None:
        self.files, self.scans = MOST_FILES, MOST_SCANS


def _with_files(message: Message, extract: Extract, budget: _Budget) -> Message:
    files = tuple(_with_text(each, message, extract, budget) for each in message.attachments)
    return replace(message, attachments=files)


def _with_text(attachment: Attachment, message: Message, extract: Extract, budget: _Budget) -> Attachment:
    kind = kind_of(attachment, message)
    if kind is None:
        fault = _unopened(attachment, message)
        return replace(attachment, extracted=Extracted(fault=fault)) if fault else attachment
    if budget.files <= 0 or budget.scans <= 0:
        return replace(attachment, extracted=Extracted(fault="skipped"))
    budget.files -= 1
    found = extract(attachment.content, kind, attachment.digest)
    budget.scans -= found.ocr or found.fault == "scanned"
    if found.fault in VIOLENT:
        budget.files = 0
    return replace(attachment, extracted=_masked(found))


def _masked(found: Extracted) -> Extracted:
    rows = tuple(tuple(map(masked, row)) for row in found.rows)
    return replace(found, rows=rows, text=masked(found.text))


def kind_of(attachment: Attachment, message: Message) -> Kind | None:
    """How an attachment would be read; None for what is not, as a logo or a spreadsheet."""
    if not attachment.content:
        return None
    if attachment.true_type == "application/pdf":
        return "pdf"
    # Some programs write the main part last, beyond where its name was looked for, or declare nothing.
    if attachment.true_type == _WORD or (
        attachment.true_type == "application/zip" and (attachment.declared_type == _WORD or _named_word(attachment))
    ):
        return "docx"
    if attachment.true_type in _PICTURES and _like_a_page(attachment) and _about_a_form(message):
        return "image"
    return None


def _unopened(attachment: Attachment, message: Message) -> Fault:
    """The fault of a document that we do not open, in a mail that speaks of it; a locked DOCX lies in an OLE file."""
    name = attachment.filename.lower()
    if attachment.true_type not in _UNREAD or not name.endswith(_UNREAD_NAMES) or not _about_a_form(message):
        return ""
    return "locked" if _named_word(attachment) else "unknown"


def _named_word(attachment: Attachment) -> bool:
    return attachment.filename.lower().endswith((".docx", ".docm"))


def _like_a_page(attachment: Attachment) -> bool:
    width, height = size_of(attachment.content)
    return min(width, height) >= LEAST_SIDE or (attachment.true_type in ("image/tiff", "image/webp") and not width)


def _about_a_form(message: Message) -> bool:
    own = message.words("new", "forwarded")
    return len(own.split()) < FEW_WORDS or bool(_ABOUT_FORMS.search(f"{message.subject}\n{own[:5_000]}"))
