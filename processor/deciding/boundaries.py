"""The days on which an agreement may end, and the notice that each of them needs: pure dates in Oslo.

No boundary moves for a weekend or a holiday: no statute moves a contract's notice, and the source's own
deadline is a Sunday (domain.md 3.3).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count

from processor.contract import Basis, NoticeRule

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Boundary:
    """A day on which an agreement may end: ``exit`` is the first day without service.

    Notice received up to ``last_safe`` ends it there for certain; up to ``last_borderline`` perhaps.
    """

    exit: date
    last_safe: date
    last_borderline: date
    basis: Basis

    @property
    def last_service_day(self) -> date:
        return self.exit - DAY


def add_months(day: date, months: int) -> date:
    """The same day so many months on, or that month's last (domstolloven section 148, by analogy)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def boundaries(rule: NoticeRule, day: date, anchor: date | None = None) -> Iterator[Boundary]:
    """The rule's boundaries in order, without end; the first is the one that a notice of this day may just miss.

    A rule with an anchor needs one.
    """
    if rule.shape == "calendar":
        return _calendar(rule, day.year)
    if rule.shape == "month_end":
        return _month_ends(rule, day)
    if anchor is None:
        raise ValueError(f"rule {rule.name} needs an anchor")
    return (each for each in anchored(rule, anchor) if each.exit > day)


def anchored(rule: NoticeRule, anchor: date) -> Iterator[Boundary]:
    """Each boundary from the anchor itself and never from the one before, so that a 31st does not drift to a 28th."""
    for number in count():
        exit_ = add_months(anchor, rule.bound_months + rule.every_months * number)
        latest = add_months(exit_, -rule.notice_months) - rule.notice_days * DAY
        last_safe = latest - DAY if rule.on_the_day == "borderline" else latest
        told = rule.example_periods == 0 or number < rule.example_periods
        # The source's own example begins on the first of a month; what other days, a month's end or a leap
        # day do to a date is our reading (domain.md Q6).
        plain = anchor.day == 1 and (last_safe.day, last_safe.month) != (29, 2)
        yield Boundary(exit_, last_safe, latest, rule.basis if told and plain else "interpretation")


def _calendar(rule: NoticeRule, first_year: int) -> Iterator[Boundary]:
    (end_day, end_month), (day, month) = rule.end, rule.notice_by
    for year in count(first_year):
        last = date(year, month, day)
        yield Boundary(date(year, end_month, end_day) + DAY, last, last, rule.basis)


def _month_ends(rule: NoticeRule, day: date) -> Iterator[Boundary]:
    first = day.replace(day=1)
    for number in count():
        last = add_months(first, number + 1) - DAY
        yield Boundary(add_months(first, number + 1 + rule.notice_months), last, last, rule.basis)
