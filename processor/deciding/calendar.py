"""Norwegian business days and due times; the only importer of holidays (domain.md section 3.4)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

from processor.deciding.boundaries import add_months

OSLO = ZoneInfo("Europe/Oslo")
OPENING = time(8, 0)
CLOSING = time(16, 0)


@lru_cache(maxsize=32)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(country_holidays("NO", years=year))


def is_business_day(day: date) -> bool:
    """Monday to Friday and no public holiday; 24 and 31 December are ordinary days."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def business_day_before(day: date) -> date:
    """The day itself, or the last business day before it: what to name where a day must not be missed."""
    while not is_business_day(day):
        day -= timedelta(days=1)
    return day


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
    return datetime.combine(add_business_days(day, days), CLOSING, OSLO).astimezone(UTC)


def due_in_months(arrival: datetime, months: int) -> datetime:
    """16.00 in Oslo on the last business day by the same day so many months on, in UTC (domain.md example 39)."""
    day = business_day_before(add_months(arrival.astimezone(OSLO).date(), months))
    return datetime.combine(day, CLOSING, OSLO).astimezone(UTC)


def morning(moment: datetime, days: int) -> datetime:
    """8.00 in Oslo so many business days after the day of a moment, in UTC."""
    day = add_business_days(moment.astimezone(OSLO).date(), days)
    return datetime.combine(day, OPENING, OSLO).astimezone(UTC)
