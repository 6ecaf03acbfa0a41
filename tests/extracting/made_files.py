"""Filled forms as the programs of customers write them, and attachments of them."""

from __future__ import annotations

import hashlib
import io

import docx
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen import canvas

from processor.extracting.extract import Kind, extract
from processor.message import Attachment, Extracted
from processor.reading.attachments import true_type

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = "application/pdf"
Rows = list[tuple[str, str]]
ROWS: Rows = [
    ("Administrator (navn)", "Kari Holm"), ("E-post", "kari@fjordbygg-demo.no"), ("Firma", "Fjord Bygg AS"),
    ("Org.nr", "974 760 673"), ("Domene(r)", "fjordbygg-demo.no, fjordlaks-demo.no"), ("Telefon", "400 11 982"), ("Dato", "10.03.2026"),
]  # fmt: skip


def in_process(content: bytes, kind: Kind, digest: str) -> Extracted:
    """What the confined child would read, read here, without OCR; for files that the test itself made."""
    return extract(content, kind, lambda _: None)


def attached(content: bytes, kind: str, name: str = "skjema") -> Attachment:
    """An attachment that nobody has read yet."""
    digest = hashlib.sha256(content).hexdigest()
    return Attachment(name, kind, true_type(content, kind), len(content), digest, content)


def word_form(rows: Rows = ROWS, *, table: bool = True) -> bytes:
    document = docx.Document()
    if table:
        grid = document.add_table(rows=0, cols=2)
        for label, value in rows:
            cells = grid.add_row().cells
            cells[0].text, cells[1].text = label, value
    else:
        for label, value in rows:
            document.add_paragraph(f"{label}: {value}")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def pdf_form(rows: Rows = ROWS, *, fillable: bool, names: list[str] | None = None) -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out, invariant=1)
    for number, (label, value) in enumerate(rows):
        page.drawString(60, 740 - 32 * number, label + ("" if fillable else ":"))
        if fillable:
            name = names[number] if names else label
            page.acroForm.textfield(name=name, value=value, x=220, y=735 - 32 * number, width=300, height=20)
        else:
            page.drawString(220, 740 - 32 * number, value)
    page.save()
    return out.getvalue()


def scanned(rows: Rows = ROWS) -> Image.Image:
    """The form as a picture of an A4 page at 200 dots an inch, its cells ruled."""
    page = Image.new("L", (1654, 2339), 255)
    pen, letters = ImageDraw.Draw(page), ImageFont.load_default(34)
    pen.text((150, 150), "Rettigheter til engangskoden", font=ImageFont.load_default(46), fill=0)
    for number, (label, value) in enumerate(rows):
        y = 320 + 110 * number
        pen.text((150, y), label, font=letters, fill=0)
        pen.text((700, y), value, font=letters, fill=0)
        pen.rectangle((130, y - 30, 1500, y + 80), outline=0, width=2)
        pen.line((670, y - 30, 670, y + 80), fill=0, width=2)
    return page


def saved(page: Image.Image, kind: str) -> bytes:
    """A picture in a file of Pillow's kind: PNG, JPEG, PDF."""
    out = io.BytesIO()
    page.save(out, kind)
    return out.getvalue()
