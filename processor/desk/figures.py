"""What the daily counts of a period come to: sums, shares, medians, and next September; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from processor.store.happened import BINS, HANDLED, MINUTES, MISSED, SAID, Count, Handled, Measure, monday

DAYS_AS_DAYS = 35
"""Periods up to so many days are shown by day, longer ones by week."""
SEASON = (35, 40)
"""The ISO weeks around September, when most notices come (domain.md)."""
WEEKS_BEFORE = 8
LEAST_TO_COMPARE = 20
"""Mails in those weeks of last year, below which growth would be chance."""
NO_WORD = SAID.index("open")


@dataclass(frozen=True, slots=True)
class Period:
    """Days of Oslo's calendar, both ends within."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def weeks(self) -> bool:
        """Whether it is long enough to be shown by week."""
        return self.days > DAYS_AS_DAYS

    @property
    def before(self) -> Period:
        """As many days before it."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    def steps(self) -> list[date]:
        """Its days, or the Mondays of its weeks where it is long."""
        if not self.weeks:
            return [self.first + timedelta(days=each) for each in range(self.days)]
        start = monday(self.first)
        return [start + timedelta(days=each) for each in range(0, (self.last - start).days + 1, 7)]

    def step_of(self, day: date) -> date:
        """The step that a day belongs to."""
        return monday(day) if self.weeks else day


@dataclass(frozen=True, slots=True)
class Times:
    """How many took up to each end of MINUTES, and longer; and against their due times."""

    stretches: Sequence[int]
    in_time: int = 0
    late: int = 0

    @property
    def total(self) -> int:
        return sum(self.stretches)

    @property
    def on_time(self) -> float | None:
        """The share that was in time, None where nothing was due."""
        return share(self.in_time, self.in_time + self.late)

    @property
    def half_within(self) -> int | None:
        """In how many minutes half of them were through, by the end of its stretch; 0: longer than any stretch."""
        passed = 0
        for end, count in zip((*MINUTES, 0), self.stretches, strict=True):
            passed += count
            if self.total and passed * 2 >= self.total:
                return end
        return None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Staff's words on decisions."""

    confirmed: int = 0
    changed: int = 0
    rejected: int = 0
    missed: int = 0

    @property
    def judged(self) -> int:
        return self.confirmed + self.overruled

    @property
    def overruled(self) -> int:
        return self.changed + self.rejected + self.missed

    @property
    def agreed(self) -> float | None:
        return share(self.confirmed, self.judged)


@dataclass(frozen=True, slots=True)
class Forecast:
    """The weeks of a September: what came last year, what is expected, what has come; None where it is not known."""

    year: int
    weeks: Sequence[int]
    last_year: Sequence[int]
    expected: Sequence[float | None]
    came: Sequence[int | None]
    growth: float | None

    @property
    def known(self) -> bool:
        """Whether last year had any of these weeks."""
        return any(self.last_year)


def share(part: float, whole: float) -> float | None:
    """A share, None of nothing."""
    return part / whole if whole else None


def names(counts: Mapping[Count, int], *measures: Measure) -> list[str]:
    """The types (or rules) that were counted, the most frequent first."""
    total: Counter[str] = Counter()
    for key, count in counts.items():
        if key.measure in measures:
            total[key.name] += count
    return sorted(total, key=lambda name: (-total[name], name))


def arrivals(counts: Mapping[Count, int], period: Period) -> dict[str, dict[date, int]]:
    """Mails by type and step of the period."""
    found: dict[str, dict[date, int]] = {}
    for key, count in counts.items():
        if key.measure == Measure.ARRIVED:
            by_step, step = found.setdefault(key.name, {}), period.step_of(key.day)
            by_step[step] = by_step.get(step, 0) + count
    return found


