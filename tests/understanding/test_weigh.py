from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.findings import Evidence, Request
from processor.rulebook import Pattern, RequestType
from processor.understanding.beside import main_of, requests
from processor.understanding.recognise import Finding, score
from processor.understanding.weigh import chances, present

RANKS = {"termination": 10, "termination_question": 40, "invoice_question": 70, "other": 80, "no_action": 90}
TYPES = {name: RequestType(name, {}, rank, 0.9, "observe", None, (), ()) for name, rank in RANKS.items()}
CHANCE = st.floats(0, 1)


def named(likely: dict[str, float], *said: Any) -> tuple[Request, ...]:
    return requests(main_of(likely, TYPES), likely, *said)


def finding(weight: float, share: float = 1.0) -> Finding:
    pattern = Pattern("p", re.compile("x"), None, weight)
    return Finding(pattern, (Evidence("x", "body", 0, 1, "t/p", weight),), share)


@given(st.fixed_dictionaries(dict.fromkeys(RANKS, CHANCE)), st.fixed_dictionaries({"spam": CHANCE, "bounce": CHANCE}))
def test_the_chances_of_all_labels_sum_to_one(presence: dict[str, float], automatic: dict[str, float]) -> None:
    assert sum(chances(presence, automatic, TYPES).values()) == pytest.approx(1.0)


def test_more_words_for_a_type_make_it_likelier() -> None:
    one = present({"termination": (finding(3),)}, TYPES, 20)["termination"]
    two = present({"termination": (finding(3), finding(2))}, TYPES, 20)["termination"]
    assert two > one


def test_words_against_a_type_make_it_unlikelier() -> None:
    assert score((finding(3), finding(-2))) == 1.0


def test_a_reply_s_inherited_subject_says_little() -> None:
    assert score((finding(4, 0.4),)) < score((finding(4),))


def test_the_weightier_of_two_present_types_is_the_main_one() -> None:
    presence = {
        "termination": 0.99,
        "invoice_question": 0.99,
        "other": 0.01,
        "no_action": 0.01,
        "termination_question": 0.01,
    }
    likely = chances(presence, {}, TYPES)
    assert [r.type for r in named(likely, presence, presence, {}, TYPES)] == ["termination", "invoice_question"]


def test_a_faint_second_request_is_not_named() -> None:
    presence = {
        "termination": 0.99,
        "invoice_question": 0.4,
        "other": 0.01,
        "no_action": 0.01,
        "termination_question": 0.01,
    }
    assert len(named(chances(presence, {}, TYPES), presence, presence, {}, TYPES)) == 1


def test_nothing_found_is_other_without_confidence() -> None:
    presence = present({}, TYPES, 20)
    (request,) = named(chances(presence, {}, TYPES), presence, presence, {}, TYPES)
    assert request.type == "other"
    assert request.confidence < 0.9


def test_a_graver_request_that_patterns_are_sure_of_keeps_a_lesser_one_from_being_answered() -> None:
    likely = {"invoice_question": 0.99, "termination": 0.01}
    presence = {"invoice_question": 0.99, "termination": 0.02}
    (sure,) = named(likely, presence, {"termination": 0.3}, {}, TYPES)
    (unsure,) = named(likely, presence, {"termination": 0.97}, {}, TYPES)
    assert sure.confidence == 0.99
    assert unsure.confidence == pytest.approx(0.03)
