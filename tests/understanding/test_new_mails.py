"""What mails by strangers taught: moods shared by many patterns, days, firms and kept products."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from processor.message import Address
from tests.understanding.made_mail import main_of, understood

OUR_REPLY = "Fra: Kundesenteret <oppsigelse@visma.no>\nEmne: {}\n\nVi har mottatt den."


def test_a_threat_on_a_wrapped_line_is_no_notice() -> None:
    found = understood(
        "Jeg har ventet i 50 minutter på telefon i dag også. Hvis dette ikke blir bedre,\nvil vi vurdere å si opp avtalen."
    )
    assert main_of(found) != "termination"


@pytest.mark.parametrize(
    "subject", ["SV: [VS-2B7N-4KD8] Tilbaketrekking mottatt", "Re: SV: Oppsigelse av Visma Global"]
)
def test_a_reply_does_not_ask_for_what_its_subject_repeats(subject: str) -> None:
    parts = (("new", "Supert, takk skal dere ha!\n\n"), ("quoted", OUR_REPLY.format("SV: Oppsigelse av Visma Global")))
    assert main_of(understood(subject=subject, kinds=parts)) == "no_action"


def test_a_repeated_subject_adds_to_new_words() -> None:
    parts = (("new", "Vi sier opp.\n\n"), ("quoted", OUR_REPLY.format("Oppsigelse")))
    assert main_of(understood(subject="SV: Oppsigelse", kinds=parts)) == "termination"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Jeg vil si opp medlemskapet i svømmegruppa fra høsten.", "other"),
        ("Jeg sier med dette opp min stilling som lønnskonsulent. Siste arbeidsdag blir 31. oktober.", "other"),
        ("Hvordan avslutter vi regnskapsåret i Visma.net ERP ved avvikende periode?", "other"),
        ("Kan de stryka oppseiinga på Mamut One for Vågå Sko AS frå førre veke?", "termination_withdrawal"),
        ("Vi trekker den. Oppsigelsen gjelder ikke lenger.", "termination_withdrawal"),
        ("Som revisor ber vi om bekreftelse på hvilke avtaler selskapet har med dere.", "agreement_question"),
    ],
)
def test_what_is_not_ours_taken_back_or_asked_about_is_no_notice(text: str, kind: str) -> None:
    assert main_of(understood(text)) == kind


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Vi sier opp Mamut. Når april er omme, er det slutt.", date(2027, 4, 30)),
        ("Vi sier opp Global så snart avtalen tillater det.", "asap"),
        ("Vi trenger Global til mva er levert, så sett sluttdatoen til 15. desember. Vi sier opp.", date(2026, 12, 15)),
        ("Direktøren er fritstillet pr. 8. september. Vi sier opp Global.", None),
    ],
)
def test_the_day_is_the_one_that_the_words_before_it_mean(text: str, day: date | str | None) -> None:
    assert understood(text, sent=datetime(2026, 9, 14, 8, tzinfo=UTC)).fields.effective_date == day


@pytest.mark.parametrize(
    ("text", "sender", "company"),
    [
        ("Härmed säger vi upp vårt avtal om Visma.net ERP för det norska bolaget Öberg\nFisk Norge AS.", "x", "Öberg Fisk Norge AS"),
        ("Meld inn Rjukan Bilberging i ELMA.", "sundalbyra", "Rjukan Bilberging"),
        ("Jeg er formand i Toftlund Træpiller A/S. Vores firma Toftlund Træpiller Norge AS skal ind i ELMA.", "toftlund", "Toftlund Træpiller Norge AS"),
        ("Overfør lisensene på Global til Alpin & Fritid AS. Vårt selskap er Hovden Sport AS.", "hovdensport", "Hovden Sport AS"),
    ],
)  # fmt: skip
def test_the_firm_is_found_whole_and_is_the_right_one(text: str, sender: str, company: str) -> None:
    assert understood(text, sender=Address("k", f"{sender}-demo.no", "Kari Holm")).fields.company == company


def test_a_product_is_kept_by_its_row_or_the_next_clause() -> None:
    rows = "Modul   Nå   Fra 1.1.27\nVisma.net Approval   25   0\nVisma.net Project   8   8 (uendret)\nVi sier opp overskytende."
    assert understood(rows).fields.products == ("Visma.net Approval",)
    clause = "Vi sier opp Visma Contracting. De har én lisens på Visma.net Expense også, men den beholder de."
    assert understood(clause).fields.products == ("Visma Contracting",)


def test_a_number_after_another_sentence_is_no_invoice() -> None:
    found = understood(
        "De kan ikke sende oss en faktura. Kan I se, om Vin Norge AS (304 301 503) er registreret i ELMA?"
    )
    assert found.fields.org_no == ("304301503",)
    assert main_of(found) == "elma_question"


def test_the_meaning_of_a_line_is_no_objection_and_access_is_a_topic() -> None:
    assert "objection" not in understood("På faktura 70418832 står det antall 60. Hva betyr antallet?").topics
    assert "access_after" in understood("Om vi säger upp, hur länge kommer vi åt bokföringen efteråt?").topics
    assert "not_locked_out" in understood("Kvar finn eg beredskapskoden? Eg kjem framleis inn.").topics
