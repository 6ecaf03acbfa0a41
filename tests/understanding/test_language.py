from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.rulebook import Model
from processor.understanding import language
from processor.understanding.language import LANGUAGES, features, language_of
from processor.weights import packed
from tests.understanding.made_mail import rulebook


def told(text: str) -> tuple[str, float]:
    return language_of(text, rulebook().vocabulary)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("vi sier opp avtalen", "nb"), ("takk for hjelpen", "nb"), ("jeg mangler kode", "nb"), ("", "nb"),
        ("eg vil seie opp", "nn"), ("me treng kode", "nn"), ("kan de avslutte avtala", "nn"),
        ("please cancel it", "en"), ("new phone no code", "en"), ("invoice copy please", "en"),
        ("vi säger upp avtalet", "sv"), ("jag behöver kod", "sv"), ("tack så mycket", "sv"),
        ("vi opsiger aftalen", "da"), ("jeg har fået ny telefon", "da"), ("tak for hjælpen", "da"),
        ("hejsa, den er gået i stykker", "da"), ("i løpet av veka", "nn"), ("det løyste seg", "nn"), ("problemer siden i morges", "nb"),
    ],
)  # fmt: skip
def test_three_words_tell_the_language(text: str, language: str) -> None:
    assert told(text)[0] == language


def test_addresses_and_product_names_tell_nothing() -> None:
    text = "vi sier opp visma.net time and project, the-team@which.com http://www.could-would.com/the/and"
    assert told(text)[0] == "nb"


def test_more_words_make_it_surer() -> None:
    assert told("vi sier herved opp avtalen deres")[1] > told("visma")[1]


def test_a_trained_model_decides_where_the_lists_leave_it_open() -> None:
    vocabulary, text = rulebook().vocabulary, "dokk kan slutt no"
    lists = language_of(text, vocabulary)
    known = {name: packed([[0, 9000, 0, 0, 0]])[0] for name in features(text, vocabulary) if name.startswith("w:")}
    model = Model("", "", (), {}, (), (), (), (), (), (), {}, languages=known, language_bias=(0.0,) * 5)
    assert language_of(text, vocabulary, model)[0] == "nn"
    long = "Jeg ønsker å si opp avtalen, og ber dere sende en bekreftelse på at den er mottatt."
    assert language_of(long.lower(), vocabulary, model) == language_of(long.lower(), vocabulary)
    assert lists[0] in LANGUAGES


@given(
    st.lists(st.sampled_from(["vi", " ", ".", "no", "@", "/", "\\", "visma", ".com", "æ", "-", "\n", "x" * 99])).map(
        "".join
    )
)
def test_no_address_is_overlooked_for_the_signs_that_it_needs(text: str) -> None:
    assert language._words(text) == language._WORD.findall(language._NO_WORDS.sub(" ", text))[: language.MOST_WORDS]
