from __future__ import annotations

import pytest

from processor.understanding.language import language_of
from tests.understanding.made_mail import rulebook


def told(text: str) -> tuple[str, float]:
    words = rulebook().vocabulary
    return language_of(text, words.languages, words.letters)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("vi sier opp avtalen", "nb"), ("takk for hjelpen", "nb"), ("jeg mangler kode", "nb"), ("", "nb"),
        ("eg vil seie opp", "nn"), ("me treng kode", "nn"), ("kan de avslutte avtala", "nn"),
        ("please cancel it", "en"), ("new phone no code", "en"), ("invoice copy please", "en"),
        ("vi säger upp avtalet", "sv"), ("jag behöver kod", "sv"), ("tack så mycket", "sv"),
        ("vi opsiger aftalen", "da"), ("jeg har fået ny telefon", "da"), ("tak for hjælpen", "da"),
    ],
)  # fmt: skip
def test_three_words_tell_the_language(text: str, language: str) -> None:
    assert told(text)[0] == language


def test_addresses_and_product_names_tell_nothing() -> None:
    text = "vi sier opp visma.net time and project, the-team@which.com http://www.could-would.com/the/and"
    assert told(text)[0] == "nb"


def test_more_words_make_it_surer() -> None:
    assert told("vi sier herved opp avtalen deres")[1] > told("visma")[1]
