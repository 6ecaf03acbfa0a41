"""What an alarm is, when it is told of, and when it is over: plain values, and no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal[
    "oldest_mail",
    "mailbox_unread",
    "login_failed",
    "delivery_failing",
    "breaker_open",
    "unknown_replies",
    "deadline_near",
    "disk_full",
    "lease_lost",
    "token_ending",
    "reconciliation_old",
]
Event = Literal["raised", "repeated", "cleared", "test", "digest"]

FLAPS_FORGOTTEN = timedelta(days=1)
MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a person should know of now.

    ``subject`` is a mailbox's name, or ``""``.  ``facts`` are what its words are made of: our own names and numbers,
    times as ISO 8601, and nothing of a customer.  Equal circumstances give equal facts, however long they last.
    """

    kind: Kind
    subject: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on something is an alarm; ``off`` names those that are none."""

    oldest_mail: timedelta = timedelta(minutes=30)
    unread: timedelta = timedelta(minutes=30)
    login: timedelta = timedelta(minutes=10)
    delivery: timedelta = timedelta(minutes=15)
    lease: timedelta = timedelta(minutes=5)
    token: timedelta = timedelta(days=14)
    reconciled: timedelta = timedelta(hours=3)
    deadline_days: int = 1
    unknown_replies: int = 1
    disk_free: int = 1_000_000_000
    off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Pace:
    """An alarm that lasts is told again after ``repeat``; one is over when it was away for ``quiet``."""

    repeat: timedelta = timedelta(hours=4)
    quiet: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Episode:
    """An alarm from its raising to its end.

    ``told_at`` is when it was told of last; ``away_since`` when it was no longer there, None while it is; ``flaps``
    how often it came back within a day of being over.
    """

    raised_at: datetime
    told_at: datetime
    away_since: datetime | None = None
    cleared_at: datetime | None = None
    flaps: int = 0


def after_look(
    before: Episode | None, there: bool, now: datetime, pace: Pace
) -> tuple[Episode | None, Literal["raised", "repeated", "cleared"] | None]:
    """The episode after a look at the world, and what is to be told.

    Each time that an alarm comes back soon it must stay away for twice as long before it is called over (up to
    ``repeat``), so that one that comes and goes makes no storm and nobody is told that it is over too early.
    """
    if before is None or before.cleared_at is not None:
        if not there:
            return before, None
        soon = before is not None and before.cleared_at is not None and now - before.cleared_at < FLAPS_FORGOTTEN
        return Episode(now, now, flaps=before.flaps + 1 if before and soon else 0), "raised"
    if there:
        here = replace(before, away_since=None)
        return (replace(here, told_at=now), "repeated") if now - before.told_at >= pace.repeat else (here, None)
    away = replace(before, away_since=before.away_since or now)
    assert away.away_since is not None
    if now - away.away_since >= quiet_for(before.flaps, pace):
        return replace(away, cleared_at=now), "cleared"
    return away, None


def quiet_for(flaps: int, pace: Pace) -> timedelta:
    """How long an alarm must be away until it is over."""
    doublings = min(flaps, MOST_DOUBLINGS)
    return min(pace.quiet * (1 << doublings), max(pace.quiet, pace.repeat))
