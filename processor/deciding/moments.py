"""A time to come as staff write it in a hurry.  Pure: now is passed in."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from processor.deciding.calendar import OSLO

MORNING = time(8)
"""When a day begins for those who name no time."""
IN = re.compile(r"(\d{1,3}) ?(t|h|d|u|w)")
SPANS = {"t": "hours", "h": "hours", "d": "days", "u": "weeks", "w": "weeks"}
WORDS = {"i morgen": 1, "tomorrow": 1, "om en uke": 7, "in a week": 7}
DAY = r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.?(?P<y>\d{4})?"
ISO = r"(?P<Y>\d{4})-(?P<M>\d{1,2})-(?P<D>\d{1,2})"
AT = re.compile(rf"(?:{DAY}|{ISO})(?:[ T]+(?:kl\.? ?)?(?P<h>\d{{1,2}})[.:](?P<min>\d{{2}}))?")


def moment_of(words: str, now: datetime) -> datetime | None:
    """The time that somebody means (aware UTC), None for anything else: 2t, 3d, 1u, "i morgen", 31.12, 31.12.2026 14.30.

    Without a time of day it is eight in Oslo's morning; a day without a year is the next of that date.
    """
    text = " ".join(words.lower().split())
    if found := IN.fullmatch(text):
        span = timedelta(**{SPANS[found[2]]: int(found[1])})
        return now + span if SPANS[found[2]] == "hours" else _morning(now, span.days)
    if text in WORDS:
        return _morning(now, WORDS[text])
    found = AT.fullmatch(text.upper().replace("KL", "kl"))
    return _dated(found, now) if found else None


def _morning(now: datetime, days: int) -> datetime:
    return _utc(datetime.combine((now.astimezone(OSLO) + timedelta(days=days)).date(), MORNING), now)


def _dated(found: re.Match[str], now: datetime) -> datetime | None:
    at = time(int(found["h"]), int(found["min"])) if _is_time(found) else None
    if found["h"] and at is None:
        return None
    local = now.astimezone(OSLO)
    year = int(found["y"] or found["Y"] or local.year)
    try:
        day = datetime(year, int(found["m"] or found["M"]), int(found["d"] or found["D"]))  # noqa: DTZ001  (given one below)
        made = _utc(datetime.combine(day.date(), at or MORNING), now)
        if made <= now and not (found["y"] or found["Y"]):
            made = _utc(datetime.combine(day.date().replace(year=year + 1), at or MORNING), now)
    except ValueError:
        return None
    return made


def _is_time(found: re.Match[str]) -> bool:
    return bool(found["h"]) and int(found["h"]) < 24 and int(found["min"]) < 60


def _utc(local: datetime, now: datetime) -> datetime:
    return local.replace(tzinfo=OSLO).astimezone(now.tzinfo)
