"""Mails that ask for two things are answered whole, or held for a person."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from tests.training.two_requests import MAILS, Measured, kind_of, main, measured, shipped

OVERLOOKED = 6
"""Of 64: what the shipped model was measured with.  A model that overlooks more is not to be shipped."""
WHOLE = 16
"""The fewest of them that are answered alone, each request named: to hold everything is no way out."""


@cache
def mails() -> tuple[Measured, ...]:
    return tuple(measured(MAILS, shipped()))


def test_hardly_any_request_beside_another_is_overlooked() -> None:
    several = [each for each in mails() if len(each.asked) > 1]
    counts = Counter(each.kind for each in several)
    assert len(several) == 64
    assert counts["overlooked"] + counts["wrong"] <= OVERLOOKED, [e for e in several if e.kind == "overlooked"]
    assert counts["named all"] >= WHOLE, counts


def test_words_of_other_types_alone_make_no_second_request() -> None:
    assert [each for each in mails() if len(each.asked) == 1 and each.kind not in ("named all", "held")] == []


@pytest.mark.parametrize(
    ("found", "outcome", "kind"),
    [
        (("termination", "invoice_question"), "answer", "named all"),
        (("termination",), "answer", "overlooked"),
        (("termination",), "review", "held"),
        (("termination", "invoice_question", "elma_question"), "answer", "named more"),
        (("elma_question",), "answer", "wrong"),
    ],
)
def test_what_becomes_of_a_mail_is_told(found: tuple[str, ...], outcome: str, kind: str) -> None:
    told = {"requests": [{"type": name} for name in found], "decision": {"outcome": outcome}}
    assert kind_of({"termination", "invoice_question"}, told) == kind


def test_the_measurement_prints_both_counts(capsys: pytest.CaptureFixture[str]) -> None:
    main(["-v"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("two or more:   64   named all ")
    assert lines[1].startswith("one request:   10   named all ")
