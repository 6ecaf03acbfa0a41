"""What a mail asks for beside its main request: named, not there, or a person's to look for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from processor.loading.model import SHIPPED, load_model
from processor.rulebook import Model, RequestType
from processor.understanding.beside import PERHAPS, SLIGHT, WITHIN, beside, main_of, perhaps, requests, strange
from processor.understanding.understand import understand
from tests.understanding.made_mail import mail, rulebook

RANKS = {
    "termination": 10,
    "termination_question": 40,
    "elma_deregister": 45,
    "invoice_question": 70,
    "other": 80,
    "no_action": 90,
}
TYPES = {name: RequestType(name, {}, rank, 0.9, "observe", None, (), ()) for name, rank in RANKS.items()}
NOTHING = dict.fromkeys(RANKS, 0.0)
LABELS = ("termination", "invoice_question")
KNOWING = Model("", "", LABELS, {}, (), (), (), (1.0, 0.5, 0.0, 0.0), (-3.0, -2.0), (0.0, 1.0), {})


def named(likely: dict[str, float], presence: dict[str, float]) -> list[tuple[str, float]]:
    likely = NOTHING | likely
    found = requests(main_of(likely, TYPES), likely, NOTHING | presence, NOTHING, {}, TYPES)
    return [(each.type, each.confidence) for each in found]


def looked_for(likely: dict[str, float], presence: dict[str, float]) -> tuple[tuple[str, float], ...]:
    return perhaps(main_of(likely, TYPES), likely, presence, TYPES)


def test_two_that_are_both_asked_for_share_the_chance_to_be_the_main_one() -> None:
    assert named({"termination": 0.6, "invoice_question": 0.39}, {"invoice_question": 0.95}) == [
        ("termination", 0.99),
        ("invoice_question", 0.95),
    ]


def test_the_gravest_of_those_asked_for_stands_first() -> None:
    assert [name for name, _ in named({"invoice_question": 0.9}, {"termination": 0.8})] == [
        "termination",
        "invoice_question",
    ]


def test_what_may_be_asked_for_too_is_not_named_and_told() -> None:
    likely, presence = NOTHING | {"termination": 0.99}, NOTHING | {"invoice_question": (PERHAPS + WITHIN) / 2}
    assert [name for name, _ in named(likely, presence)] == ["termination"]
    assert looked_for(likely, presence) == (("invoice_question", (PERHAPS + WITHIN) / 2),)
    assert looked_for(likely, NOTHING | {"invoice_question": PERHAPS / 2}) == ()


def test_thanks_and_what_is_none_of_our_types_are_asked_for_beside_nothing() -> None:
    presence = NOTHING | {"other": 0.9, "no_action": 0.9}
    assert looked_for(NOTHING | {"termination": 0.9}, presence) == ()
    assert named({"no_action": 0.9}, {"invoice_question": 0.9}) == [("no_action", 0.9)]


def test_a_notice_that_asks_when_it_ends_is_a_notice() -> None:
    assert not strange("termination_question", "termination")
    assert strange("invoice_question", "termination")
    assert named({"termination": 0.9}, {"termination_question": 0.9}) == [("termination", 0.9)]


def test_its_own_words_and_patterns_and_the_main_one_tell_whether_it_is_asked_for() -> None:
    told, patterns = {"termination": 4.0, "invoice_question": 2.0}, {"termination": 0.9, "invoice_question": 0.5}
    even = beside(KNOWING, told, patterns, "termination")["invoice_question"]
    assert even == pytest.approx(0.5)
    assert beside(KNOWING, told, patterns | {"invoice_question": 0.9}, "termination")["invoice_question"] > even
    assert beside(KNOWING, told | {"invoice_question": 0.0}, patterns, "termination")["invoice_question"] < even
    assert beside(KNOWING, told, patterns, "invoice_question")["invoice_question"] > even


def test_a_type_that_the_model_does_not_know_is_left_to_its_patterns() -> None:
    told = dict.fromkeys(LABELS, 0.0)
    assert beside(KNOWING, told, {"new_type": 0.7}, "termination") == {"new_type": 0.7}
    assert beside(KNOWING, told, {"new_type": 0.7}, "new_type") == {"new_type": 0.7}


def test_nothing_likely_has_no_main_request() -> None:
    assert main_of({}, TYPES) == ""
    assert requests("", {}, NOTHING, NOTHING, {}, TYPES) == ()


def test_a_plain_notice_with_a_plain_objection_is_both() -> None:
    model, _ = load_model(SHIPPED)
    text = "Hei\n\nVi sier opp avtalen om Visma Global.\n\nHva er KON-ABO00 på fakturaen?\n\nMvh\nKari"
    found = understand(mail(text, "Oppsigelse"), replace(rulebook(), model=model))
    assert [each.type for each in found.requests] == ["termination", "invoice_question"]


@pytest.mark.parametrize(("chance", "looked"), [(SLIGHT, True), (SLIGHT / 2, False)])
def test_a_slight_chance_of_a_notice_is_a_persons_to_look_for(chance: float, looked: bool) -> None:
    likely = NOTHING | {"invoice_question": 0.95, "termination": chance}
    assert bool(looked_for(likely, NOTHING)) is looked
    # Of no other type: a person who looks for each slight chance looks at every mail.
    assert looked_for(NOTHING | {"invoice_question": 0.95, "elma_deregister": 0.04}, NOTHING) == ()
    # A question about terminating, and who takes a notice back, speak of one without giving it.
    assert looked_for(NOTHING | {"termination_question": 0.9, "termination": 0.05}, NOTHING) == ()


def test_a_notice_beside_the_transfer_of_licences_is_not_answered_past_a_person() -> None:
    body = (
        "Fossli Drift AS er tatt opp i Fossli Gruppen AS. Vi vil ha med oss de fire Business-lisensene over til "
        "Fossli Gruppen. Avtalen om Payroll i Fossli Drift sier vi opp, der har Gruppen sin egen."
    )
    assert [name for name, _ in understand(mail(body), rulebook()).perhaps] == ["termination"]
