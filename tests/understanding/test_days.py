"""The day meant, in ways that many write it: pointed back to, told of others, at once or only from now on."""

from __future__ import annotations

import pytest

from tests.understanding.made_mail import understood


def day(text: str, subject: str = "") -> str:
    return str(understood(text, subject).fields.effective_date)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vi går over på mandag 16. november. Dere kan slette oss fra ELMA samme dag.", "2026-11-16"),
        ("Vi går over 16. november. Me ber om å bli melde ut av ELMA den dagen.", "2026-11-16"),
        ("We switch on 31 October 2026. Kindly deregister the company from ELMA on that day.", "2026-10-31"),
        ("Vi byter system den 16 november. Avregistrera oss ur ELMA samma dag.", "2026-11-16"),
        ("Vi skifter system den 16. november. Afmeld os fra ELMA samme dag.", "2026-11-16"),
        ("Vi bytter til en annen leverandør 1. november og må ut av ELMA innen da.", "2026-11-01"),
        ("Butikken er solgt og overtas 31. oktober. Visma Global kan avsluttes da, vi sier opp.", "2026-10-31"),
        (
            "Det ble åpnet konkurs den 10. september. Boet trer ikke inn i avtalen om Visma Global, som sies opp fra samme dato.",
            "2026-09-10",
        ),
        (
            "Alle tjenester må avvikles. Kreditorfristen går ut ca. 20. november, så etter den datoen betales ikke noe.",
            "None",
        ),
        ("Vi sier opp Visma Global. Vi hadde styremøte 10. september. Faktura fra samme dag er betalt.", "None"),
    ],
)
def test_that_day_is_the_day_named_before(text: str, expected: str) -> None:
    assert day(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vi ber om at foretaket meldes ut av ELMA så snart dere har anledning.", "asap"),
        ("Ta oss ut av ELMA så fort dere har tid.", "asap"),
        ("Vi säger upp Visma Global. Avtalet kan avslutas direkt.", "asap"),
        ("Vi säger upp Visma Global. Det kan stängas på en gång.", "asap"),
        ("Vi säger upp Visma Global. Ring mig direkt om ni undrar något.", "None"),
        ("Kan noen ta oss ut av ELMA I DAG??", "asap"),
        ("Kan dere se om vi er meldt ut av ELMA i dag?", "None"),
        ("Ny leverandør skal ta over uten opphold i mottaket. Meld oss ut av ELMA.", "None"),
        ("Vi sier opp Visma Global uten opphold.", "asap"),
        ("Meld oss ut av ELMA. Xledger tar imot for oss fra nå av.", "None"),
        ("Would you take us off ELMA? Pagero handles our invoices from now on.", "None"),
        ("Meld oss ut av ELMA fra i dag.", "asap"),
        ("Please deregister us from ELMA as of today.", "asap"),
    ],
)
def test_at_once_is_what_is_asked_for_at_once(text: str, expected: str) -> None:
    assert day(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vi seier opp Visma Global. Avtalen går ut med året 2027.", "2027-12-31"),
        ("Vi sier opp Visma Global, avtalen løper ut med året.", "2026-12-31"),
        ("We won't be renewing Visma Global for 2027, please cancel it.", "2026-12-31"),
        ("We cancel Visma Global. The agreement was renewed in 2026 and ends with the year.", "2026-12-31"),
        ("Meld oss ut av ELMA. Fristen er fredag, ellers blir det først over nyttår.", "None"),
    ],
)
def test_a_year_ends_where_the_words_say(text: str, expected: str) -> None:
    assert day(text) == expected
