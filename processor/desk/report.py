"""A month for a manager: its key figures beside those of other months; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from processor.desk import figures
from processor.desk.figures import Period
from processor.desk.insight import NONE, Panels
from processor.store.happened import Count, Measure

MONTH = re.compile(r"(20\d{2})-(0[1-9]|1[0-2])")


def months(day: date, back: int) -> Period:
    """The month that lies so many months before a day's own."""
    at = day.year * 12 + day.month - 1 - back
    following = date((at + 1) // 12, (at + 1) % 12 + 1, 1)
    return Period(date(at // 12, at % 12 + 1, 1), following - timedelta(days=1))


def month_of(said: str, today: date) -> Period:
    """The month that was asked for ("2026-09"), the last whole one for anything else."""
    found = MONTH.fullmatch(said)
    if not found or date(int(found[1]), int(found[2]), 1) > today:
        return months(today, 1)
    return months(date(int(found[1]), int(found[2]), 1), 0)


def key_figures(panels: Panels, months: Sequence[Mapping[Count, int]]) -> list[list[str]]:
    """One row a figure: its name, and the month's value beside those it is compared with."""
    say = panels.say
    found = [_figures(panels, counts) for counts in months]
    names = (
        say("Mails that came"),
        say("of these, that asked something"),
        say("Answered alone"),
        say("Half of the receipts left within"),
        say("Half of the answers left within"),
        say("Actions that staff closed"),
        say("Closed in time"),
        say("Decisions that staff judged"),
        say("Overruled"),
    )
    return [[name, *(each[at] for each in found)] for at, name in enumerate(names)]


def _figures(panels: Panels, counts: Mapping[Count, int]) -> list[str]:
    came = sum(count for key, count in counts.items() if key.measure == Measure.ARRIVED)
    if not came:
        return [NONE] * 9
    asked = sum(count for key, count in counts.items() if key.measure == Measure.ARRIVED and key.name)
    close = figures.times(counts, Measure.CLOSE, Measure.CLOSE_DUE)
    said = figures.agreement(counts.items())
    return [
        str(came),
        str(asked),
        panels.per_cent(figures.alone(figures.handled(counts))),
        panels.minutes(figures.times(counts, Measure.RECEIPT).half_within),
        panels.minutes(figures.times(counts, Measure.ANSWER).half_within),
        str(close.total),
        panels.per_cent(close.on_time),
        str(said.judged),
        panels.per_cent(figures.share(said.overruled, said.judged)),
    ]
