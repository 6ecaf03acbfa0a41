"""The empty form that the program ships: what is filled in is what is understood."""

from __future__ import annotations

import io
import re
import zipfile
from html import escape
from pathlib import Path

import docx as python_docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from typer.testing import CliRunner

from processor.cli.main import app
from processor.extracting.of_message import extracted
from processor.findings import Form
from processor.form.docx import docx
from processor.form.pdf import pdf
from processor.form.wording import WORDINGS, Language
from processor.understanding.form import form_of
from tests.extracting.made_files import PDF, WORD, attached, in_process
from tests.understanding.made_mail import mail

LANGUAGES: tuple[Language, ...] = ("nb", "en")
FILLED = {
    "company": "Fjord Bygg AS",
    "org_no": "328627035",
    "customer_no": "1180457",
    "administrator": "Kari Ødegård",
    "email": "kari@fjordbygg-demo.no",
    "phone": "400 11 982",
    "domains": "fjordbygg-demo.no, fjordlaks-demo.no",
    "date": "24.11.2026",
    "signed_by": "Åse Holm, daglig leder",
}


def filled_docx(values: dict[str, str], language: Language) -> bytes:
    """A copy in which Word has put the values into the content controls."""
    source = zipfile.ZipFile(io.BytesIO(docx(WORDINGS[language], language)))
    document = source.read("word/document.xml").decode()
    for name, value in values.items():
        if value:
            control = re.compile(rf'(<w:tag w:val="{name}"/>.*?)<w:showingPlcHdr/>(.*?<w:t [^>]*>)[^<]*', re.DOTALL)
            document, count = control.subn(lambda m, v=value: m[1] + m[2] + escape(v), document, count=1)  # type: ignore[misc]
            assert count == 1
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as copy:
        for member in source.namelist():
            copy.writestr(member, document if member == "word/document.xml" else source.read(member))
    return out.getvalue()


def filled_pdf(values: dict[str, str], language: Language) -> bytes:
    writer = PdfWriter(PdfReader(io.BytesIO(pdf(WORDINGS[language], language))))
    writer.update_page_form_field_values(writer.pages[0], dict(values), auto_regenerate=False)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def understood(content: bytes, kind: str) -> Form | None:
    return form_of(extracted(mail("Se vedlegg.", attachments=(attached(content, kind),)), in_process))


def as_written(form: Form) -> dict[str, str]:
    values = {name: getattr(form, name) for name in FILLED if name != "domains"}
    return values | {"domains": ", ".join(form.domains)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("fill", "kind"), [(filled_docx, WORD), (filled_pdf, PDF)])
def test_what_is_filled_is_what_is_understood(fill: object, kind: str, language: Language) -> None:
    form = understood(fill(FILLED, language), kind)  # type: ignore[operator]
    assert form is not None
    assert as_written(form) == FILLED


def some(letters: str, most: int = 40) -> st.SearchStrategy[str]:
    """Words of the letters, with single blanks between them, or nothing."""
    return st.text(letters, max_size=most).map(lambda text: " ".join(text.split()))


NAMES = some("abcdefghijklmnopqrstuvwxyzæøåÆØÅABC -.'&()/")
VALUES = st.fixed_dictionaries(
    {
        "company": NAMES,
        "org_no": st.sampled_from(["", "328627035", "974760673"]),
        "customer_no": some("0123456789", 8),
        "administrator": NAMES,
        "email": st.sampled_from(["", "kari@fjordbygg-demo.no", "ola.nordmann+visma@x-demo.com"]),
        "phone": some("0123456789+ ", 9),
        "domains": st.lists(st.sampled_from(["a-demo.no", "b-demo.no", "sub.c-demo.com"]), unique=True).map(", ".join),
        "date": st.dates().map(lambda day: f"{day:%d.%m.%Y}"),
        "signed_by": NAMES,
    }
)


@settings(max_examples=40, deadline=None)
@given(VALUES, st.sampled_from(LANGUAGES), st.booleans())
def test_whatever_is_filled_is_what_is_understood(values: dict[str, str], language: Language, as_pdf: bool) -> None:
    form = understood(*((filled_pdf(values, language), PDF) if as_pdf else (filled_docx(values, language), WORD)))
    assert form is not None
    assert as_written(form) == values


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_empty_form_is_no_filled_one(language: Language) -> None:
    wording = WORDINGS[language]
    assert understood(docx(wording, language), WORD) is None
    assert understood(pdf(wording, language), PDF) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_other_programs_open_it(language: Language) -> None:
    wording = WORDINGS[language]
    opened = python_docx.Document(io.BytesIO(docx(wording, language)))
    assert [row.cells[0].paragraphs[0].text for row in opened.tables[0].rows] == [line.label for line in wording.lines]
    reader = PdfReader(io.BytesIO(pdf(wording, language)), strict=True)
    assert list(reader.get_fields() or {}) == [line.name for line in wording.lines]
    text = reader.pages[0].extract_text()
    assert all(line.label in text and line.hint in text for line in wording.lines)
    assert reader.metadata is not None
    assert reader.metadata.title == wording.title


def test_every_build_gives_the_same_bytes() -> None:
    assert docx(WORDINGS["nb"], "nb") == docx(WORDINGS["nb"], "nb")


@pytest.mark.parametrize(
    ("options", "begins"), [(["--docx"], b"PK"), ([], b"PK"), (["--pdf", "--language", "en"], b"%PDF-1.7")]
)
def test_the_command_writes_the_form_and_overwrites_nothing(options: list[str], begins: bytes, tmp_path: Path) -> None:
    target = tmp_path / "form"
    command = ["form", *options, "-o", str(target)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert target.read_bytes().startswith(begins)
    target.write_bytes(b"filled in")
    assert CliRunner().invoke(app, command).exit_code == 2
    assert target.read_bytes() == b"filled in"
