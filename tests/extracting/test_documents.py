"""The form in every kind of file that customers fill in."""

from __future__ import annotations

import io
import zipfile

import docx as python_docx
import pytest
from pypdf import PdfReader, PdfWriter

from processor.extracting.of_message import extracted
from processor.findings import Form
from processor.reading.read import read
from processor.understanding.form import form_of
from tests.extracting.made_files import PDF, ROWS, WORD, Rows, attached, in_process, pdf_form, saved, scanned, word_form
from tests.understanding.made_mail import mail

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_EXTRA = (
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:v="urn:schemas-microsoft-com:vml"'
)


def word(body: str) -> bytes:
    """A Word file of the main part alone, as far as a reader needs it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:document {_W} {_EXTRA}><w:body>{body}</w:body></w:document>")
    return out.getvalue()


def p(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def control(content: str, *, prompt: bool = False) -> str:
    shown = "<w:showingPlcHdr/>" if prompt else ""
    return f"<w:sdt><w:sdtPr>{shown}</w:sdtPr><w:sdtContent>{content}</w:sdtContent></w:sdt>"


def row(*cells: str) -> str:
    return "<w:tr>" + "".join(f"<w:tc>{cell}</w:tc>" for cell in cells) + "</w:tr>"


def understood(content: bytes, kind: str = WORD) -> Form | None:
    return form_of(extracted(mail("Se vedlegg.", attachments=(attached(content, kind),)), in_process))


def is_whole(form: Form | None) -> bool:
    return form is not None and (
        (form.administrator, form.email, form.company, form.org_no, form.domains, form.phone, form.date)
        == (
            "Kari Holm", "kari@fjordbygg-demo.no", "Fjord Bygg AS", "974760673",
            ("fjordbygg-demo.no", "fjordlaks-demo.no"), "400 11 982", "10.03.2026",
        )
    )  # fmt: skip


WORD_FORMS = {
    "a table": word("<w:tbl>" + "".join(row(p(a), p(b)) for a, b in ROWS) + "</w:tbl>"),
    "paragraphs": word("".join(p(f"{a}: {b}") for a, b in ROWS)),
    "labels above their values": word("".join(p(f"{a}:") + p(b) for a, b in ROWS)),
    "tabs": word("".join(f"<w:p><w:r><w:t>{a}:</w:t><w:tab/><w:t>{b}</w:t></w:r></w:p>" for a, b in ROWS)),
    "words split into runs": word(
        "".join(f"<w:p><w:r><w:t>{a[:3]}</w:t></w:r><w:r><w:t>{a[3:]}: {b[:2]}</w:t></w:r><w:r><w:t>{b[2:]}</w:t></w:r></w:p>" for a, b in ROWS)
    ),
    "content controls in cells": word("<w:tbl>" + "".join(row(p(a), control(p(b))) for a, b in ROWS) + "</w:tbl>"),
    "content controls in lines": word(
        "".join(f"<w:p><w:r><w:t>{a}: </w:t></w:r>{control(f'<w:r><w:t>{b}</w:t></w:r>')}</w:p>" for a, b in ROWS)
    ),
    "content controls around cells": word(
        "<w:tbl>" + "".join(f"<w:tr><w:tc>{p(a)}</w:tc>{control(f'<w:tc>{p(b)}</w:tc>')}</w:tr>" for a, b in ROWS) + "</w:tbl>"
    ),
    "content controls around rows": word("<w:tbl>" + "".join(control(row(p(a), p(b))) for a, b in ROWS) + "</w:tbl>"),
    "text boxes, with old Word's double": word(
        "".join(
            "<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><w:txbxContent>" + p(f"{a}: {b}") + "</w:txbxContent></w:drawing></mc:Choice>"
            "<mc:Fallback><w:pict><v:textbox><w:txbxContent>" + p(f"{a}: feil") + "</w:txbxContent></v:textbox></w:pict></mc:Fallback>"
            "</mc:AlternateContent></w:r></w:p>"
            for a, b in ROWS
        )
    ),
    "a table in a table": word(
        "<w:tbl>" + row("<w:tbl>" + "".join(row(p(a), p(b)) for a, b in ROWS) + "</w:tbl>" + p("")) + "</w:tbl>"
    ),
    "four columns": word(
        "<w:tbl>" + "".join(row(*(p(x) for pair in ROWS[n : n + 2] for x in pair)) for n in range(0, 6, 2)) + row(*map(p, ROWS[6])) + "</w:tbl>"
    ),
    "an empty column between": word("<w:tbl>" + "".join(row(p(a), p(""), p(b)) for a, b in ROWS) + "</w:tbl>"),
    "a row of labels above a row of values": word(
        "<w:tbl>" + row(*(p(a) for a, _ in ROWS)) + row(*(p(b) for _, b in ROWS)) + "</w:tbl>"
    ),
    "several lines in a cell": word(
        "<w:tbl>" + "".join(row(p(a) + p("forklaring til den som fyller ut"), "".join(map(p, b.split(", ")))) for a, b in ROWS) + "</w:tbl>"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WORD_FORMS)
def test_it_reads_a_word_form_made_of(name: str) -> None:
    form = understood(WORD_FORMS[name])
    assert form is not None
    if name == "several lines in a cell":
        assert form.domains == ("fjordbygg-demo.no", "fjordlaks-demo.no")
    else:
        assert is_whole(form), form


def test_a_prompt_of_an_empty_content_control_is_no_value() -> None:
    rows = [(a, "Klikk her for å skrive inn tekst.") if a in ("Telefon", "Dato") else (a, b) for a, b in ROWS]
    controls = [row(p(a), control(p(b), prompt=b.startswith("Klikk"))) for a, b in rows]
    form = understood(word(f"<w:tbl>{''.join(controls)}</w:tbl>"))
    assert form is not None
    assert (form.phone, form.date, form.company) == ("", "", "Fjord Bygg AS")


def test_deleted_words_of_tracked_changes_are_not_read() -> None:
    changed = "<w:p><w:r><w:t>Telefon: </w:t></w:r><w:del><w:r><w:delText>999</w:delText></w:r></w:del><w:ins><w:r><w:t>400 11 982</w:t></w:r></w:ins></w:p>"
    form = understood(word("".join(p(f"{a}: {b}") for a, b in ROWS if a != "Telefon") + changed))
    assert form is not None
    assert form.phone == "400 11 982"


def filled_pdf(names: list[str]) -> bytes:
    return pdf_form(fillable=True, names=names)


PDF_FORMS = {
    "named fields": filled_pdf([label for label, _ in ROWS]),
    "fields named by number, with labels beside them": filled_pdf([f"Text{n}" for n, _ in enumerate(ROWS, 1)]),
    "flat text": pdf_form(fillable=False),
}


@pytest.mark.parametrize("name", PDF_FORMS)
def test_it_reads_a_pdf_form_of(name: str) -> None:
    assert is_whole(understood(PDF_FORMS[name], PDF))


def test_fields_below_a_field_of_their_own_are_read() -> None:
    """As Adobe's designer names them: ``form1[0].page[0].Firma[0]``."""
    named = pdf_form(fillable=True, names=[f"form1.{label.replace('.', '')}[0]" for label, _ in ROWS])
    assert is_whole(understood(named, PDF))


