"""What leaves for training tells no customer, and teaches what the mail itself would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.message import Extracted
from processor.pipeline import read_and_understand, read_mail
from processor.training.dataset import labelled
from processor.training.masked import masked_for_training, without_addresses, without_names, without_numbers
from tests.shipped import ROOT, rulebook_of

MAIL = """From: Kari Holm <kari.holm@fjordbygg-demo.no>
To: oppsigelse@visma.no
Subject: Oppsigelse av Visma Global for Fjord Bygg AS, kundenr 1002345
{more}
Hei, jeg heter Kari og sier opp Visma Global fra 31.12.2026 for Fjord Bygg AS, org.nr 974 760 673.
Ring Ragnhild på 918 44 072 eller skriv til kari.holm@fjordbygg-demo.no, se https://fjordbygg-demo.no/kart?id=77.
Karis mann Torstein vil ha svar.

Mvh
Kari Holm
Fjord Bygg AS
Storgata 12, 5003 Bergen

Fra: Visma <support@visma.com>
Sendt: 1. november 2026 12:00
Til: Kari Holm
Emne: Faktura

Hei Kari, takk for henvendelsen om 88776655.
"""
SECRET = (
    "kari",
    "holm",
    "fjord",
    "ragnhild",
    "torstein",
    "974",
    "918",
    "1002345",
    "storgata",
    "bergen",
    "kart",
    "88776655",
)


def nothing(*_: object) -> Extracted:
    return Extracted()


def masked(raw: bytes) -> bytes:
    rulebook = rulebook_of(ROOT / "rules", ROOT / "templates")
    assert rulebook.model
    known = {name[2:] for name in rulebook.model.words if name.startswith("w:")}
    mail = read_and_understand(raw, rulebook, nothing)
    fields = mail.understanding.fields
    return masked_for_training(mail.message, (fields.company or "", fields.contact), fields.products, known).raw


def test_no_name_number_or_address_is_left_and_the_request_is() -> None:
    made = read_mail(masked(MAIL.format(more="").encode()), nothing)
    said = f"{made.subject} {made.text} {made.from_}".lower()
    assert [word for word in SECRET if word in said] == []
    assert "sier opp visma global fra 31.12.2026" in said
    assert "org.nr 000 000 000" in said


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests" / "mails").glob("*/01-*.eml"))[:12], ids=lambda path: path.parent.name
)
def test_a_masked_mail_is_taken_for_the_same(path: Path) -> None:
    rulebook = rulebook_of(ROOT / "rules", ROOT / "templates")
    raw = path.read_bytes()
    first = read_and_understand(raw, rulebook, nothing)
    again = masked(raw)
    if not again:
        assert first.message.attachments or first.message.marks or first.message.attached
        return
    second = read_and_understand(again, rulebook, nothing)
    assert [each.type for each in second.understanding.requests] == [each.type for each in first.understanding.requests]
    assert second.understanding.automatic == first.understanding.automatic


def test_a_mail_with_a_file_is_left_out() -> None:
    more = 'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/plain\n\nHei\n--x\n'
    raw = f"From: a@b.no\nSubject: x\n{more}Content-Type: application/pdf\n\n%PDF-1.4\n--x--\n".encode()
    assert masked_for_training(read_mail(raw, nothing), (), (), ()).left_out == "it brings a file"


@settings(max_examples=40)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers(10_000, 10**15), st.emails())
def test_whatever_stands_around_them_numbers_and_addresses_go(around: str, number: int, address: str) -> None:
    text = without_addresses(f"{around} {number} {address} {around}")
    assert address not in text
    assert str(number) not in without_numbers(text) or set(str(number)) == {"0"}


def test_known_words_stay_also_where_a_sentence_begins() -> None:
    known = {"vi", "sier", "opp", "hilsen", "kari", "haster"}
    said = without_names("Vi sier opp Visma, sa Kari. HASTER! Hilsen Gunnhildur, Anne", {"anne"}, {"visma"}, known)
    assert said == "Vi sier opp Visma, sa Navn. HASTER! Hilsen Navn, Navn"


def test_training_reads_the_mail_in_its_line(tmp_path: Path) -> None:
    line = {
        "id": "staff-1",
        "intents": ["termination"],
        "auto": None,
        "lang": "nb",
        "eml": "Subject: Hei\r\n\r\nVi sier opp",
    }
    file = tmp_path / "corrections.jsonl"
    file.write_text(json.dumps(line) + "\n", encoding="utf-8")
    (found,) = labelled([file])
    assert (found.main, found.raw, found.source) == ("termination", b"Subject: Hei\r\n\r\nVi sier opp", "corrections")
    assert "eml" not in found.label
