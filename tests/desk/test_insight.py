"""The pages of insight: what they show is what happened, and what they hand out calculates nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.desk import charts, figures
from processor.desk.charts import Series, Told
from processor.desk.figures import Period
from processor.desk.language import LANGUAGES
from processor.desk.report import month_of, months
from processor.desk.spreadsheet import cell, csv_of
from processor.store import tables as t
from processor.store.accounts import Role
from processor.store.corrections import retype
from processor.store.daily import count_days
from processor.store.happened import Count, Measure, monday
from processor.store.people import Person
from processor.store.queue import done
from tests.desk.conftest import Room, room_in
from tests.desk.year import fill_year
from tests.store.made import NOW

TODAY = NOW.date()
TOLD = Told("A title", "What <it> says")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """Two notices that were decided, and half a year behind them; what a test does to them no other looks at."""
    mails = ("termination/01-annual-with-number", "termination/02-nynorsk-without-number")
    for made in room_in(tmp_path_factory.mktemp("insight"), *mails):
        fill_year(made.engine, 300, NOW - timedelta(days=1), days=500)
        yield made


def test_every_page_shows_its_plots_with_words_and_a_table(room: Room) -> None:
    visitor = room.sign_in(Role.READER)
    for path in ("/insight", "/insight?span=year", "/insight/learning", "/insight/report?month=2026-09"):
        page = visitor.get(path)
        svgs = re.findall(r'<svg class="plot.*?</svg>', page, re.S)
        assert len(svgs) >= 2, path
        for svg in svgs:
            root = ElementTree.fromstring(svg)
            assert root.find("title") is not None
            assert (root.findtext("desc") or "")[-1:] == "."
        assert page.count('<table class="list numbers">') >= len(svgs), path
        assert " style=" not in page


def test_numbers_by_day_are_those_of_the_store(room: Room) -> None:
    room.clock.forward(minutes=5)
    count_days(room.engine, NOW)
    client = room.sign_in(Role.READER).client
    answer = client.get("/insight/numbers.csv?from=2026-11-26&to=2026-11-26")
    assert answer.headers["content-disposition"] == 'attachment; filename="insight-2026-11-26-2026-11-26.csv"'
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert ["2026-11-26", "arrived", "termination", "Thu 11", "2"] in rows
    year = list(csv.reader(io.StringIO(client.get("/insight/numbers.csv?span=year").content.decode("utf-8-sig"))))
    assert sum(int(row[4]) for row in year if row[1] == "arrived") > 200


def test_a_day_that_is_none_is_said_and_the_usual_time_shown(room: Room) -> None:
    client = room.sign_in(Role.READER).client
    for query in ("from=2026-11-20", "from=x&to=2026-11-20", "from=2026-11-21&to=2026-11-20",
                  "from=2026-11-20&to=2027-01-01", "from=2020-01-01&to=2026-11-20", "from=2026-02-30&to=2026-11-20"):  # fmt: skip
        answer = client.get(f"/insight?{query}")
        assert answer.status_code == 422, query
        assert 'role="alert"' in answer.text
        assert 'value="2026-10-30"' in answer.text


def test_a_rule_that_was_overruled_leads_to_the_tickets(room: Room) -> None:
    kari = Person(1, "Rita")
    with room.engine.connect() as conn:
        rule, number = conn.execute(t.item.select().where(t.item.c.mail_id == 1).join(t.ticket, t.ticket.c.id == t.item.c.ticket_id)
                                    .with_only_columns(t.item.c.rule, t.ticket.c.number)).one()  # fmt: skip
    retype(room.engine, 1, ["invoice_question"], None, kari, NOW)
    visitor = room.sign_in(Role.READER)
    page = visitor.get("/insight/learning?span=week")
    link = re.findall(r'href="(/insight/rule\?name=[^"]+)"', page.replace("&amp;", "&"))
    assert any(rule in each.replace("%2F", "/") for each in link)
    samples = visitor.get(f"/insight/rule?name={rule}&span=week")
    assert f'href="/ticket/{number}"' in samples
    assert "Changed" in samples
    assert "was not overruled" in visitor.get("/insight/rule?name=none/such")


def test_what_a_person_confirms_shows_as_agreement_at_once(room: Room) -> None:
    visitor = room.sign_in(Role.READER)
    before = visitor.get("/insight/learning?span=week")
    done(room.engine, 2, Person(3, "Per"), NOW)
    after = visitor.get("/insight/learning?span=week")
    assert after != before


def test_without_last_year_the_forecast_says_so(tmp_path: Path) -> None:
    for empty in room_in(tmp_path):
        page = empty.sign_in(Role.READER).get("/insight")
        assert "There is no last year: no mail of September 2026 is known here" in page


def weekly(*numbers: tuple[date, int]) -> dict[date, int]:
    return dict(numbers)


def test_september_is_last_years_grown_as_the_last_weeks_have() -> None:
    today = date(2026, 8, 26)
    last = [(date.fromisocalendar(2025, week, 1), week) for week in range(35, 41)]
    grown = [(monday(today) - timedelta(weeks=each), 20) for each in range(1, 9)]
    before = [(day - timedelta(weeks=52), 10) for day, _ in grown]
    found = figures.forecast(weekly(*last, *grown, *before), today)
    assert (found.year, found.growth) == (2026, 2.0)
    assert list(found.expected) == [2.0 * week for week in range(35, 41)]
    assert list(found.came) == [0, None, None, None, None, None] or found.came[1] is None
    assert figures.forecast(weekly(*last), today).growth is None
    assert list(figures.forecast(weekly(*last), today).expected) == [float(week) for week in range(35, 41)]
    assert not figures.forecast(weekly(*grown), today).known


@pytest.mark.parametrize(
    ("day", "year"), [(date(2026, 8, 1), 2026), (date(2026, 10, 4), 2026), (date(2026, 11, 26), 2027)]
)
def test_the_september_is_this_years_until_it_is_over(day: date, year: int) -> None:
    assert figures.season(day) == year


def test_a_median_is_the_end_of_its_stretch() -> None:
    counts = {Count(TODAY, Measure.ANSWER, "x", 0): 4, Count(TODAY, Measure.ANSWER, "x", 15): 5}
    assert figures.times(counts, Measure.ANSWER).half_within == 0
    counts[Count(TODAY, Measure.ANSWER, "x", 1)] = 2
    assert figures.times(counts, Measure.ANSWER).half_within == 5
    assert figures.times({}, Measure.ANSWER).half_within is None


def test_months_follow_the_calendar() -> None:
    assert months(date(2026, 1, 15), 1) == Period(date(2025, 12, 1), date(2025, 12, 31))
    assert months(date(2026, 3, 31), 12) == Period(date(2025, 3, 1), date(2025, 3, 31))
    for said in ("", "2026-13", "2027-01", "x"):
        assert month_of(said, TODAY) == Period(date(2026, 10, 1), date(2026, 10, 31)), said
    assert month_of("2026-02", TODAY).last == date(2026, 2, 28)


@pytest.mark.parametrize("words", ["=1+1", "+47", "-1", "@x", "\t=x", " =HYPERLINK(1)", "＝cmd"])
def test_T58_no_cell_is_a_formula(words: str) -> None:
    assert cell(words) == f"'{words}"
    assert b"'" in csv_of([[words]], "nb")


def test_plain_cells_stay() -> None:
    assert csv_of([["termination/notice", -3, 'a "b"']], "en") == b'\xef\xbb\xbftermination/notice,-3,"a ""b"""\r\n'