def hours(counts: Mapping[Count, int]) -> list[list[int]]:
    """Mails by weekday (Monday first) and hour."""
    found = [[0] * 24 for _ in range(7)]
    for key, count in counts.items():
        if key.measure == Measure.ARRIVED:
            found[key.bucket // 24][key.bucket % 24] += count
    return found


def times(counts: Mapping[Count, int], took: Measure, due: Measure | None = None, name: str | None = None) -> Times:
    """How long something took, of one type or of all."""
    stretches = [0] * (len(MINUTES) + 1)
    kept = [0, 0]
    for key, count in counts.items():
        if name is not None and key.name != name:
            continue
        if key.measure == took:
            stretches[key.bucket] += count
        elif key.measure == due:
            kept[key.bucket] += count
    return Times(stretches, kept[1], kept[0])


def handled(counts: Mapping[Count, int], name: str | None = None) -> dict[Handled, int]:
    """By whom the mails that ask something were handled."""
    found = dict.fromkeys(HANDLED, 0)
    for key, count in counts.items():
        if key.measure == Measure.HANDLED and name in (None, key.name):
            found[HANDLED[key.bucket]] += count
    return found


def alone(found: Mapping[Handled, int]) -> float | None:
    """The share of the answered mails that no person had to do anything for."""
    return share(found[Handled.ALONE], sum(found.values()) - found[Handled.NOT_YET])


def agreement(counts: Iterable[tuple[Count, int]], measure: Measure = Measure.SAID) -> Agreement:
    """Staff's words together."""
    by_word = [0] * (MISSED + 1)
    for key, count in counts:
        if key.measure == measure:
            by_word[key.bucket] += count
    confirmed, changed, rejected = (by_word[SAID.index(word)] for word in ("confirmed", "changed", "rejected"))
    return Agreement(confirmed, changed, rejected, by_word[MISSED])


def by_step(counts: Mapping[Count, int], period: Period) -> list[tuple[date, dict[Count, int]]]:
    """The counts of each step."""
    found: dict[date, dict[Count, int]] = {step: {} for step in period.steps()}
    for key, count in counts.items():
        found.setdefault(period.step_of(key.day), {})[key] = count
    return sorted(found.items())


def calibration(counts: Mapping[Count, int]) -> list[tuple[float, float, int]]:
    """For each bin of confidence with any word of staff's: its middle, the share that they agreed with, how many."""
    agreed, all_ = [0] * BINS, [0] * BINS
    for key, count in counts.items():
        if key.measure in (Measure.SURE_AGREED, Measure.SURE_NOT):
            all_[key.bucket] += count
            agreed[key.bucket] += count if key.measure == Measure.SURE_AGREED else 0
    return [((at + 0.5) / BINS, agreed[at] / all_[at], all_[at]) for at in range(BINS) if all_[at]]


def season(today: date) -> int:
    """The year of the September that is now, or comes next."""
    return today.year if today.isocalendar().week <= SEASON[1] and today.month < 12 else today.year + 1


def forecast_from(today: date) -> date:
    """The first day that ``forecast`` needs to know of."""
    last_year = date.fromisocalendar(season(today) - 1, SEASON[0], 1)
    return min(last_year, monday(today) - timedelta(weeks=52 + WEEKS_BEFORE))


def forecast(weekly: Mapping[date, int], today: date) -> Forecast:
    """What is expected in the weeks of this or the next September: last year's, grown as the last weeks have.

    ``weekly`` has the mails of each week by its Monday, since ``forecast_from``.
    """
    year, weeks = season(today), list(range(SEASON[0], SEASON[1] + 1))
    before = [weekly.get(date.fromisocalendar(year - 1, week, 1), 0) for week in weeks]
    growth = _growth(weekly, today)
    expected = [count * (growth or 1.0) if any(before) else None for count in before]
    came = [_came(weekly, date.fromisocalendar(year, week, 1), today) for week in weeks]
    return Forecast(year, weeks, before, expected, came, growth if any(before) else None)


def _came(weekly: Mapping[date, int], start: date, today: date) -> int | None:
    return weekly.get(start, 0) if start <= today else None


def _growth(weekly: Mapping[date, int], today: date) -> float | None:
    """The last whole weeks against the same weeks of last year; None where there were too few to say."""
    ends = [monday(today) - timedelta(weeks=each) for each in range(1, WEEKS_BEFORE + 1)]
    now = sum(weekly.get(each, 0) for each in ends)
    then = sum(weekly.get(each - timedelta(weeks=52), 0) for each in ends)
    return now / then if then >= LEAST_TO_COMPARE and now else None
