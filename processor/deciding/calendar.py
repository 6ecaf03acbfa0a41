"""Norwegian business days and due times (domain.md section 3.4); the only importer of dateutil.

The public holidays are twelve days a year by law (lov om helligdager og helligdagsfred, section 2, and lov om
1. og 17. mai).  The holidays package knows those of all countries and takes twelve megabytes for it, so
it only checks these, in the tests.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.easter import easter  # type: ignore[import-untyped]

from processor.deciding.boundaries import add_months

OSLO = ZoneInfo("Europe/Oslo")
OPENING = time(8, 0)
CLOSING = time(16, 0)
FIXED = ((1, 1), (5, 1), (5, 17), (12, 25), (12, 26))
"""Month and day of the holidays that never move."""
FROM_EASTER = (-3, -2, 0, 1, 39, 49, 50)
"""Days from Easter Sunday: from Maundy Thursday to Easter Monday, Ascension, and the two days of Whitsun."""


@lru_cache(maxsize=32)
def public_holidays(year: int) -> frozenset[date]:
    """The year's public holidays, Sundays among them."""
    moving = (easter(year) + timedelta(days) for days in FROM_EASTER)
    return frozenset((*(date(year, month, day) for month, day in FIXED), *moving))


def is_business_day(day: date) -> bool:
    """Monday to Friday and no public holiday; 24 and 31 December are ordinary days."""
    return day.weekday() < 5 and day not in public_holidays(day.year)


def business_day_before(day: date) -> date:
    """The day itself, or the last business day before it: what to name where a day must not be missed."""
    while not is_business_day(day):
        day -= timedelta(days=1)
    return day


@lru_cache(maxsize=64)
def add_business_days(day: date, count: int) -> date:
    """The day that is so many business days after another; 0 gives the day or the next business day."""
    while not is_business_day(day):
        day += timedelta(days=1)
        if count:
            count -= is_business_day(day)
    for _ in range(count):
        day += timedelta(days=1)
        while not is_business_day(day):
            day += timedelta(days=1)
    return day


def due(arrival: datetime, days: int) -> datetime:
    """16.00 in Oslo so many business days after the day of arrival, in UTC.

    With 0 days, what arrives after 16.00 is due on the next business day.
    """
    local = arrival.astimezone(OSLO)
    day = local.date()
    if days == 0 and local.time() >= CLOSING:
        day += timedelta(days=1)
    return _closing(add_business_days(day, days))


@lru_cache(maxsize=64)
def _closing(day: date) -> datetime:
    return datetime.combine(day, CLOSING, OSLO).astimezone(UTC)


def due_in_months(arrival: datetime, months: int) -> datetime:
    """16.00 in Oslo on the last business day by the same day so many months on, in UTC (domain.md example 39)."""
    return _closing(business_day_before(add_months(arrival.astimezone(OSLO).date(), months)))


def morning(moment: datetime, days: int) -> datetime:
    """8.00 in Oslo so many business days after the day of a moment, in UTC."""
    day = add_business_days(moment.astimezone(OSLO).date(), days)
    return datetime.combine(day, OPENING, OSLO).astimezone(UTC)
