"""Dates, numbers and names in letters (voice.md; threats T35, T36)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from processor.deciding.wording import (
    company_in_words,
    first_name,
    in_words,
    kroner,
    moment_in_words,
    org_no_in_words,
    org_nos_in_words,
)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nb", "tirsdag 18. august 2026 kl. 10.02"),
        ("nn", "tysdag 18. august 2026 kl. 10.02"),
        ("en", "Tuesday 18 August 2026 at 10.02 (Oslo time)"),
        ("sv", "tisdagen den 18 augusti 2026 kl. 10.02"),
        ("da", "tirsdag den 18. august 2026 kl. 10.02"),
    ],
)
def test_a_moment_is_told_in_oslo_time_in_each_language(language: str, words: str) -> None:
    assert moment_in_words(datetime(2026, 8, 18, 8, 2, tzinfo=UTC), language) == words


def test_the_last_seconds_of_september_are_told_by_oslo_and_not_by_utc() -> None:
    assert moment_in_words(datetime(2018, 9, 30, 22, 0, tzinfo=UTC), "nb") == "mandag 1. oktober 2018 kl. 00.00"


def test_a_sunday_in_nynorsk() -> None:
    assert in_words(date(2027, 6, 20), "nn") == "sundag 20. juni 2027"


def test_an_organisation_number_is_written_in_threes_and_nothing_else_is() -> None:
    assert org_no_in_words("974760673") == "974 760 673"
    assert org_no_in_words("97476067") == ""
    assert org_no_in_words("http://x9") == ""


@pytest.mark.parametrize(
    ("shown", "first"),
    [
        ("Kari Holm", "Kari"),
        ("Holm, Kari", "Kari"),
        ("Anne-Marie Østbye", "Anne-Marie"),
        ("Øystein Aas Nilsen", "Øystein"),
        ("Kari", ""),
        ("Fjord Bygg AS", ""),
        ("Tind Regnskap", ""),
        ("Kundeservice Norge", ""),
        ("Du har vunnet http://evil.example", ""),
        ("Du Har Vunnet", ""),
        ("kari holm", ""),
        ("KARI HOLM", ""),
        ("Kari4 Holm", ""),
        ("Kari {{ 7*7 }}", ""),
        ("Kari\r\nBcc: x@y.no", ""),
        ("K" * 30 + " Holm", ""),
        ("Advokat Hege Ruud", "Hege"),
        ("Hege Ruud, advokat", "Hege"),
        ("Dr. Kari Holm", "Kari"),
        ("Advokat Ruud", ""),
        ("Advokatfirmaet Ruud", ""),
        ("Bostyrer Hege Ruud", "Hege"),
        ("Siv Opheim", "Siv"),
        ("", ""),
    ],
)
def test_T36_only_a_plain_first_name_is_greeted(shown: str, first: str) -> None:
    assert first_name(shown) == first


@pytest.mark.parametrize(
    "name", ["Fjord Bygg AS", "Havn og Lager DA", "Hansen & Sønn ANS", "Borettslaget Solbakken", "Tind AS KONKURSBO"]
)
def test_a_company_with_a_known_form_is_named(name: str) -> None:
    assert company_in_words(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "Fjord Bygg",
        "Ring 22 22 22 22 AS",
        "evil.example AS",
        "http://evil AS",
        "Du har vunnet da",
        "A" * 70 + " AS",
        None,
        "AS",
    ],
)
def test_T35_what_has_not_the_shape_of_a_company_is_left_out(name: str | None) -> None:
    assert company_in_words(name) == ""


def test_several_organisation_numbers_are_named_in_one_breath() -> None:
    numbers = ["974 760 673", "991 825 827", "923 609 016"]
    assert org_nos_in_words(numbers[:1], "nb") == "974 760 673"
    assert org_nos_in_words(numbers[:2], "en") == "974 760 673 and 991 825 827"
    assert org_nos_in_words(numbers, "sv") == "974 760 673, 991 825 827 och 923 609 016"
    # A group of twenty would fill the letter: then it names none.
    assert org_nos_in_words(numbers * 7, "nb") == ""
    assert org_nos_in_words([], "nb") == ""


@pytest.mark.parametrize(("language", "words"), [("nb", "4 800,00"), ("nn", "4 800,00"), ("en", "4,800.00")])
def test_money_has_the_signs_of_its_language(language: str, words: str) -> None:
    assert kroner(Decimal(4800), language) == words
