"""Patterns and the model joined: with the shipped model, and with one that knows little."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.findings import AUTOMATIC, Understanding
from processor.loading.model import SHIPPED, load_model
from processor.rulebook import Rulebook
from processor.understanding.understand import understand
from processor.weights import of_rare_row, rare_rows
from tests.understanding.made_mail import mail, main_of, rulebook

Number = TypeVar("Number", int, float)
MODEL, _ = load_model(SHIPPED)
NOTICE = "Hei\n\nVi sier opp Visma Global for Fjord Bygg AS fra 1.1.2027.\n\nMvh\nKari"


def with_model(text: str, subject: str = "", book: Rulebook | None = None, **changes: object) -> Understanding:
    return understand(mail(text, subject, **changes), book or replace(rulebook(), model=MODEL))  # type: ignore[arg-type]


@given(st.text(max_size=300), st.text(max_size=60))
@settings(max_examples=40, deadline=None)
def test_it_never_raises_and_its_chances_sum_to_one(text: str, subject: str) -> None:
    found = with_model(text, subject)
    assert sum(chance for _, chance in found.chances) == pytest.approx(1.0, abs=1e-3)
    assert bool(found.requests) != bool(found.automatic)
    assert all(0.0 <= request.confidence < 1.0 for request in found.requests)


def test_a_notice_is_found_by_both_sources() -> None:
    found = with_model(NOTICE, "Oppsigelse")
    assert main_of(found) == "termination"
    rules = {span.rule.partition("/")[0] for span in found.requests[0].evidence}
    assert rules == {"termination", "model"}
    assert MODEL is not None
    assert found.model == MODEL.version


@given(
    st.lists(st.sampled_from(["vi sier opp", "ny telefon,", "Elma", "faktura", "İ", "kode\n", "takk!"]), max_size=30)
)
@settings(max_examples=40, deadline=None)
def test_every_span_of_the_model_is_the_text_that_it_names(words: list[str]) -> None:
    text = " ".join(words)
    for request in with_model(text).requests:
        for span in request.evidence:
            assert text[span.start : span.end] == span.text


def test_headers_alone_make_nothing_automatic() -> None:
    marks = (("auto-submitted", "auto-generated"), ("precedence", "bulk"), ("x-autoreply", "yes"))
    found = with_model(NOTICE, "Oppsigelse", marks=marks)
    assert found.automatic is None
    assert main_of(found) == "termination"


def test_a_type_that_the_model_does_not_know_is_decided_by_its_patterns() -> None:
    assert MODEL is not None
    at = MODEL.labels.index("invoice_question")
    width = len(MODEL.labels)

    def less(row: Sequence[Number]) -> tuple[Number, ...]:
        return tuple(each for n, each in enumerate(row) if n % width != at)

    def without(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
        return tuple(less(row) for n, row in enumerate(rows) if n != at)

    words = {name: of_rare_row(row, width) for name, row in MODEL.words.items()}
    smaller = replace(
        MODEL,
        labels=tuple(label for label in MODEL.labels if label != "invoice_question"),
        words=dict(
            zip(
                words,
                rare_rows([rare for rare, _ in words.values()], [less(row) for _, row in words.values()]),
                strict=True,
            )
        ),
        bias=less(MODEL.bias),
        prior=less(MODEL.prior),
        second=less(MODEL.second),
        first=less(MODEL.first),
        join=without(MODEL.join),
    )
    found = with_model("Hva betyr KON-ABO00 på faktura INV00733918?", "", replace(rulebook(), model=smaller))
    assert main_of(found) == "invoice_question"
    assert sum(chance for _, chance in found.chances) == pytest.approx(1.0, abs=1e-3)


def test_every_automatic_kind_has_a_chance() -> None:
    assert set(AUTOMATIC) <= {label for label, _ in with_model(NOTICE).chances}


def test_a_megabyte_takes_little_time() -> None:
    hostile = mail("vi sier opp avtalen " * 50_000, "oppsigelse " * 100)
    book = replace(rulebook(), model=MODEL)
    start = time.process_time()
    understand(hostile, book)
    assert time.process_time() - start < 1.0
