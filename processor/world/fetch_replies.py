"""The replies to FETCH that nearly every mail gets, read in a few steps; whatever looks otherwise is imapclient's.

imapclient takes replies apart a byte at a time, for all that RFC 9051 allows.  What is asked of every new mail is
answered in a few plain forms, and what is read here comes out as imapclient would have it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

Reply = bytes | tuple[bytes, bytes]
"""A line as imaplib gives it, or a line that ends with a literal's mark, and the literal."""

MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_BEGIN = re.compile(rb"([1-9]\d{0,9}) \(")
# A number with a leading zero is none for imapclient, and the zone "-0000" says that nobody knows it.
_FACT = re.compile(
    rb"UID (?P<uid>[1-9]\d{0,9})|RFC822\.SIZE (?P<size>0|[1-9]\d{0,18})"
    rb'|INTERNALDATE "(?P<day>[ \d]?\d)-(?P<month>[A-Z][a-z]{2})-(?P<year>[12]\d{3})'
    rb' (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d) (?!-0000)(?P<zone>[+-](?:[01]\d|2[0-3])[0-5]\d)"'
)
_BODY = re.compile(rb"(?P<name>BODY\[(?:HEADER|TEXT)?\](?:<\d{1,10}>)?) \{\d+\}\Z")


def plain_replies(replies: Sequence[Reply | None]) -> dict[int, dict[bytes, Any]] | None:
    """What was told of each UID, as ``imapclient.response_parser.parse_fetch_response`` reads it.

    None where a reply is of another form than these: the UID with size and INTERNALDATE, in any order, or with one
    part of the mail as a literal behind it.  Times are aware.
    """
    found: dict[int, dict[bytes, Any]] = {}
    at = 0
    while at < len(replies):
        reply = replies[at]
        if isinstance(reply, tuple):
            # imaplib gives what stands behind a literal as a line of its own.
            told = _facts(reply[0], reply[1]) if replies[at + 1 : at + 2] == [b")"] else None
            at += 2
        else:
            told = _facts(reply) if reply else None
            at += 1
        if told is None:
            return None
        found.setdefault(told[0], {}).update(told[1])
    return found


def _facts(line: bytes, literal: bytes | None = None) -> tuple[int, dict[bytes, Any]] | None:
    """The UID and what a line says of it."""
    begin = _BEGIN.match(line)
    if begin is None:
        return None
    uid, at = 0, begin.end()
    items: dict[bytes, Any] = {b"SEQ": int(begin[1])}
    while fact := _FACT.match(line, at):
        at = fact.end()
        if fact["uid"]:
            uid = int(fact["uid"])
        elif fact["size"]:
            items[b"RFC822.SIZE"] = int(fact["size"])
        else:
            items[b"INTERNALDATE"] = _time(fact)
        if line[at : at + 1] != b" ":
            break
        at += 1
    if literal is None:
        return (uid, items) if uid and line[at:] == b")" else None
    body = _BODY.match(line, at)
    if body is None or not uid:
        return None
    items[body["name"]] = literal
    return uid, items


def _time(fact: re.Match[bytes]) -> datetime | None:
    """INTERNALDATE (RFC 9051 section 9, date-time); None for a day or time that there is not."""
    zone = fact["zone"]
    offset = int(zone[:3]) * 60 + int(zone[:1] + zone[3:])
    try:
        return datetime(
            int(fact["year"]),
            MONTHS[fact["month"]],
            int(fact["day"]),
            int(fact["hour"]),
            int(fact["minute"]),
            int(fact["second"]),
            tzinfo=timezone(timedelta(minutes=offset)) if offset else UTC,
        )
    except (ValueError, KeyError):
        return None
