from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from processor.extracting.of_message import extracted
from processor.findings import Form, Understanding
from processor.message import Attachment, Message
from processor.understanding.form import form_of
from processor.understanding.understand import understand
from tests.extracting.made_files import ROWS, WORD, attached, in_process, pdf_form, word_form
from tests.understanding.made_mail import mail, rulebook


def read_mail(text: str = "", subject: str = "", **changes: Any) -> Message:
    """A mail whose files have been read."""
    return extracted(mail(text, subject, **changes), in_process)


def understood(text: str = "", subject: str = "", **changes: Any) -> Understanding:
    return understand(read_mail(text, subject, **changes), rulebook())


def form_in(*files: Attachment) -> Form | None:
    return form_of(read_mail("Se vedlegg.", attachments=files))


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
    ("content", "flags"),
    [
        (b"", ()),
        (b"PK\x03\x04", ("attachment_broken",)),
        (b"PK\x03\x04" + b"\x00" * 2000, ("attachment_broken",)),
        (b"%PDF-1.7\n" + b"\xff" * 2000, ("attachment_broken",)),
    ],
)
def test_a_broken_file_is_no_form_and_a_doubt(content: bytes, flags: tuple[str, ...]) -> None:
    found = understood("Se vedlegg.", attachments=(attached(content, WORD),))
    assert found.form is None
    assert found.flags == flags


def zipped(document: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", document)
    return out.getvalue()


def test_a_file_that_grows_too_much_is_not_opened() -> None:
    assert in_process(zipped("<a>" + " " * 2_000_000 + "</a>"), "docx", "").fault == "too_big"


def test_entities_are_refused() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "cccc">]><w:p xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:t>Navn: &b;</w:t></w:p>'
    assert in_process(zipped(bomb), "docx", "").fault == "broken"


def test_a_form_alone_is_the_evidence_of_what_it_asks() -> None:
    found = understood("Se vedlegg.", attachments=(attached(word_form(table=True), WORD, "skjema.docx"),))
    evidence = found.requests[0].evidence[-1]
    assert (found.requests[0].type, evidence.where) == ("otp_rights", "form")
    assert evidence.rule == "form: attachment skjema.docx"


@pytest.mark.parametrize(
    ("content", "kind", "name", "flags"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, "application/msword", "skjema.doc", ("attachment_unknown",)),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, WORD, "skjema.docx", ("attachment_locked",)),
        (b"{\\rtf1 skjema}", "application/rtf", "skjema.rtf", ("attachment_unknown",)),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, "application/vnd.ms-excel", "tall.xls", ()),
    ],
)
def test_a_document_that_is_not_opened_is_a_doubt(content: bytes, kind: str, name: str, flags: tuple[str, ...]) -> None:
    found = understood("Se vedlagt skjema.", attachments=(attached(content, kind, name),))
    assert (found.form, found.flags) == (None, flags)
