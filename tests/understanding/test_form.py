from __future__ import annotations

import io
import zipfile

import docx
import pytest
from reportlab.pdfgen import canvas

from processor.message import Attachment
from processor.understanding.docx_form import docx_rows
from processor.understanding.form import form_of
from processor.understanding.pdf_form import pdf_rows
from tests.understanding.made_mail import mail, understood

ROWS = [
    ("Administrator (navn)", "Kari Holm"), ("E-post", "kari@fjordbygg-demo.no"), ("Firma", "Fjord Bygg AS"),
    ("Org.nr", "974 760 673"), ("Domene(r)", "fjordbygg-demo.no, fjordlaks-demo.no"), ("Telefon", "400 11 982"), ("Dato", "10.03.2026"),
]  # fmt: skip
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def word_form(*, table: bool) -> bytes:
    document = docx.Document()
    if table:
        rows = document.add_table(rows=0, cols=2)
        for label, value in ROWS:
            cells = rows.add_row().cells
            cells[0].text, cells[1].text = label, value
    else:
        for label, value in ROWS:
            document.add_paragraph(f"{label}: {value}")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def pdf_form(*, fillable: bool) -> bytes:
    out = io.BytesIO()
    page = canvas.Canvas(out, invariant=1)
    for number, (label, value) in enumerate(ROWS):
        page.drawString(60, 740 - 32 * number, label + ("" if fillable else ":"))
        if fillable:
            page.acroForm.textfield(name=label, value=value, x=220, y=735 - 32 * number, width=300, height=20)
        else:
            page.drawString(220, 740 - 32 * number, value)
    page.save()
    return out.getvalue()


def attached(content: bytes, kind: str, name: str = "skjema") -> Attachment:
    return Attachment(name, kind, kind, len(content), "d", content)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (word_form(table=True), WORD), (word_form(table=False), WORD),
        (pdf_form(fillable=True), "application/pdf"), (pdf_form(fillable=False), "application/octet-stream"),
    ],
)  # fmt: skip
def test_it_reads_the_form_from_every_kind_of_file(content: bytes, kind: str) -> None:
    found = understood("Se vedlegg.", "Scan", attachments=(attached(content, kind),))
    assert found.form is not None
    assert found.form.administrator == "Kari Holm"
    assert found.form.domains == ("fjordbygg-demo.no", "fjordlaks-demo.no")
    assert found.requests[0].type == "otp_rights"
    assert found.fields.org_no == ("974760673",)
    assert found.fields.company == "Fjord Bygg AS"
    assert found.fields.emails == ("kari@fjordbygg-demo.no",)


def test_it_reads_a_form_pasted_into_the_body() -> None:
    text = "Rettigheter til å generere engangskoden\n" + "\n".join(f"{label}: {value}" for label, value in ROWS)
    form = form_of(mail(text))
    assert form is not None
    assert (form.source, form.org_no, form.phone) == ("body", "974760673", "400 11 982")


def test_it_reads_a_form_in_an_attached_mail() -> None:
    inner = mail("\n".join(f"{label}: {value}" for label, value in ROWS), "Skjema")
    form = form_of(mail("Se vedlegg", attached=(inner,)))
    assert form is not None
    assert form.company == "Fjord Bygg AS"


def test_empty_fields_stay_empty() -> None:
    form = form_of(mail("Engangskode\nNavn: Kari\nDomener: x-demo.no\nTelefon:\nDato:"))
    assert form is not None
    assert (form.administrator, form.phone, form.date) == ("Kari", "", "")


def test_contact_lines_without_a_domain_are_no_form() -> None:
    assert form_of(mail("Vi trenger engangskode.\nNavn: Kari\nFirma: Fjord Bygg AS\nTelefon: 40011982")) is None


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"PK\x03\x04" + b"\x00" * 2000, b"%PDF-1.7\n" + b"\xff" * 2000]
)
def test_a_broken_file_is_no_form_and_no_fault(content: bytes) -> None:
    assert form_of(mail(attachments=(attached(content, WORD),))) is None
    assert docx_rows(content) == []
    assert pdf_rows(content) == ([], "")


def zipped(document: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", document)
    return out.getvalue()


def test_a_file_that_grows_too_much_is_not_opened() -> None:
    assert docx_rows(zipped("<a>" + " " * 2_000_000 + "</a>")) == []


def test_entities_are_refused() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "cccc">]><w:p xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:t>Navn: &b;</w:t></w:p>'
    assert docx_rows(zipped(bomb)) == []
