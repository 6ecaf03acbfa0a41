"""How long a ticket is kept, by domain.md section 6."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.store.periods import KINDS, Past, Period, months_after, period

RULES = Path(__file__).parent.parent.parent / "rules"
PAST = Past(frozenset({"termination"}), date(2026, 3, 1), date(2026, 3, 5))


def kept(*types: str, **changes: object) -> Period:
    return period(replace(PAST, types=frozenset(types), **changes))  # type: ignore[arg-type]


def test_a_termination_is_kept_three_and_a_half_years_after_the_year_in_which_the_contract_ended() -> None:
    assert kept("termination").all_until == date(2030, 6, 30)
    assert kept("termination", ends=date(2027, 12, 31)).all_until == date(2031, 6, 30)
    assert kept("termination", ends=date(2025, 1, 1)).all_until == date(2030, 6, 30)
    assert kept("termination").required_until == date(2030, 6, 30)


def test_one_that_an_invoice_rests_on_is_kept_five_years() -> None:
    assert kept("termination", invoiced=True).all_until == date(2031, 12, 31)


def test_forms_of_rights_go_thirty_days_after_handling_and_their_evidence_a_year_after_the_right() -> None:
    alive = kept("otp_rights", granted=True)
    assert (alive.bytes_until, alive.all_until) == (date(2026, 4, 4), None)
    ended = kept("admin_access", granted=True, grant_ended=date(2028, 2, 29))
    assert (ended.bytes_until, ended.all_until) == (date(2026, 4, 4), date(2029, 2, 28))
    assert kept("otp_rights").all_until == date(2027, 3, 5)


@pytest.mark.parametrize("name", ["elma_question", "invoice_question", "elma_register", "other", "no_action"])
def test_questions_are_kept_twelve_months(name: str) -> None:
    assert kept(name) == Period(date(2027, 3, 5), date(2027, 3, 5), f"{name}: 12 months after the last change")


def test_automatic_mail_is_kept_thirty_days_after_it_came() -> None:
    assert kept().all_until == date(2026, 3, 31)
    assert kept().all_over(date(2026, 4, 1))
    assert not kept().all_over(date(2026, 3, 31))


def test_a_type_of_the_operators_own_is_kept_as_an_agreement() -> None:
    assert kept("fisherman") == replace(kept("termination"), why="fisherman: 3 years 6 months after the end of 2026")


def test_every_shipped_type_has_its_period() -> None:
    assert {path.stem for path in RULES.glob("*.toml")} - {"general"} - set(KINDS) == set()


@settings(max_examples=50)
@given(st.sets(st.sampled_from([*KINDS, "own"]), min_size=1), st.booleans(), st.booleans())
def test_a_ticket_is_kept_as_the_longest_of_what_it_asks_for(types: set[str], invoiced: bool, granted: bool) -> None:
    whole = kept(*types, invoiced=invoiced, granted=granted)
    for each in types:
        alone = kept(each, invoiced=invoiced, granted=granted)
        assert (whole.all_until or date.max) >= (alone.all_until or date.max)
        assert (whole.required_until or date.min) >= (alone.required_until or date.min)


@settings(max_examples=50)
@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 120))
def test_months_later_lie_in_that_month(day: date, months: int) -> None:
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert ((later + timedelta(days=1)).day == 1) >= ((day + timedelta(days=1)).day == 1)
