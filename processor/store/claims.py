"""When a claim is over: a lease ends by itself, so that what a dead worker held is free again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, or_

from processor.store.columns import Utc

LONGEST = timedelta(hours=3)
"""Longer than any lease, and than the longest wait between two tries."""


NOW = bindparam("now_at", type_=Utc())
"""The time in statements that are built once, which ``moments`` gives them."""
_FAR = bindparam("far_at", type_=Utc())


def moments(now: datetime) -> dict[str, object]:
    """The parameters of ``past_then`` and ``unclaimed_then``."""
    return {"now_at": now, "far_at": now + LONGEST}


def past(until: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    """Whether a time that was set a short while ahead has come.

    One that lies further ahead than anything is put off was set by a clock that was wrong then, perhaps by a year,
    and would be waited for that long (threats.md T95).
    """
    return or_(until <= now, until > now + LONGEST)


def past_then(until: ColumnElement[Any]) -> ColumnElement[bool]:
    """``past`` for a statement that is built once."""
    return or_(until <= NOW, until > _FAR)


def unclaimed(until: ColumnElement[Any], now: datetime) -> ColumnElement[bool]:
    """Whether nobody holds the row whose ``claimed_until`` this is."""
    return or_(until.is_(None), past(until, now))


def unclaimed_then(until: ColumnElement[Any]) -> ColumnElement[bool]:
    """``unclaimed`` for a statement that is built once."""
    return or_(until.is_(None), past_then(until))
