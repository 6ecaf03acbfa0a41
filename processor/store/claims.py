"""When a claim is over: a lease ends by itself, so that what a dead worker held is free again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_

LONGEST = timedelta(hours=3)
"""Longer than any lease, and than the longest wait between two tries."""


def past(until: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    """Whether a time that was set a short while ahead has come.

    One that lies further ahead than anything is put off was set by a clock that was wrong then, perhaps by a year,
    and would be waited for that long (threats.md T95).
    """
    return or_(until <= now, until > now + LONGEST)


def unclaimed(until: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    """Whether nobody holds the row whose ``claimed_until`` this is."""
    return or_(until.is_(None), past(until, now))
