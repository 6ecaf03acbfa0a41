"""The counts of a period as panels: a plot, its legend, the table beside it, and what is to be said of it; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from markupsafe import Markup

from processor.desk import charts, figures
from processor.desk.charts import Series, Told
from processor.desk.figures import Forecast, Period
from processor.desk.language import N_
from processor.desk.wording import WEEKDAYS, Wording
from processor.store.happened import HANDLED, MINUTES, Count, Handled, Measure

MOST_TYPES = 5
"""Types that have a colour of their own; what is beyond is one colour together."""
ENDS = (5, 60, 240, 1440, 2880, 7200, 10080)
"""The stretches that are shown, in minutes; each end is one of MINUTES."""
HANDLED_WORDS: Mapping[Handled, str] = {
    Handled.ALONE: N_("Answered alone"),
    Handled.RECEIPT: N_("Receipt alone, the rest by staff"),
    Handled.STAFF: N_("Answered by staff"),
    Handled.NOT_YET: N_("Not answered"),
}
NONE = "–"


@dataclass(frozen=True, slots=True)
class Panel:
    """One figure.  ``legend`` has a colour's class and its name; the first column of ``rows`` heads its row."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    svg: Markup = Markup("")
    legend: Sequence[tuple[str, str]] = ()
    note: str = ""
    links: Mapping[str, str] = field(default_factory=dict)