@settings(max_examples=30)
@given(
    st.lists(st.one_of(st.none(), st.integers(0, 100_000)), max_size=60),
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12), min_size=60, max_size=60),
)
def test_a_plot_is_sound_xml_for_any_numbers_and_words(values: list[int | None], words: list[str]) -> None:
    places, series = words[: len(values)], [Series("a<b", values), Series(words[0], values)]
    shares = [Series("s", [None if each is None else each / 100_000 for each in values])]
    for svg in (
        charts.stacked(TOLD, places, series),
        charts.beside(TOLD, places, series),
        charts.lines(TOLD, places, shares),
        charts.grid(TOLD, ["d"], places, [[each or 0 for each in values]]),
        charts.calibration(TOLD, "x", "y", [(0.5, 0.4, each or 1) for each in values]),
    ):
        root = ElementTree.fromstring(svg)
        assert root.findtext("desc") == TOLD.text
        numbers = [float(each.get("height") or 0) for each in root.iter("rect")]
        assert all(0 <= each <= 400 for each in numbers)


def test_the_tallest_bar_reaches_no_higher_than_the_plot_and_higher_than_half() -> None:
    for most in (1, 3, 5, 9, 40, 41, 99, 101, 12_345):
        root = ElementTree.fromstring(charts.stacked(TOLD, ["a"], [Series("s", [most])]))
        (bar,) = root.iter("rect")
        assert 0.24 * 172 <= float(bar.get("height", "0")) <= 172.1, most


def test_pages_are_in_both_languages(room: Room) -> None:
    visitor = room.sign_in(Role.READER)
    titles = set()
    for language in LANGUAGES:
        visitor.post("/account/language", language=language)
        titles.add(re.findall(r"<h1>(.*?)</h1>", visitor.get("/insight"))[0])
    assert titles == {"Insight", "Innsikt"}
