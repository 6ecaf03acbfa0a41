"""Business days and due times (domain.md 3.4; worked examples 36 to 38)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from holidays import country_holidays

from processor.deciding.calendar import add_business_days, due, due_in_months, is_business_day, public_holidays


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [("2026-04-01", 5, "2026-04-13"), ("2026-05-15", 2, "2026-05-19"), ("2026-12-23", 2, "2026-12-28")],
    ids=["example 36, over Easter", "example 37, over 17 May", "example 38, over Christmas"],
)
def test_business_days_pass_over_weekends_and_holidays(start: str, days: int, end: str) -> None:
    assert add_business_days(date.fromisoformat(start), days) == date.fromisoformat(end)


@pytest.mark.parametrize("day", ["2026-05-01", "2026-05-14", "2026-05-25", "2027-05-17", "2026-12-26", "2026-11-29"])
def test_holidays_and_weekends_are_no_business_days(day: str) -> None:
    assert not is_business_day(date.fromisoformat(day))


@pytest.mark.parametrize("year", range(2000, 2100))
def test_the_public_holidays_are_those_of_the_law(year: int) -> None:
    assert public_holidays(year) == set(country_holidays("NO", years=year))


def test_christmas_eve_and_new_years_eve_are_business_days() -> None:
    assert is_business_day(date(2026, 12, 24))
    assert is_business_day(date(2026, 12, 31))


def test_due_is_at_16_in_oslo_in_summer_and_winter() -> None:
    assert due(datetime(2026, 8, 18, 8, 2, tzinfo=UTC), 1) == datetime(2026, 8, 19, 14, 0, tzinfo=UTC)
    assert due(datetime(2026, 11, 3, 8, 2, tzinfo=UTC), 1) == datetime(2026, 11, 4, 15, 0, tzinfo=UTC)


def test_the_day_of_arrival_is_oslos_day() -> None:
    assert due(datetime(2026, 8, 17, 22, 30, tzinfo=UTC), 1) == datetime(2026, 8, 19, 14, 0, tzinfo=UTC)


def test_the_same_day_is_the_next_business_day_after_closing() -> None:
    assert due(datetime(2026, 8, 18, 13, 59, tzinfo=UTC), 0) == datetime(2026, 8, 18, 14, 0, tzinfo=UTC)
    assert due(datetime(2026, 8, 21, 14, 0, tzinfo=UTC), 0) == datetime(2026, 8, 24, 14, 0, tzinfo=UTC)


def test_a_mail_on_saturday_counts_from_monday() -> None:
    assert add_business_days(date(2026, 8, 22), 0) == date(2026, 8, 24)
    assert add_business_days(date(2026, 8, 22), 1) == date(2026, 8, 24)
    assert add_business_days(date(2026, 8, 22), 2) == date(2026, 8, 25)


def test_a_month_ends_on_the_last_business_day_within_it() -> None:
    # Example 39: asked on Saturday 31 January 2026; 28 February is a Saturday too.
    assert due_in_months(datetime(2026, 1, 31, 10, 0, tzinfo=UTC), 1) == datetime(2026, 2, 27, 15, 0, tzinfo=UTC)
    # 17 May 2027 is a holiday on a Monday.
    assert due_in_months(datetime(2027, 4, 17, 10, 0, tzinfo=UTC), 1) == datetime(2027, 5, 14, 14, 0, tzinfo=UTC)
