"""An objection to an invoice has a reason, which staff see and the customer is asked for."""

from __future__ import annotations

import pytest

from processor.deciding.decide import decide
from processor.findings import Understanding
from processor.rulebook import Rulebook
from processor.understanding.passages import fold
from tests.deciding.made_cases import FIELDS, context, message, understanding


def objection(*topics: str) -> Understanding:
    return understanding("invoice_question", topics=("objection", *topics), fields=FIELDS)


def test_staff_see_the_reason_and_the_letter_says_it_in_our_words(rulebook: Rulebook) -> None:
    found = decide(message(), objection("objection_invoiced_twice", "objection_wrong_amount"), context(), rulebook)
    assert found.actions[0].facts["reason"] == "invoiced twice, wrong amount"
    assert "The invoice is objected to: invoiced twice, wrong amount." in found.because
    assert found.items[0].asks == ("invoice_no",)
    assert found.reply
    assert "gjelder den dobbel fakturering og feil beløp" in found.reply.text


def test_an_objection_without_a_reason_is_asked_for_one(rulebook: Rulebook) -> None:
    found = decide(message(), objection(), context(), rulebook)
    assert found.items[0].asks == ("invoice_no", "objection_reason")
    assert "reason" not in found.actions[0].facts
    assert found.reply
    assert "- hva som er feil på fakturaen" in found.reply.text
    assert "Slik vi leser den" not in found.reply.text


def test_a_reason_in_the_writers_own_words_is_not_asked_for_again(rulebook: Rulebook) -> None:
    found = decide(message(), objection("objection_reason_given_in_the_mail"), context(), rulebook)
    assert found.items[0].asks == ("invoice_no",)
    assert found.actions[0].facts["reason"] == "reason given in the mail"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Vi er fakturert to ganger for september.", "invoiced_twice"),
        ("Vi har blivit fakturerade dubbelt.", "invoiced_twice"),
        ("You charged us twice.", "invoiced_twice"),
        ("Beløpet på fakturaen stemmer ikke.", "wrong_amount"),
        ("Fakturaen er for høg.", "wrong_amount"),
        ("Det är fel pris på fakturan.", "wrong_amount"),
        ("Vi sa opp avtalen i fjor.", "agreement_ended"),
        ("The agreement was terminated in May.", "agreement_ended"),
        ("Me har aldri tinga denne modulen.", "never_ordered"),
        ("Vi har aldrig bestilt det.", "never_ordered"),
        ("Vi fikk aldri levert opplæringen.", "not_delivered_or_used"),
        ("Fakturaen er allerede betalt.", "paid_already"),
        ("Vi har berre tre brukarar.", "wrong_number"),
        ("Vi protesterer fordi dere ikke svarte i tide.", "reason_given_in_the_mail"),
        ("Vi klager på fakturaen.", ""),
        ("Vi sier opp avtalen.", ""),
    ],
)
def test_the_common_reasons_are_heard(words: str, reason: str, rulebook: Rulebook) -> None:
    patterns = [each for each in rulebook.types["invoice_question"].patterns if each.topic.startswith("objection_")]
    found = {each.topic for each in patterns if each.any and each.any.search(fold(words))}
    assert found == ({f"objection_{reason}"} if reason else set())