class Panels:
    """Builds the panels of one period in one language; ``title`` names a request type."""

    def __init__(self, w: Wording, title: Callable[[str], str], counts: Mapping[Count, int], period: Period) -> None:
        self.w, self.say, self.counts, self.period = w, w.say, counts, period
        self._title = title

    def type(self, name: str) -> str:
        return self._title(name) if name else self.say("Asks nothing")

    def per_cent(self, share: float | None) -> str:
        if share is None:
            return NONE
        return f"{round(share * 100)}\u00a0%" if self.w.language == "nb" else f"{round(share * 100)}%"

    def step(self, day: date) -> str:
        """A day, or the week that begins with it, in short."""
        if self.period.weeks:
            return self.say("w. {week}").format(week=day.isocalendar().week)
        return f"{day:%d.%m}." if self.w.language == "nb" else f"{day.day} {day:%b}"

    def minutes(self, minutes: int | None) -> str:
        """A stretch of time by its end; 0 for longer than any, None for nothing."""
        if minutes is None:
            return NONE
        return self.w.span(timedelta(minutes=minutes)) if minutes else self.say("over a month")

    def arrivals(self) -> Panel:
        """Mails by type and day or week."""
        found, steps = figures.arrivals(self.counts, self.period), self.period.steps()
        ranked = figures.names(self.counts, Measure.ARRIVED)
        shown, rest = ranked[:MOST_TYPES], ranked[MOST_TYPES:]
        groups = [(self.type(name), [name]) for name in shown] + ([(self.say("Others"), rest)] if rest else [])
        series = [
            Series(words, [sum(found[name].get(step, 0) for name in members) for step in steps])
            for words, members in groups
        ]
        title = self.say("Mails that came, by type")
        told = Told(title, self._sum(found))
        by_type = [(self.type(name), str(sum(found[name].values()))) for name in ranked]
        together = (self.say("Together"), str(sum(sum(each.values()) for each in found.values())))
        rows = [*by_type, together] if by_type else []
        head = (self.say("Type"), self.say("Mails"))
        return Panel(title, head, rows, charts.stacked(told, [*map(self.step, steps)], series), _legend(series))

    def hours(self) -> Panel:
        """Mails by weekday and hour."""
        found, days = figures.hours(self.counts), [self.say(day) for day in WEEKDAYS]
        title = self.say("When they come")
        busiest = max(((sum(row), day) for row, day in zip(found, days, strict=True)), default=(0, ""))
        text = self.say("Most on {day} ({n}).").format(day=busiest[1], n=busiest[0])
        hours = [f"{hour:02}" for hour in range(24)]
        svg = charts.grid(Told(title, text), days, hours, found)
        parts = ((0, 8), (8, 12), (12, 16), (16, 24))
        head = (self.say("Weekday"), *(f"{start:02}–{end:02}" for start, end in parts))
        rows = [
            (day, *(str(sum(row[start:end])) for start, end in parts)) for day, row in zip(days, found, strict=True)
        ]
        return Panel(title, head, rows, svg, note=text)

    def times(self) -> Panel:
        """How long receipts, answers and closing took."""
        kinds = (
            (self.say("Receipt"), figures.times(self.counts, Measure.RECEIPT)),
            (self.say("Answer"), figures.times(self.counts, Measure.ANSWER)),
            (self.say("Closed"), figures.times(self.counts, Measure.CLOSE)),
        )
        places = [f"≤ {self.w.span(timedelta(minutes=end))}" for end in ENDS] + [self.say("longer")]
        series = [Series(name, _shares(took.stretches)) for name, took in kinds]
        title = self.say("How long it took")
        text = self.say("From a mail's arrival, in per cent of each.")
        svg = charts.beside(Told(title, text), places, series, per_cent=True)
        head = (self.say("What"), self.say("How many"), self.say("Half within"))
        rows = [(name, str(took.total), self.minutes(took.half_within)) for name, took in kinds]
        return Panel(title, head, rows, svg, _legend(series), text)

    def due(self) -> Panel:
        """Answers and closings against their due times, by type."""
        names = figures.names(self.counts, Measure.CLOSE_DUE, Measure.ANSWER_DUE)
        rows, closed, answered = [], [], []
        for name in names:
            close = figures.times(self.counts, Measure.CLOSE, Measure.CLOSE_DUE, name)
            answer = figures.times(self.counts, Measure.ANSWER, Measure.ANSWER_DUE, name)
            closed.append(close.on_time)
            answered.append(answer.on_time)
            due = (str(close.late), self.per_cent(close.on_time), self.per_cent(answer.on_time))
            rows.append((self.type(name), str(close.total), *due, self.minutes(close.half_within)))
        title = self.say("Against the due times")
        text = self.say("The share that was closed, and answered, before it was due.")
        series = [Series(self.say("Closed in time"), closed), Series(self.say("Answered in time"), answered)]
        svg = charts.beside(Told(title, text), [*map(self.type, names)], series, per_cent=True)
        late, in_time, in_time_2 = self.say("Late"), self.say("Closed in time"), self.say("Answered in time")
        head = (self.say("Type"), self.say("Closed"), late, in_time, in_time_2, self.say("Half closed within"))
        return Panel(title, head, rows, svg, _legend(series), text)

    def alone(self) -> Panel:
        """By whom mails were handled, and the shares over time."""
        steps = figures.by_step(self.counts, self.period)
        title = self.say("Answered alone, and overruled")
        text = self.say("Answered alone: no person had anything to do. Overruled: of what staff judged.")
        series = [
            Series(self.say("Answered alone"), [figures.alone(figures.handled(each)) for _, each in steps]),
            Series(self.say("Overruled"), [_overruled(each) for _, each in steps]),
        ]
        svg = charts.lines(Told(title, text), [self.step(day) for day, _ in steps], series)
        rows = []
        for name in figures.names(self.counts, Measure.HANDLED):
            found, said = figures.handled(self.counts, name), figures.agreement(_of(self.counts, name).items())
            shares = (self.per_cent(figures.alone(found)), self.per_cent(figures.share(said.overruled, said.judged)))
            rows.append((self.type(name), *(str(found[each]) for each in HANDLED), *shares))
        head = (self.say("Type"), *(self.say(HANDLED_WORDS[each]) for each in HANDLED))
        return Panel(title, (*head, self.say("Share alone"), self.say("Overruled")), rows, svg, _legend(series), text)

    def forecast(self, found: Forecast) -> Panel:
        """The weeks around September: last year's, expected, come."""
        title = self.say("September {year}").format(year=found.year)
        note = self._of_forecast(found)
        head = (self.say("Week"), str(found.year - 1), self.say("Expected"), self.say("Came"))
        expected = [None if each is None else round(each) for each in found.expected]
        rows = [
            (str(week), str(before) if found.known else NONE, *(NONE if each is None else str(each) for each in rest))
            for week, before, *rest in zip(found.weeks, found.last_year, expected, found.came, strict=True)
        ]
        if not found.known:
            return Panel(title, head, rows, note=note)
        series = [
            Series(str(found.year - 1), found.last_year),
            Series(self.say("Expected"), expected),
            Series(self.say("Came"), found.came),
        ]
        places = [self.say("w. {week}").format(week=week) for week in found.weeks]
        return Panel(title, head, rows, charts.beside(Told(title, note), places, series), _legend(series), note)

    def _of_forecast(self, found: Forecast) -> str:
        if not found.known:
            return self.say(
                "There is no last year: no mail of September {year} is known here, so nothing can be expected from it."
            ).format(year=found.year - 1)
        if found.growth is None:
            return self.say(
                "Last year's numbers as they were: too little is known to tell whether more comes this year."
            )
        return self.say(
            "Last year's numbers times {growth}: so the last eight weeks stand to those of a year ago."
        ).format(growth=f"{found.growth:.2f}".replace(".", "," if self.w.language == "nb" else "."))

    def _sum(self, found: Mapping[str, Mapping[date, int]]) -> str:
        total = sum(sum(each.values()) for each in found.values())
        return self.say("{n} mails came from {first} to {last}.").format(
            n=total, first=self.w.day(self.period.first), last=self.w.day(self.period.last)
        )


def _of(counts: Mapping[Count, int], name: str) -> dict[Count, int]:
    return {key: count for key, count in counts.items() if key.name == name}


def _overruled(counts: Mapping[Count, int]) -> float | None:
    said = figures.agreement(counts.items())
    return figures.share(said.overruled, said.judged)


def _legend(series: Sequence[Series]) -> list[tuple[str, str]]:
    return [(f"c{number % charts.COLOURS}", each.name) for number, each in enumerate(series)]


def _shares(stretches: Sequence[int]) -> list[float]:
    """The shares up to each of ENDS, and of what took longer."""
    total = sum(stretches) or 1
    found, start = [], 0
    for end in ENDS:
        stop = MINUTES.index(end) + 1
        found.append(sum(stretches[start:stop]) / total)
        start = stop
    return [*found, sum(stretches[start:]) / total]
