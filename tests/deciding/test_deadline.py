"""The worked examples of domain.md section 3.2, by their numbers; times are Oslo time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.deciding.calendar import OSLO
from processor.deciding.deadline import access_until, add_months, annual, quarterly, quarterly_boundaries, unknown

# number | type and anchor | received | sent | status | last service day | flags
EXAMPLES = """
 1 | A            | 2018-09-14 10:00:00 |                     | timely     | 2018-12-31 |
 2 | A            | 2018-09-30 12:00:00 |                     | timely     | 2018-12-31 | last_day
 3 | A            | 2018-09-30 23:59:59 |                     | timely     | 2018-12-31 | last_day
 4 | A            | 2018-10-01 00:00:00 |                     | late       | 2019-12-31 | weekend_deadline
 5 | A            | 2018-10-01 00:03:00 | 2018-09-30 23:58:00 | borderline | 2018-12-31 | sent_before_recv_after weekend_deadline
 6 | A            | 2018-10-01 08:10:00 |                     | late       | 2019-12-31 | weekend_deadline
 7 | A            | 2028-10-02 08:00:00 |                     | late       | 2029-12-31 | weekend_deadline
 8 | A            | 2019-01-15 09:00:00 |                     | timely     | 2019-12-31 |
 9 | A            | 2018-08-20 09:00:00 |                     | timely     | 2018-12-31 |
10 | A            | 2018-08-20 09:00:00 |                     | timely     | 2018-12-31 |
12 | A            | 2026-09-29 09:00:00 |                     | timely     | 2026-12-31 |
13 | B 2018-02-01 | 2018-12-15 09:00:00 |                     | timely     | 2019-01-31 |
14 | B 2018-02-01 | 2018-12-31 23:59:59 |                     | timely     | 2019-01-31 | last_day
15 | B 2018-02-01 | 2019-01-01 00:00:00 |                     | borderline | 2019-01-31 |
16 | B 2018-02-01 | 2019-01-02 09:00:00 |                     | late       | 2019-04-30 |
17 | B 2018-02-01 | 2019-03-31 12:00:00 |                     | timely     | 2019-04-30 | last_day
18 | B 2018-02-01 | 2019-04-01 09:00:00 |                     | borderline | 2019-04-30 | weekend_deadline
19 | B 2018-02-01 | 2018-02-10 09:00:00 |                     | timely     | 2019-01-31 |
27 | B 2025-12-01 | 2026-10-31 09:00:00 |                     | timely     | 2026-11-30 | last_day
28 | B 2025-12-01 | 2026-11-02 09:00:00 |                     | late       | 2027-02-28 | weekend_deadline
"""

# number | anchor | each exit and the last safe day before it
ROLL_OVER = """
20 | 2018-02-01 | 2019-02-01 2018-12-31, 2019-05-01 2019-03-31, 2019-08-01 2019-06-30, 2019-11-01 2019-09-30, 2020-02-01 2019-12-31
21 | 2020-02-29 | 2021-02-28 2021-01-27, 2021-05-29 2021-04-28, 2021-08-29 2021-07-28, 2021-11-29 2021-10-28, 2022-02-28 2022-01-27
22 | 2018-08-31 | 2019-08-31 2019-07-30, 2019-11-30 2019-10-29, 2020-02-29 2020-01-28, 2020-05-31 2020-04-29, 2020-08-31 2020-07-30
23 | 2019-01-31 | 2020-01-31 2019-12-30, 2020-04-30 2020-03-29
24 | 2019-11-30 | 2020-11-30 2020-10-29, 2021-02-28 2021-01-27, 2021-05-30 2021-04-29
25 | 2023-12-31 | 2024-12-31 2024-11-29, 2025-03-31 2025-02-27, 2025-06-30 2025-05-29
26 | 2018-03-15 | 2019-03-15 2019-02-14
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def oslo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OSLO).astimezone(UTC)


@pytest.mark.parametrize("row", rows(EXAMPLES), ids=lambda row: f"example {row[0]}")
def test_a_notice_reaches_the_day_of_the_worked_example(row: list[str]) -> None:
    _, contract, received, sent, status, last_day, flags = row
    sent_at = oslo(sent) if sent else None
    kind, _, anchor = contract.partition(" ")
    if kind == "A":
        found = annual(oslo(received), sent_at)
    else:
        found = quarterly(date.fromisoformat(anchor), oslo(received), sent_at)
    assert (found.status, str(found.last_service_day)) == (status, last_day)
    assert set(found.flags) == set(flags.split())


@pytest.mark.parametrize("row", rows(ROLL_OVER), ids=lambda row: f"example {row[0]}")
def test_boundaries_are_reckoned_from_the_signing_day_and_never_drift(row: list[str]) -> None:
    _, anchor, pairs = row
    expected = [tuple(pair.split()) for pair in pairs.split(",")]
    found = islice(quarterly_boundaries(date.fromisoformat(anchor)), len(expected))
    assert [(str(each.exit), str(each.last_safe)) for each in found] == expected


def test_example_11_asks_when_no_agreement_ends_on_the_day_wanted() -> None:
    found = annual(oslo("2026-08-10 09:00:00"), wanted=date(2027, 6, 30))
    assert found.flags == ("wanted_other_day",)
    assert found.last_service_day == date(2026, 12, 31)


def test_a_refused_borderline_notice_would_reach_the_next_boundary() -> None:
    day_after = quarterly(date(2018, 2, 1), oslo("2019-01-02 00:00:00"))
    assert day_after.last_service_day == date(2019, 4, 30)


def test_a_mail_that_says_it_was_sent_weeks_ago_is_not_borderline() -> None:
    assert annual(oslo("2018-10-20 09:00:00"), oslo("2018-09-30 09:00:00")).status == "late"


def test_a_date_header_in_the_future_changes_nothing() -> None:
    assert annual(oslo("2018-10-01 09:00:00"), oslo("2018-10-03 09:00:00")).status == "late"


def test_without_a_contract_the_status_is_unknown_and_staff_get_a_candidate() -> None:
    found = unknown(oslo("2026-08-18 10:02:00"), None, None)
    assert (found.status, found.last_service_day, found.basis) == ("unknown", None, None)
    assert [(each.contract, str(each.last_service_day)) for each in found.candidates] == [("A", "2026-12-31")]


def test_access_after_an_annual_agreement_lasts_to_20_june_of_the_year_after_its_end() -> None:
    assert access_until("A", date(2019, 12, 31)) == date(2020, 6, 20)
    assert access_until("B", date(2019, 3, 31)) == date(2019, 3, 31)


days = st.dates(date(2015, 1, 1), date(2035, 12, 31))


@settings(max_examples=60, deadline=None)
@given(anchor=days, wait=st.integers(0, 3000))
def test_no_quarterly_agreement_ends_within_its_first_year_or_less_than_a_month_on(anchor: date, wait: int) -> None:
    received = datetime.combine(anchor, datetime.min.time(), OSLO) + timedelta(days=wait)
    found = quarterly(anchor, received)
    assert found.last_service_day is not None
    leaves = found.last_service_day + timedelta(days=1)
    assert leaves >= add_months(anchor, 12)
    assert add_months(leaves, -1) >= received.date()


@settings(max_examples=60, deadline=None)
@given(day=days, hour=st.integers(0, 23))
def test_a_later_annual_notice_never_ends_sooner(day: date, hour: int) -> None:
    received = datetime(day.year, day.month, day.day, hour, tzinfo=OSLO)
    later = annual(received + timedelta(days=1)).last_service_day
    earlier = annual(received).last_service_day
    assert earlier is not None
    assert later is not None
    assert earlier <= later
