"""The room as a whole: total, pure, exact about places, bounded in time."""

from __future__ import annotations

import time
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.findings import AUTOMATIC
from processor.message import Section
from processor.understanding import understand as module
from processor.understanding.understand import understand, understand_each
from tests.understanding.made_mail import mail, main_of, rulebook, understood

NOTICE = "Hei\n\nVi sier opp Visma Global for Fjord Bygg AS, org.nr 974 760 673, fra 1.1.2027.\n\nMvh\nKari"
WORDS = st.sampled_from(
    [
        "vi sier opp",
        "Visma Global",
        "?",
        ".",
        "\n",
        "org.nr 974760673",
        "31.12",
        "ut mars",
        "İ",
        "ß",
        "elma",
        "kode",
        "AS",
        "@",
        "  ",
        "faktura 70123456",
        "-",
        ":",
        "1.",
        "kari@x.no",
    ]
)


@given(st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=40).map(" ".join)), st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_it_never_raises_and_its_chances_sum_to_one(text: str, subject: str) -> None:
    found = understood(text, subject)
    assert sum(chance for _, chance in found.chances) == pytest.approx(1.0, abs=1e-3)
    assert bool(found.requests) != bool(found.automatic)


@given(st.lists(st.lists(WORDS, max_size=20).map(" ".join), max_size=4))
@settings(max_examples=20, deadline=None)
def test_mails_that_are_understood_together_are_understood_as_each_alone(texts: list[str]) -> None:
    mails = [mail(text) for text in texts]
    assert understand_each(mails, rulebook()) == [understand(each, rulebook()) for each in mails]


@pytest.mark.parametrize("step", ["passages", "recognise", "features", "fields_of", "language_of"])
def test_a_mail_that_breaks_a_step_leaves_the_others_theirs(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mails, calls, sound = [mail(NOTICE), mail("x"), mail(NOTICE)], count(), getattr(module, step)
    expected = understand(mails[0], rulebook())

    def broken(*given: object) -> object:
        if next(calls) == 1:
            raise ZeroDivisionError(step)
        return sound(*given)

    monkeypatch.setattr(module, step, broken)
    first, second, third = understand_each(mails, rulebook())
    assert first == third == expected
    assert isinstance(second, ZeroDivisionError)


@given(st.lists(WORDS, max_size=40).map(" ".join), st.lists(WORDS, max_size=6).map(" ".join))
@settings(max_examples=60, deadline=None)
def test_every_span_is_the_text_that_it_names(text: str, subject: str) -> None:
    found = understood(text, subject)
    spans = [span for request in found.requests for span in request.evidence]
    for span in spans + [span for _, span in found.field_evidence]:
        source = subject if span.where == "subject" else text
        assert source[span.start : span.end] == span.text


def test_equal_mail_is_understood_equally() -> None:
    assert understood(NOTICE, "Oppsigelse") == understood(NOTICE, "Oppsigelse")


def test_a_notice_carries_its_evidence_and_its_fields() -> None:
    found = understood(NOTICE, "Oppsigelse")
    assert found.requests[0].type == "termination"
    assert found.requests[0].confidence >= 0.97
    assert any(span.text == "sier opp" for span in found.requests[0].evidence)
    assert found.fields.org_no == ("974760673",)
    assert found.fields.company == "Fjord Bygg AS"
    assert found.fields.products == ("Visma Global",)
    assert str(found.fields.effective_date) == "2026-12-31"


def test_two_requests_come_with_the_weightier_first() -> None:
    found = understood("Vi sier opp Visma CRM ved årets slutt. Kan dere også sende kopi av faktura INV00733918?")
    assert [request.type for request in found.requests] == ["termination", "invoice_question"]


def test_a_notice_that_asks_when_it_ends_is_a_notice_alone() -> None:
    found = understood("Vi sier herved opp avtalen på Visma Global. Når opphører den?", "Oppsigelse")
    assert [request.type for request in found.requests] == ["termination"]


def test_quoted_history_asks_for_nothing() -> None:
    quoted = "Fra: Kari\nEmne: Oppsigelse\n\nVi sier opp Visma Global per 31.12.2026, org.nr 974760673."
    found = understood(subject="SV: Oppsigelse", kinds=(("new", "Tusen takk for hjelpen!\n\n"), ("quoted", quoted)))
    assert main_of(found) == "no_action"
    assert found.fields.org_no == ()


def test_headers_alone_make_nothing_automatic() -> None:
    marks = (("auto-submitted", "auto-generated"), ("precedence", "bulk"), ("x-autoreply", "yes"))
    found = understood(NOTICE, "Oppsigelse", marks=marks)
    assert found.automatic is None
    assert found.requests[0].type == "termination"


def test_an_empty_mail_is_left_to_a_person_with_little_confidence() -> None:
    found = understood("", "")
    assert found.requests[0].confidence < 0.9


def test_silence_counts_thanks_and_automatic_mail() -> None:
    assert understood("Tusen takk for hjelpen!", "SV: Sak").silent > 0.5
    assert understood("Jeg er på ferie til mandag.", "Automatisk svar").silent > 0.5
    assert understood(NOTICE, "Oppsigelse").silent < 0.05


def test_every_automatic_kind_has_a_chance() -> None:
    assert set(AUTOMATIC) <= {label for label, _ in understood(NOTICE).chances}


@pytest.mark.parametrize(
    "piece", ["oppsigelse av avtalen vi sier opp ", "1 ", "a.", "Aa og ", "a@b.no ", "!?.,;:", "31.12.2026 ", "\n"]
)
def test_a_megabyte_of_anything_takes_little_time(piece: str) -> None:
    hostile = mail(piece * (1_000_000 // len(piece)), piece * 300)
    rulebook()
    start = time.perf_counter()
    understand(hostile, rulebook())
    assert time.perf_counter() - start < 1.0


def test_ten_thousand_sections_take_little_time() -> None:
    sections = tuple(Section("new" if n % 2 else "quoted", 2 * n, 2 * n + 2) for n in range(10_000))
    start = time.perf_counter()
    understand(mail("ab" * 10_000, sections=sections), rulebook())
    assert time.perf_counter() - start < 1.0
