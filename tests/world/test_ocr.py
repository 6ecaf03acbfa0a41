"""Scans: read by tesseract where it is, told apart where it is not, and to a person in both cases."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from processor.extracting.of_message import extracted
from processor.understanding.form import form_of
from processor.understanding.understand import understand
from processor.world.confined import Confined, Limits
from processor.world.ocr import language, letters
from processor.world.probing_files import probe_files
from tests.extracting.made_files import attached, saved, scanned, word_form
from tests.understanding.made_mail import mail, rulebook

with_tesseract = pytest.mark.skipif(
    "nor" not in language().split("+"), reason="tesseract with Norwegian data is missing"
)


@pytest.fixture(scope="module")
def files() -> Iterator[Confined]:
    with Confined() as files:
        yield files


def drawn_pdf() -> bytes:
    """As a scanner's program makes it: the picture deflated, scaled to the page."""
    out = io.BytesIO()
    page = canvas.Canvas(out)
    page.drawImage(ImageReader(scanned()), 0, 0, 595, 842)
    page.save()
    return out.getvalue()


SCANS = {
    "png": lambda: saved(scanned(), "PNG"),
    "jpeg": lambda: saved(scanned(), "JPEG"),
    "tiff": lambda: saved(scanned().convert("1"), "TIFF"),
    "pdf of a jpeg": lambda: saved(scanned(), "PDF"),
    "pdf of a fax": lambda: saved(scanned().convert("1"), "PDF"),
    "pdf of bare samples": drawn_pdf,
}


@with_tesseract
@pytest.mark.parametrize("kind", SCANS)
def test_a_scanned_form_is_read_and_doubted(files: Confined, kind: str) -> None:
    message = mail("Se vedlagt skjema.", attachments=(attached(SCANS[kind](), "application/octet-stream", "scan"),))
    found = understand(extracted(message, files.extract), rulebook())
    assert found.form is not None
    assert found.form.source == "attachment scan, read by OCR"
    assert found.flags == ("form_by_ocr",)
    assert (found.form.administrator, found.form.company, found.form.org_no) == (
        "Kari Holm",
        "Fjord Bygg AS",
        "974760673",
    )
    assert found.form.domains == ("fjordbygg-demo.no", "fjordlaks-demo.no")
    assert found.requests[0].type == "otp_rights"
    assert ("company", "form: attachment scan, read by OCR") in [(n, e.rule) for n, e in found.field_evidence]


@with_tesseract
def test_a_scan_that_stands_on_its_side_is_no_form_and_a_doubt(files: Confined) -> None:
    sideways = saved(scanned().rotate(90, expand=True), "PNG")
    message = extracted(mail("Se vedlegg.", attachments=(attached(sideways, "image/png"),)), files.extract)
    assert understand(message, rulebook()).flags == ("attachment_scanned_no_form",)


@with_tesseract
def test_a_picture_that_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processor.world.ocr.SECONDS", 0.01)
    assert letters(saved(scanned(), "PNG"), "nor") is None


def test_T54_a_picture_of_absurd_size_is_not_given_to_tesseract(files: Confined) -> None:
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\0\0\0\0\0\0\0\0"
    assert files.extract(header, "image", "huge").fault == "too_big"
    assert files.extract(word_form(), "docx", "form").rows


def test_without_tesseract_a_scan_is_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with Confined() as files:
        assert files.hello()["ocr"] == ""
        message = mail("Se vedlagt skjema.", attachments=(attached(SCANS["pdf of a jpeg"](), "application/pdf"),))
        found = understand(extracted(message, files.extract), rulebook())
    assert (found.form, found.flags) == (None, ("attachment_scanned",))
    told = probe_files()
    assert all(finding.ok for finding in told)
    assert "tesseract is not there" in told[-1].what
    assert "tesseract-ocr-nor" in told[-1].mend


def test_a_tesseract_that_hangs_is_ended_in_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "tesseract"
    program.write_text('#!/bin/sh\n[ "$1" = --list-langs ] && echo nor && exit\nexec /bin/sleep 600\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.defpath}")
    with Confined(Limits(wall=1.0)) as files:
        assert files.hello()["ocr"] == "nor"
        assert files.extract(saved(scanned(), "PNG"), "image", "x").fault == "too_slow"


def test_only_a_scan_or_a_question_has_tesseract_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    program = tmp_path / "tesseract"
    program.write_text(f"#!/bin/sh\nmkdir {asked}\necho nor\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.defpath}")
    with Confined() as files:
        assert files.extract(word_form(), "docx", "form").rows
        assert not asked.exists()
        assert files.extract(saved(scanned(), "PNG"), "image", "x").ocr
        assert asked.exists()
        asked.rmdir()
        assert files.hello()["ocr"] == "nor"
        assert not asked.exists(), "what was once told is not asked again"


def test_doctor_says_what_reads_the_files() -> None:
    told = probe_files()
    assert all(finding.ok for finding in told)
    assert "process of its own" in told[0].what


def test_a_small_picture_costs_nothing() -> None:
    logo = attached(saved(scanned().resize((300, 120)), "PNG"), "image/png", "image001.png")
    message = mail("Se vedlagt skjema.", attachments=(logo,))
    with Confined() as files:
        assert extracted(message, files.extract) is message
        assert files.child is None


def test_a_large_picture_in_a_mail_about_something_else_costs_nothing() -> None:
    text = "Vi får denne feilmeldingen når vi åpner programmet i dag tidlig, og lurer på hva den betyr."
    message = mail(text, attachments=(attached(saved(scanned(), "PNG"), "image/png"),))
    with Confined() as files:
        assert extracted(message, files.extract) is message
        assert files.child is None


def test_a_mail_without_files_costs_nothing() -> None:
    message = mail("Hei")
    with Confined() as files:
        assert extracted(message, files.extract) is message
        assert form_of(message) is None
        assert files.child is None
