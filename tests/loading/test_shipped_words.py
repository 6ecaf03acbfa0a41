"""What many customers write is heard by the shipped patterns, in each of the five languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.findings import Language
from processor.loading.rules import load_rulebook
from processor.message import Extracted
from processor.pipeline import read_and_understand, struck
from processor.rulebook import Rulebook
from processor.understanding.language import language_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook(ROOT / "rules", ROOT / "templates", (), None)


def found(words: str, rulebook: Rulebook) -> frozenset[str]:
    raw = f"From: x@y-demo.no\nSubject: Hei\nContent-Type: text/plain; charset=utf-8\n\n{words}\n".encode()
    return struck(read_and_understand(raw, rulebook, lambda *_: Extracted()), rulebook)


@pytest.mark.parametrize(
    "words",
    [
        "Vi ber om at dere sletter personopplysningene våre.",
        "Jeg krever sletting av mine opplysninger.",
        "Me ber om at de slettar alt om oss, jf. personvernlova.",
        "Eg ynskjer at de sletter personopplysningane mine.",
        "Jag begär att ni raderar mina personuppgifter enligt artikel 17.",
        "Jeg beder om sletning af mine oplysninger.",
        "Please delete my personal data.",
        "We request erasure of our data under article 17.",
    ],
)
def test_a_demand_for_erasure_is_heard(words: str, rulebook: Rulebook) -> None:
    assert "agreement_question/erasure-demanded" in found(words, rulebook)


@pytest.mark.parametrize(
    "words",
    ["Hvordan sletter dere personopplysninger?", "Slett brukeren Ola i Visma.net.", "Vi sier opp avtalen.",
     "Slett denne e-posten og data om oss hvis du har fått den ved en feil."],
)  # fmt: skip
def test_a_question_on_erasure_or_another_thing_to_delete_is_no_demand(words: str, rulebook: Rulebook) -> None:
    assert "agreement_question/erasure-demanded" not in found(words, rulebook)


def test_who_asks_for_a_confirmation_of_the_notice_does_not_remind_of_one(rulebook: Rulebook) -> None:
    name = "termination_question/got-our-notice"
    for words in (
        "Jag begär skriftlig bekräftelse på uppsägningen.",
        "Vi ber om skriftlig bekreftelse på oppsigelsen.",
    ):
        assert name not in found(words, rulebook)
    assert name in found("Vi har ikke fått bekreftelse på oppsigelsen vi sendte i mai.", rulebook)
    assert name in found("Vi ber om bekreftelse på oppsigelsen vi sendte i mai.", rulebook)


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("i dag ligg vi hos eit anna aksesspunkt", "nn"),
        ("fakturaen kjem mykje seinare enn før", "nn"),
        ("i dag ligger vi hos et annet aksesspunkt", "nb"),
        ("vi vil registrere oss i elma gjennom autoinvoice", "nb"),
        ("vi vill registrera oss hos en annan operatör", "sv"),
        ("vi vil gerne registreres hos en anden udbyder", "da"),
    ],
)
def test_a_short_mail_in_one_of_two_neighbours_is_told_apart(
    words: str, language: Language, rulebook: Rulebook
) -> None:
    assert language_of(words, rulebook.vocabulary)[0] == language


WORDS = sorted(set(re.findall(r"\w+", (ROOT / "rules" / "data" / "names.toml").read_text("utf-8"))))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([*WORDS, "klienten", "dødsboet", ",", "\n"]), max_size=30).map(" ".join))
def test_signs_hide_nothing_that_a_list_finds(rulebook: Rulebook, text: str) -> None:
    vocabulary = rulebook.vocabulary
    signed = [name for name, signs in vocabulary.signs.items() if signs]
    assert "names.accountant" in signed
    for name in signed:
        assert vocabulary.says(name, text) == bool(vocabulary.phrases[name].search(text)), name
