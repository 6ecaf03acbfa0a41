"""A deadline on a line: when the notice came, the last safe day, the end, and the end after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from processor.desk.language import N_
from processor.desk.wording import OSLO
from processor.ticket import Deadline

WIDTH = 300.0
MARGIN = 24.0
ROWS = 3
NEAR = 84.0

ARRIVED, SAFE, END, NEXT, TODAY = N_("received"), N_("last safe day"), N_("ends"), N_("else ends"), N_("today")


@dataclass(frozen=True, slots=True)
class Mark:
    """A day at ``x`` of the line's ``WIDTH``; ``row`` counts from 0, so that labels near one another do not collide."""

    x: float
    row: int
    words: str
    day: date
    kind: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Period:
    """A period of the contract, from ``x`` to ``until`` of the line, as far as the line shows it."""

    x: float
    until: float
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Timeline:
    """The marks from left to right."""

    marks: tuple[Mark, ...]
    status: str
    periods: tuple[Period, ...] = ()
    width: float = WIDTH


def timeline(deadline: Deadline, arrived: datetime, now: datetime) -> Timeline | None:
    """The line of a deadline whose end is known, None for another."""
    if deadline.last_service_day is None:
        return None
    days = [(arrived.astimezone(OSLO).date(), ARRIVED, "arrived"), (deadline.last_service_day, END, "end")]
    if deadline.last_safe_notice_day:
        days.append((deadline.last_safe_notice_day, SAFE, "safe"))
    if deadline.next_service_day:
        days.append((deadline.next_service_day, NEXT, "next"))
    today = now.astimezone(OSLO).date()
    if all(abs((today - day).days) > 3 for day, _, _ in days):
        days.append((today, TODAY, "today"))
    days.sort(key=lambda each: each[0])
    first, last = days[0][0], days[-1][0]
    whole = max((last - first).days, 1)
    marks: list[Mark] = []
    for day, words, kind in days:
        x = MARGIN + (WIDTH - 2 * MARGIN) * (day - first).days / whole
        near = [each for each in marks if x - each.x < NEAR]
        row = next((row for row in range(ROWS) if all(each.row != row for each in near)), ROWS - 1)
        anchor = "start" if x < WIDTH / 3 else "end" if x > 2 * WIDTH / 3 else "middle"
        marks.append(Mark(round(x, 1), row, words, day, kind, anchor))
    ends = (deadline.last_service_day, deadline.next_service_day)
    return Timeline(tuple(marks), deadline.status, tuple(_periods(*ends, first, last)))


def _periods(end: date, following: date | None, first: date, last: date) -> Iterator[Period]:
    """The period that a notice ends and the one after it; none where the end after is not known."""
    if following is None or following <= end:
        return
    day, whole = timedelta(days=1), max((last - first).days, 1)

    def place(at: date) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (min(max(at, first), last) - first).days / whole, 1)

    for begins, ends in ((end - (following - end) + day, end), (end + day, following)):
        if place(begins) < place(ends):
            yield Period(place(begins), place(ends), begins, ends)
