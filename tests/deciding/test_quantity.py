"""The quantity on an invoice (domain.md 1.6): worked out from the mail's numbers, or left to a person."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.deciding.quantity import Calculation, Reckoning, reckon


@pytest.mark.parametrize(
    ("text", "quantity", "users"),
    [
        ("Hvorfor står det antall 108 på fakturaen?", 108, 9),
        ("Antallet på faktura 70418832 er 12. Vi har bare en lisens.", 12, 1),
        ("På faktura 70418832 står det antall 60 på Visma Business. Vi har fem brukere.", 60, 5),
        ("The quantity is 24 but we only have two users?", 24, 2),
        ("Det er fakturert 36 stk, kva betyr det?", 36, 3),
        ("Severa: antall 60, 10 lisenser i 6 måneder", 60, 10),
        ("Det står antall 108 på linjen. Vi har da ikke 108 brukere, vi er 9 stykker på kontoret.", 108, 9),
        ("Antall 108? Me er berre ni.", 108, 9),
        ("Vi er en liten bedrift. Hva betyr antall 108 på fakturaen?", 108, 9),
    ],
)
def test_a_quantity_is_divided_into_users(text: str, quantity: int, users: int) -> None:
    found = reckon(text)
    assert found.mismatch == ""
    assert [(each.quantity, each.users) for each in found.calculations] == [(quantity, users)]


@pytest.mark.parametrize(
    "text",
    [
        "32 brukere x 50 kr x 3 måneder, hva blir det?",
        "32 × 50 × 3 = 4 800, stemmer det?",
        "Vi har 32 brukere til 50 kr per måned i perioden 01.12.2017–28.02.2018. Beløpet er kr 4 800,00.",
        "32 users at NOK 50 per month for 3 months, invoiced NOK 4,800.00",
    ],
)
def test_users_times_price_times_months_is_4800(text: str) -> None:
    assert reckon(text) == Reckoning((Calculation(32, 3, price=Decimal(50), amount=Decimal(4800)),))


@pytest.mark.parametrize(
    "text",
    [
        "32 brukere x 50 kr x 3 måneder er jo ikke kr 1 044,00",
        "32 x 50 x 3 = 1,044?",
        "32 brukere til 50 kr per måned i 3 måneder, men beløpet er 6 000,00 kr",
    ],
)
def test_an_amount_that_differs_goes_to_a_person(text: str) -> None:
    assert reckon(text) == Reckoning(mismatch="amount_mismatch")


@pytest.mark.parametrize(
    "text",
    [
        "Antallet er 100 på årsfakturaen.",
        "Hvorfor betaler vi for 12 brukere når vi bare har 9 brukere?",
        "Det står antall 108, men vi har 8 brukere.",
        "Antall 54 på en faktura for 12 måneder",
    ],
)
def test_a_quantity_that_does_not_fit_goes_to_a_person(text: str) -> None:
    assert reckon(text) == Reckoning(mismatch="quantity_mismatch")


@pytest.mark.parametrize(
    "text",
    ["", "Hva betyr antallet på fakturaen?", "Faktura 70418832 fra 2026, kundenr 1180457", "Antall 7 for 3 måneder?"],
)
def test_too_few_numbers_say_nothing(text: str) -> None:
    assert reckon(text) == Reckoning()


@given(st.integers(1, 400))
@settings(max_examples=50)
def test_twelve_times_the_users_is_always_explained(users: int) -> None:
    if 1990 <= users * 12 <= 2099:
        return
    text = f"Antall {users * 12} på fakturaen, vi har {users} brukere"
    assert reckon(text) == Reckoning((Calculation(users, 12, users * 12),))


@given(st.text(max_size=300))
@settings(max_examples=100)
def test_any_text_can_be_asked(text: str) -> None:
    assert reckon(text).mismatch in ("", "amount_mismatch", "quantity_mismatch")