def rotated(content: bytes, angle: int) -> bytes:
    writer = PdfWriter(PdfReader(io.BytesIO(content)))
    writer.pages[0].rotate(angle)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("fillable", [True, False])
@pytest.mark.parametrize("angle", [90, 180])
def test_a_form_on_a_rotated_page_is_doubted(angle: int, fillable: bool) -> None:
    form = understood(rotated(pdf_form(fillable=fillable), angle), PDF)
    assert form is not None
    assert form.doubts == ("form_rotated",)


@pytest.mark.parametrize("algorithm", ["RC4-128"])
def test_a_locked_pdf_is_said_to_be_locked(algorithm: str) -> None:
    writer = PdfWriter(PdfReader(io.BytesIO(pdf_form(fillable=False))))
    writer.encrypt("hemmelig", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    assert in_process(out.getvalue(), "pdf", "").fault == "locked"


@pytest.mark.parametrize("kind", ["PDF"])
@pytest.mark.parametrize("mode", ["L", "1", "RGB"])
def test_a_scanned_page_is_told_from_an_empty_one(kind: str, mode: str) -> None:
    assert in_process(saved(scanned().convert(mode), kind), "pdf", "").fault == "scanned"


def attached_mail(inner: bytes, kind: str, name: str) -> bytes:
    from email.message import EmailMessage

    main, sub = kind.split("/")
    first, outer = EmailMessage(), EmailMessage()
    for letter, subject in ((first, "Skjema"), (outer, "VS: Skjema")):
        letter["From"], letter["To"], letter["Subject"] = "kari@fjordbygg-demo.no", "skysupport@visma.com", subject
        letter["Message-ID"] = f"<{subject[:2]}@fjordbygg-demo.no>"
    first.set_content("Her er skjemaet.")
    first.add_attachment(inner, maintype=main, subtype=sub, filename=name)
    outer.set_content("Se vedlagt e-post.")
    outer.add_attachment(first)
    return outer.as_bytes()


@pytest.mark.parametrize(("content", "kind"), [(word_form(), WORD), (pdf_form(fillable=True), PDF)])
def test_it_reads_a_form_that_is_attached_to_an_attached_mail(content: bytes, kind: str) -> None:
    assert is_whole(form_of(extracted(read(attached_mail(content, kind, "skjema")), in_process)))


def html_mail(rows: Rows, table: str) -> bytes:
    cells = "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in rows)
    head = "From: kari@fjordbygg-demo.no\r\nSubject: Skjema\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    return (
        head + f"<html><body><p>Rettigheter til å generere engangskoden</p><{table}>{cells}</table></body></html>"
    ).encode()


@pytest.mark.parametrize("table", ["table", "table border=1 class=MsoNormalTable"])
def test_it_reads_an_html_table(table: str) -> None:
    assert is_whole(form_of(read(html_mail(ROWS, table))))


def test_it_reads_an_html_table_whose_cell_has_two_lines() -> None:
    rows = [(a, b.replace(", ", ",<br>")) for a, b in ROWS]
    assert is_whole(form_of(read(html_mail(rows, "table"))))


def test_it_reads_word_files_of_python_docx_too() -> None:
    document = python_docx.Document(io.BytesIO(word_form()))
    assert len(document.tables) == 1
    assert is_whole(understood(word_form()))
