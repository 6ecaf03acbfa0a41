"""The pages of insight: plots of a period, how often staff agreed, a month on paper, and the numbers as CSV."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from starlette.responses import Response

from processor.desk import figures, learning
from processor.desk.answering import page
from processor.desk.asking import Asked, Desk
from processor.desk.figures import Period
from processor.desk.insight import Panels
from processor.desk.language import N_, translations
from processor.desk.report import key_figures, month_of, months
from processor.desk.spreadsheet import csv_of
from processor.desk.wording import OSLO, WEEKDAYS, Wording
from processor.store.daily import daily_counts, weekly_arrivals
from processor.store.happened import (
    BINS,
    HANDLED,
    MINUTES,
    MISSED,
    SAID,
    Count,
    Measure,
    midnight,
    monday,
)
from processor.store.overruled import overruled

SPANS = {"week": 7, "month": 28, "quarter": 91, "year": 364}
SPAN_WORDS = {
    "week": N_("7 days"),
    "month": N_("4 weeks"),
    "quarter": N_("13 weeks"),
    "year": N_("52 weeks"),
}
SAID_WORDS = {"changed": N_("Changed"), "rejected": N_("Rejected")}
LONGEST = timedelta(days=366 * 3)
SAMPLES = 50
LEARNING = (Measure.SAID, Measure.SURE_AGREED, Measure.SURE_NOT, Measure.RULE)
NUMBERS = tuple(each for each in Measure if each not in (*LEARNING[1:], Measure.COUNTED))
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def insight(desk: Desk, asked: Asked) -> Response:
    """What came, how long it took, what was answered alone, and what September will bring."""
    period, wrong = _period(desk, asked, "month")
    made = _panels(desk, asked, period, NUMBERS)
    today = _today(desk)
    weekly = weekly_arrivals(desk.engine, figures.forecast_from(today), today, desk.clock(), asked.account.scope)
    panels = [
        made.arrivals(),
        made.hours(),
        made.times(),
        made.due(),
        made.alone(),
        made.forecast(figures.forecast(weekly, today)),
    ]
    return _page(desk, asked, "insight.html", period, wrong, panels=panels)


def agreement(desk: Desk, asked: Asked) -> Response:
    """How often staff agreed with the program, and which rules they overruled most."""
    period, wrong = _period(desk, asked, "quarter")
    made = _panels(desk, asked, period, LEARNING)
    panels = [learning.agreement(made), learning.calibration(made), learning.rules(made)]
    return _page(desk, asked, "insight.html", period, wrong, panels=panels)


def rule(desk: Desk, asked: Asked) -> Response:
    """The tickets on which a rule was overruled."""
    period, wrong = _period(desk, asked, "quarter")
    name = asked.query.get("name", "")[:200]
    until = midnight(period.last + timedelta(days=1))
    found = overruled(desk.engine, name, midnight(period.first), until, SAMPLES, asked.account.scope)
    values = {"name": name, "found": found, "title": desk.rules.title, "said": SAID_WORDS, "most": SAMPLES}
    return _page(desk, asked, "insight_rule.html", period, wrong, **values)


def report(desk: Desk, asked: Asked) -> Response:
    """A month on paper, beside the month before and the same month of last year."""
    today = _today(desk)
    month = month_of(asked.query.get("month", ""), today)
    made = _panels(desk, asked, month, NUMBERS)
    panels = [made.arrivals(), made.due(), made.alone(), learning.agreement(made)]
    before = months(month.first, 1)
    year_before = months(month.first, 12)
    compared = [_counts(desk, asked, each, NUMBERS) for each in (before, year_before)]
    rows = key_figures(made, [made.counts, *compared])
    wording = Wording(asked.language, translations(asked.language), desk.clock())
    heads = [wording.month(each.first) for each in (month, before, year_before)]
    choices = [months(today, each).first for each in range(13)]
    values = {"panels": panels, "rows": rows, "heads": heads, "choices": choices, "part": month.last >= today}
    return _page(desk, asked, "insight_report.html", month, "", **values)


def numbers(desk: Desk, asked: Asked) -> Response:
    """The counts themselves, for a spreadsheet."""
    period, _ = _period(desk, asked, "month")
    say = translations(asked.language).gettext
    head = [say("Week") if period.weeks else say("Day"), say("What"), say("Name"), say("Which"), say("Count")]
    rows = [
        (key.day.isoformat(), key.measure.value, key.name, bucket(key), count)
        for key, count in sorted(_counts(desk, asked, period).items())
        if key.measure != Measure.COUNTED
    ]
    name = f"insight-{period.first}-{period.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(csv_of([head, *rows], asked.language), media_type="text/csv; charset=utf-8", headers=headers)


def bucket(key: Count) -> str:
    """What a bucket stands for, in the words of the program: they are the same in every language."""
    if key.measure == Measure.ARRIVED:
        return f"{WEEKDAYS[key.bucket // 24]} {key.bucket % 24:02}"
    if key.measure == Measure.HANDLED:
        return HANDLED[key.bucket].value
    if key.measure in (Measure.RECEIPT, Measure.ANSWER, Measure.CLOSE):
        return f"<= {MINUTES[key.bucket]} min" if key.bucket < len(MINUTES) else f"> {MINUTES[-1]} min"
    if key.measure in (Measure.ANSWER_DUE, Measure.CLOSE_DUE):
        return "in time" if key.bucket else "late"
    if key.measure in (Measure.SAID, Measure.RULE):
        return "missed" if key.bucket == MISSED else SAID[key.bucket]
    return f"{key.bucket / BINS:.2f}-{(key.bucket + 1) / BINS:.2f}"


def _page(desk: Desk, asked: Asked, template: str, period: Period, wrong: str, **values: object) -> Response:
    # Today and yesterday are counted live, the other days within the hour.
    here = asked.path.partition("?")[0]
    spans = [(name, SPAN_WORDS[name], _is(desk, period, days)) for name, days in SPANS.items()]
    shown = {"period": period, "wrong": wrong, "here": here, "spans": spans}
    return page(desk, asked, template, 422 if wrong else 200, **shown, **values)


def _is(desk: Desk, period: Period, days: int) -> bool:
    return period.last == _today(desk) and period == _span(desk, days)


def _panels(desk: Desk, asked: Asked, period: Period, measures: tuple[Measure, ...]) -> Panels:
    def title(name: str) -> str:
        return desk.rules.title(name, asked.language)

    wording = Wording(asked.language, translations(asked.language), desk.clock())
    return Panels(wording, title, _counts(desk, asked, period, measures), period)


def _counts(desk: Desk, asked: Asked, period: Period, measures: tuple[Measure, ...] = ()) -> Counter[Count]:
    """What the person may see of them: the only way from these pages to the counts."""
    scope = asked.account.scope
    return daily_counts(desk.engine, period.first, period.last, desk.clock(), period.weeks, *measures, scope=scope)


def _today(desk: Desk) -> date:
    return desk.clock().astimezone(OSLO).date()


def _span(desk: Desk, days: int) -> Period:
    """So many days up to today; whole weeks where it is shown by week."""
    today = _today(desk)
    found = Period(today - timedelta(days=days - 1), today)
    return Period(monday(found.first), today) if found.weeks else found


def _period(desk: Desk, asked: Asked, otherwise: str) -> tuple[Period, str]:
    """The period that was asked for, and what is wrong with it (English)."""
    usual = _span(desk, SPANS[asked.query.get("span", "")] if asked.query.get("span") in SPANS else SPANS[otherwise])
    said = [asked.query.get(name, "") for name in ("from", "to")]
    if not any(said):
        return usual, ""
    days: Sequence[date | None] = [_day(each) for each in said]
    first, last = days
    if first is None or last is None:
        return usual, N_("A day is written as 2026-09-30, and both are needed.")
    if first > last or last > _today(desk) or last - first > LONGEST:
        return usual, N_("The first day must come before the last, at most three years, and none of them after today.")
    return Period(first, last), ""


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said) if DAY.fullmatch(said) else None
    except ValueError:
        return None
