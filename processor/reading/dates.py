"""Times of a mail: its own Date and its arrival at our server (RFC 5322 sections 3.3 and 4.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from typing import Literal

# As nearly every program writes it (RFC 5322 section 3.3); an hour, day or second that is none is left to the stdlib.
_USUAL = re.compile(
    r" {0,3}(?:[A-Z][a-z]{2}, )?([0-9]{1,2}) ([A-Z][a-z]{2}) ((?:19[7-9]|20[0-9])[0-9]) "
    r"([0-9]{2}:[0-9]{2}:[0-9]{2}) ([+-][01][0-9][0-5][0-9]) {0,3}"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MAX_DATE = 200
_DAY = 86_400


def parse_date(value: str) -> datetime | None:
    """An aware UTC time, or None; a wrong weekday is let pass, a missing zone is read as UTC."""
    return usual_date(value) or _odd_date(value)


def usual_date(value: str) -> datetime | None:
    """The time that a value in the usual form gives; None for any other."""
    found = _USUAL.fullmatch(value)
    if not found:
        return None
    day, month, year, clock, zone = found.groups()
    try:
        return datetime.fromisoformat(f"{year}-{_MONTHS.index(month) + 1:02}-{day:0>2}T{clock}{zone}").astimezone(UTC)
    except ValueError:
        return None


def _odd_date(value: str) -> datetime | None:
    try:
        found = parsedate_tz(without_comments(value)[:_MAX_DATE])
        if found is None or not 1970 <= found[0] <= 2200 or abs(found[9] or 0) > _DAY:
            return None
        when = datetime(*found[:6], tzinfo=UTC) - timedelta(seconds=found[9] or 0)
    except Exception:  # parsedate_tz meets IndexError and others on odd text.
        return None
    return when


def arrival(received: list[str], date: datetime | None) -> tuple[datetime | None, Literal["received", "date", "none"]]:
    """When the mail came, by the topmost Received (after its last ``;``), else by Date, and which."""
    if received:
        when = parse_date(without_comments(received[0]).rpartition(";")[2])
        if when:
            return when, "received"
    return (date, "date") if date else (None, "none")


def without_comments(value: str) -> str:
    """The value without parenthesised comments, nested or not (RFC 5322 section 3.2.2)."""
    if "(" not in value:
        return value
    out, depth, escaped = [], 0, False
    for letter in value:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == "(":
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
            continue
        if not depth:
            out.append(letter)
    return "".join(out)
