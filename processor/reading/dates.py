"""Times of a mail: its own Date and its arrival at our server (RFC 5322 sections 3.3 and 4.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from typing import Literal

_MAX_DATE = 200
_DAY = 86_400


def parse_date(value: str) -> datetime | None:
    """An aware UTC time, or None; a wrong weekday is let pass, a missing zone is read as UTC."""
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
