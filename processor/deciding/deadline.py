"""When a notice ends an agreement: types A and B of domain.md section 3, pure dates in Oslo.

Type A (annual): in by 30 September, ends 31 December.  Type B (quarterly): bound one year from
signing, then every third month, notice one month before; received on that very day is borderline,
since the rule's text and its example differ.  No deadline moves for a weekend.  A status is for
staff: no machine tells a customer that a notice is late.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Literal

from processor.deciding.calendar import OSLO
from processor.ticket import Deadline, DeadlineCandidate

DAY = timedelta(days=1)
SENT_SLACK = timedelta(days=2)
"""How long a mail may be under way and still have been sent in time; a later one was held up elsewhere."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """A day on which an agreement may end: ``exit`` is the first day without service.

    Notice received up to ``last_safe`` ends it there for certain; up to ``last_borderline`` perhaps.
    """

    exit: date
    last_safe: date
    last_borderline: date


def add_months(day: date, months: int) -> date:
    """The same day so many months on, or that month's last (domstolloven section 148, by analogy)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def annual_boundaries(first_year: int) -> Iterator[Boundary]:
    """Type A: each 1 January after first_year began, with 30 September before it."""
    for year in count(first_year):
        last = date(year, 9, 30)
        yield Boundary(date(year + 1, 1, 1), last, last)


def quarterly_boundaries(anchor: date) -> Iterator[Boundary]:
    """Type B: one year from signing and every third month after, always reckoned from the anchor itself."""
    for number in count(4):
        boundary = add_months(anchor, 3 * number)
        latest = add_months(boundary, -1)
        yield Boundary(boundary, latest - DAY, latest)


def annual(received: datetime, sent: datetime | None = None, wanted: date | None = None) -> Deadline:
    """The deadline of a type A agreement for a notice received (aware) and perhaps sent before that."""
    day = received.astimezone(OSLO).date()
    # LATE means: later than the deadline that fell in the same year.
    return _reckon(annual_boundaries(day.year), day, received, sent, wanted)


def quarterly(anchor: date, received: datetime, sent: datetime | None = None, wanted: date | None = None) -> Deadline:
    """The deadline of a type B agreement signed on the anchor's day (domain.md Q4)."""
    day = received.astimezone(OSLO).date()
    boundaries = quarterly_boundaries(anchor)
    # Start with the boundary whose month of notice the day may have missed: the first still to come.
    first = next(each for each in boundaries if each.exit > day)
    rest = (each for each in quarterly_boundaries(anchor) if each.exit >= first.exit)
    return _reckon(rest, day, received, sent, wanted)


def _reckon(
    boundaries: Iterator[Boundary], day: date, received: datetime, sent: datetime | None, wanted: date | None
) -> Deadline:
    first = next(boundaries)
    sent_in_time = _sent_in_time(first, received, sent)
    if day <= first.last_safe:
        status: Literal["timely", "borderline", "late"] = "timely"
        reached = first
    elif day <= first.last_borderline or sent_in_time:
        status, reached = "borderline", first
    else:
        status, reached = "late", next(each for each in boundaries if day <= each.last_safe)
    flags = [
        *(["last_day"] if day == first.last_safe else []),
        *(["sent_before_recv_after"] if sent_in_time and day > first.last_borderline else []),
        *(["weekend_deadline"] if _just_after_weekend(day, first.last_safe) else []),
    ]
    last_day = reached.exit - DAY
    if wanted is not None and wanted != last_day:
        flags.append("wanted_other_day")
    return Deadline(status, last_day, reached.last_safe, "interpretation", flags=tuple(flags))


def _sent_in_time(boundary: Boundary, received: datetime, sent: datetime | None) -> bool:
    """Whether the Date header, which proves nothing, says that it was sent on the last day or before."""
    if sent is None or not timedelta(0) <= received - sent <= SENT_SLACK:
        return False
    return sent.astimezone(OSLO).date() <= boundary.last_safe < received.astimezone(OSLO).date()


def _just_after_weekend(day: date, last_safe: date) -> bool:
    """Whether the deadline fell on a Saturday or Sunday and the notice came by the Monday after."""
    return last_safe.weekday() >= 5 and last_safe < day <= last_safe + timedelta(days=7 - last_safe.weekday())


def candidates(received: datetime) -> tuple[DeadlineCandidate, ...]:
    """What a notice would reach without knowing the agreement: only type A needs no signing date."""
    last = annual(received).last_service_day
    return (DeadlineCandidate("A", last),) if last else ()


def unknown(received: datetime, sent: datetime | None, wanted: date | None) -> Deadline:
    """The deadline of a notice whose agreement nobody has looked up: candidates and flags for staff."""
    guess = annual(received, sent, wanted)
    return replace(Deadline("unknown"), candidates=candidates(received), flags=guess.flags)


def access_until(contract: Literal["A", "B"], last_service_day: date) -> date:
    """The last day of access: for A 20 June of the year after the end, for B the last service day."""
    return date(last_service_day.year + 1, 6, 20) if contract == "A" else last_service_day
