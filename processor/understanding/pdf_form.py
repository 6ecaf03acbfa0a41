"""Fields and text of a PDF form, read without trust: bounded in size and pages, never raising."""

from __future__ import annotations

import io

MOST_BYTES = 5_000_000
MOST_PAGES = 3
MOST_TEXT = 20_000


def pdf_rows(content: bytes) -> tuple[list[tuple[str, str]], str]:
    """The form's fields that have a value or label, and the text of the first pages; both empty for any fault."""
    if len(content) > MOST_BYTES:
        return [], ""
    # Imported here: it takes 0.2 s, and few mails carry a PDF.
    from pypdf import PdfReader

    try:
        reader = PdfReader(io.BytesIO(content))
        fields = [(name, str(field.get("/V") or "")) for name, field in (reader.get_fields() or {}).items()]
        if any(value for _, value in fields):
            return fields, ""
        text = "\n".join(page.extract_text() for page in reader.pages[:MOST_PAGES])
        return [], text[:MOST_TEXT]
    # A stranger's file may break the parser in any way, and each means the same: no form in it.
    except Exception:
        return [], ""
