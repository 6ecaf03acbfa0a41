"""The worked examples of deadline-examples.md, row by row, and the laws that hold for all days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.contract import Agreements, Contract, NoticeRule
from processor.deciding.boundaries import add_months, boundaries
from processor.deciding.calendar import OSLO
from processor.deciding.deadline import Notice, access_rule, access_until, deadline, reckon, unknown
from processor.deciding.worked import Example, examples, expected, moment, reckoned
from processor.loading.agreements import load_agreements
from processor.ticket import Deadline

HERE = Path(__file__).parent
AGREEMENTS, PROBLEMS = load_agreements(HERE.parent.parent / "rules" / "data" / "families.toml")
A, B = AGREEMENTS.rules["A"], AGREEMENTS.rules["B"]
EXAMPLES = list(examples((HERE / "deadline-examples.md").read_text(encoding="utf-8")))


@pytest.fixture
def agreements() -> Agreements:
    return AGREEMENTS


def contract(kind: str = "B", signed: date | None = date(2018, 2, 1), **changes: object) -> Contract:
    usual = Contract("100042", "974760673", "Fjord Bygg AS", (), "Visma Global", "global", kind, signed)
    return replace(usual, **changes)  # type: ignore[arg-type]


def test_the_table_holds_all_forty_examples() -> None:
    assert {int(each.number) for each in EXAMPLES} == set(range(1, 41))
    assert PROBLEMS == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: f"example {each.number}, {each.heading}")
def test_a_worked_example_comes_out_as_the_table_says(example: Example, agreements: Agreements) -> None:
    found = reckoned(example, agreements)
    assert len(found) >= 2
    assert found == expected(example, found)


def test_a_changed_cell_of_the_table_is_noticed(agreements: Agreements) -> None:
    first = EXAMPLES[0]
    changed = replace(first, cells={**first.cells, "last day": "31.12.2019"})
    found = reckoned(changed, agreements)
    assert found != expected(changed, found)


def test_a_later_end_that_is_wanted_is_taken_when_it_is_one(agreements: Agreements) -> None:
    found = reckon(A, Notice(moment("10.08.2026"), wanted=date(2027, 12, 31)))
    assert (found.status, found.last_service_day, found.flags) == ("timely", date(2027, 12, 31), ("wanted_later",))
    assert found.last_safe_notice_day == date(2027, 9, 30)


@pytest.mark.parametrize("received", ["15.01.2019", "05.10.2018"])
def test_who_asks_for_the_very_end_that_is_reached_is_in_time_for_it(received: str) -> None:
    late = reckon(A, Notice(moment(received)))
    asked = reckon(A, Notice(moment(received), wanted=date(2019, 12, 31)))
    assert (late.status, asked.status) == ("late", "timely")
    assert late.last_service_day == asked.last_service_day == date(2019, 12, 31)


def test_a_notice_is_late_for_the_invoiced_year_in_the_month_of_the_invoice_alone() -> None:
    days = ("31.12.2018", "01.01.2019", "31.01.2019", "01.02.2019")
    told = [reckon(A, Notice(moment(each))) for each in days]
    assert [each.status for each in told] == ["late", "late", "late", "timely"]
    assert {each.last_service_day for each in told} == {date(2019, 12, 31)}


def test_an_end_that_is_wanted_too_early_is_flagged_and_changes_no_date() -> None:
    found = reckon(B, Notice(moment("10.02.2018"), wanted=date(2018, 3, 31)), date(2018, 2, 1))
    assert (found.last_service_day, found.flags) == (date(2019, 1, 31), ("wanted_too_early",))


def test_a_day_wanted_in_another_century_is_flagged_and_sought_no_longer() -> None:
    found = reckon(B, Notice(moment("10.02.2018"), wanted=date(9999, 12, 31)), date(2018, 2, 1))
    assert (found.last_service_day, found.flags) == (date(2019, 1, 31), ("wanted_no_boundary",))


def test_the_first_day_without_service_that_is_wanted_means_the_day_before_it() -> None:
    assert reckon(A, Notice(moment("10.08.2026"), wanted=date(2027, 1, 1))).flags == ()


def test_a_mail_that_says_it_was_sent_weeks_ago_is_not_borderline() -> None:
    assert reckon(A, Notice(moment("20.10.2018"), sent=moment("30.09.2018"))).status == "late"


def test_a_notice_dated_tomorrow_is_reckoned_from_its_arrival() -> None:
    assert reckon(A, Notice(moment("01.10.2018"), sent=moment("03.10.2018"))).status == "late"
    assert reckon(A, Notice(moment("30.09.2018"), sent=moment("01.10.2018"))).status == "timely"


def test_without_a_contract_the_status_is_unknown_and_staff_get_a_candidate(agreements: Agreements) -> None:
    found = unknown(Notice(moment("18.08.2026 10:02")), agreements)
    assert (found.status, found.last_service_day, found.basis) == ("unknown", None, None)
    assert [(each.contract, str(each.last_service_day)) for each in found.candidates] == [("A", "2026-12-31")]


def test_an_unknown_type_a_missing_signing_day_and_an_unknown_family_rule_promise_nothing(
    agreements: Agreements,
) -> None:
    notice = Notice(moment("18.08.2026"))
    for known, flag in (
        (contract(kind="", family="business"), "type_unknown"),
        (contract(signed=None), "signing_unknown"),
        (contract(family="severa"), "rule_unknown"),
        (contract(family="avendo"), "rule_unknown"),
    ):
        found = deadline(known, notice, agreements)
        assert (found.status, found.last_service_day, found.flags) == ("unknown", None, (flag,))


def test_another_desks_family_gives_staff_a_candidate_and_no_deadline(agreements: Agreements) -> None:
    found = deadline(
        contract(family="eaccounting", invoiced_to=date(2026, 12, 31)), Notice(moment("31.12.2026")), agreements
    )
    assert (found.status, found.last_service_day) == ("unknown", None)
    assert found.candidates[0].last_service_day == date(2026, 12, 31)
    assert found.flags == ("other_desk", "last_day")


def test_invoices_that_run_from_another_day_than_signing_give_the_later_end_as_a_candidate(
    agreements: Agreements,
) -> None:
    notice = Notice(moment("15.12.2018"))
    fits = deadline(contract(invoiced_to=date(2018, 10, 31)), notice, agreements)
    assert (fits.last_service_day, fits.candidates, fits.flags) == (date(2019, 1, 31), (), ())
    differs = deadline(contract(invoiced_to=date(2018, 11, 14)), notice, agreements)
    assert differs.last_service_day == date(2019, 1, 31)
    assert [each.last_service_day for each in differs.candidates] == [date(2019, 2, 14)]
    assert differs.flags == ("invoices_differ",)


def test_a_contracts_access_is_part_of_its_deadline_with_what_it_rests_on(agreements: Agreements) -> None:
    annual = deadline(contract(kind="A", family="business"), Notice(moment("05.10.2018")), agreements)
    assert annual.access_until == date(2020, 6, 20)
    # The end is an interpretation, since the notice came too late for the year before; so is what is counted from it.
    assert dict(annual.bases)["access_until"] == "interpretation"
    plain = deadline(contract(kind="A", family="business"), Notice(moment("14.09.2018")), agreements)
    assert dict(plain.bases)["access_until"] == "source"
    payroll = deadline(contract(kind="A", family="huldt_lillevik"), Notice(moment("05.10.2018")), agreements)
    assert payroll.access_until is None
    assert "no new accounting year" in payroll.access
    silent = deadline(contract(kind="A", family="crm"), Notice(moment("05.10.2018")), agreements)
    assert (silent.access_until, silent.access) == (None, "")


def test_the_cloud_payroll_is_open_to_the_end_of_the_year(agreements: Agreements) -> None:
    rule = access_rule("huldt_lillevik_cloud", "B", agreements)
    assert rule is not None
    assert access_until(rule, date(2026, 5, 31)) == date(2026, 12, 31)


days = st.dates(date(2015, 1, 1), date(2035, 12, 31))
hours = st.integers(0, 23)
anchored_rules = st.sampled_from([B, AGREEMENTS.rules["three_months"], AGREEMENTS.rules["renewal"]])


def reached(found: Deadline) -> date:
    assert found.last_service_day is not None
    return found.last_service_day


@settings(max_examples=60, deadline=None)
@given(anchor=days, wait=st.integers(0, 3000))
def test_no_quarterly_agreement_ends_within_its_first_year_or_less_than_a_month_on(anchor: date, wait: int) -> None:
    received = datetime.combine(anchor, datetime.min.time(), OSLO) + timedelta(days=wait)
    leaves = reached(reckon(B, Notice(received), anchor)) + timedelta(days=1)
    assert leaves >= add_months(anchor, 12)
    assert add_months(leaves, -1) >= received.date()


@settings(max_examples=100, deadline=None)
@given(
    day=days, hour=hours, anchor=days, step=st.integers(1, 400), rule=st.sampled_from(list(AGREEMENTS.rules.values()))
)
def test_an_earlier_notice_never_ends_later(day: date, hour: int, anchor: date, step: int, rule: NoticeRule) -> None:
    received = datetime(day.year, day.month, day.day, hour, tzinfo=OSLO)
    earlier = reckon(rule, Notice(received), anchor)
    later = reckon(rule, Notice(received + timedelta(days=step)), anchor)
    assert reached(earlier) <= reached(later)


@settings(max_examples=60, deadline=None)
@given(anchor=days, rule=anchored_rules)
def test_month_ends_do_not_drift(anchor: date, rule: NoticeRule) -> None:
    for number, each in enumerate(islice(boundaries(rule, anchor - timedelta(days=1), anchor), 30)):
        assert each.exit == add_months(anchor, rule.bound_months + number * rule.every_months)
        assert each.exit.day == anchor.day or (each.exit + timedelta(days=1)).day == 1


@settings(max_examples=60, deadline=None)
@given(day=days, minute=st.integers(0, 24 * 60 - 1), anchor=days)
def test_only_oslos_day_counts_and_never_utcs(day: date, minute: int, anchor: date) -> None:
    at_noon = datetime(day.year, day.month, day.day, 12, tzinfo=OSLO).astimezone(UTC)
    local = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=OSLO).astimezone(UTC)
    for rule in (A, B):
        assert reckon(rule, Notice(local), anchor) == reckon(rule, Notice(at_noon), anchor)


@settings(max_examples=60, deadline=None)
@given(day=days, anchor=days)
def test_a_weekend_is_flagged_at_most_and_shifts_nothing(day: date, anchor: date) -> None:
    received = datetime(day.year, day.month, day.day, 12, tzinfo=OSLO)
    for rule in (A, B):
        before = next(boundaries(rule, day, anchor))
        found = reckon(rule, Notice(received), anchor)
        in_time = day <= before.last_safe and day.month != rule.invoiced_month
        assert (found.status == "timely") == in_time
        if "weekend_deadline" in found.flags:
            assert found.status != "timely"
            assert before.last_safe.weekday() >= 5
