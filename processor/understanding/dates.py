"""Dates as customers write them (domain.md section 7): always day before month, Europe/Oslo.

A year not written is the next such date on or after the day the mail was sent.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Kind = Literal["day", "end"]
MONTHS = {
    "jan": 1, "jannuar": 1, "feb": 2, "febuar": 2, "mar": 3, "mars": 3, "apr": 4, "mai": 5, "maj": 5, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "setpember": 9, "okt": 10, "oct": 10, "okober": 10, "nov": 11, "des": 12, "dec": 12, "desmber": 12,
}  # fmt: skip
_MONTH = (
    r"(?P<month>jan(?:n?uari?y?)?|feb(?:r|r?uari?y?)?|mar(?:s|ts|ch)?|apr(?:il)?|ma[ijy]|jun[ie]?|jul[iy]?|aug(?:ust|usti)?|"
    r"se(?:pt?|ptember|tpember|ptmber)|o[kc]t(?:ober)?|okober|nov(?:ember)?|de[sc](?:ember|mber)?)\.?(?!\w)"
)
_YEAR = r"(?P<year>20\d\d|'?\d\d(?!\d|[:.]\d))"
_DAY = r"(?P<day>[0-3]?\d)"
_FORMS = (
    re.compile(r"(?<![\d.])(?P<year>20\d\d)-(?P<number>\d\d)-(?P<day>\d\d)(?!\d)"),
    re.compile(rf"(?<![\d.]){_DAY}[./-] ?(?P<number>[01]?\d)[./-] ?{_YEAR}(?!\d)"),
    re.compile(rf"(?<![\d.:]){_DAY}\.?(?: ?(?:st|nd|rd|th))?(?: of)? ?{_MONTH}(?:,? ?{_YEAR})?"),
    re.compile(rf"(?<!\w){_MONTH} {_DAY}(?:st|nd|rd|th)?(?!\d)(?:,? (?P<year>20\d\d))?"),
    re.compile(rf"(?<![\d./,:-]){_DAY}[./](?P<number>[01]?\d)(?!\d)(?![.,/-]\d)(?!\s?(?:kr|mill|%|prosent|mb|gb))"),
    re.compile(r"(?<!\d)(?P<day>[0-3]\d)(?P<number>[01]\d)(?P<year>[2-4]\d)(?!\d)"),
)
_QUARTER = re.compile(
    r"(?:(?P<q>[1-4])\. ?(?P<part>kvartal|kvt)|q(?P<q2>[1-4])|(?P<half>[12])\. ?halv ?år|(?P<word>first|second|third|fourth|första|andra|tredje|fjärde) quarter)"
    r"(?: (?:i |of )?(?P<year>20\d\d))?"
)
_WORDS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "första": 1, "andra": 2, "tredje": 3, "fjärde": 4}
_YEARS = re.compile(r"20\d\d")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date found: ``end`` if the words mean the end of a stretch; ``assumed`` if the year was not written."""

    day: date
    start: int
    end: int
    kind: Kind = "day"
    assumed: bool = False


def moments(text: str, today: date, phrases: dict[str, re.Pattern[str]]) -> list[Moment]:
    """Every date in a folded text, in order, none inside another."""
    found = [*_days(text, today), *_stretches(text, today, phrases)]
    kept: list[Moment] = []
    for moment in sorted(found, key=lambda m: (m.start - m.end, m.start)):
        if all(moment.end <= other.start or moment.start >= other.end for other in kept):
            kept.append(moment)
    return sorted(kept, key=lambda m: m.start)


def _days(text: str, today: date) -> Iterator[Moment]:
    for form in _FORMS:
        for match in form.finditer(text):
            parts = match.groupdict()
            month = month_number(parts["month"]) if parts.get("month") else int(parts["number"])
            year = full_year(parts.get("year"))
            if day := resolve(int(parts["day"]), month, year, today):
                yield Moment(day, match.start(), match.end(), "day", year is None)


def _stretches(text: str, today: date, phrases: dict[str, re.Pattern[str]]) -> Iterator[Moment]:
    """Words that mean the end of a year, quarter or month; ``from`` with a bare month is its first day."""
    for match in phrases["year_end"].finditer(text):
        near = _YEARS.search(text, match.start(), match.end() + 6)
        year = int(near.group()) if near else today.year
        if near and (
            "nyttår" in match.group()
            or "nyår" in match.group()
            or "nytår" in match.group()
            or "new year" in match.group()
        ):
            year -= 1
        yield Moment(date(year, 12, 31), match.start(), match.end(), "end", near is None)
    for match in phrases["month_end"].finditer(text):
        yield Moment(_last(today.year, today.month), match.start(), match.end(), "end")
    for match in phrases["quarter_end"].finditer(text):
        yield Moment(_last(today.year, (today.month + 2) // 3 * 3), match.start(), match.end(), "end")
    for match in _QUARTER.finditer(text):
        yield _quarter(match, today)
    for match in _MONTH_OVER.finditer(text):
        if phrases["over"].match(text, match.end() + 1):
            yield from _bare_month(text, match, today, "end")
    for lead, kind in (("end_of", "end"), ("from", "day")):
        for match in phrases[lead].finditer(text):
            yield from _bare_month(text, match, today, "end" if kind == "end" else "day")


_BARE = re.compile(
    rf"(?: |den |måneden |måned |månad |the month of |slutten av ){{1,3}}{_MONTH}(?! ?\d{{1,2}}(?!\d))(?:,? {_YEAR})?"
)

_MONTH_OVER = re.compile(rf"(?:når|etter at|when|så snart)(?P<gap> ){_MONTH}")


def _bare_month(text: str, lead: re.Match[str], today: date, kind: Kind) -> Iterator[Moment]:
    match = _BARE.match(text, lead.end() if lead.re is not _MONTH_OVER else lead.start("gap"))
    if not match:
        return
    month, year = month_number(match["month"]), full_year(match["year"])
    first = resolve(1, month, year, today if kind == "day" else today.replace(day=1))
    if first:
        day = _last(first.year, month) if kind == "end" else first
        yield Moment(day, lead.start(), match.end(), kind, year is None)


def _quarter(match: re.Match[str], today: date) -> Moment:
    number = match["q"] or match["q2"]
    quarter = int(number) if number else 2 * int(match["half"]) if match["half"] else _WORDS[match["word"]]
    year = int(match["year"]) if match["year"] else today.year
    day = _last(year, 3 * quarter)
    if not match["year"] and day < today:
        day = _last(year + 1, 3 * quarter)
    return Moment(day, match.start(), match.end(), "end", not match["year"])


def month_number(name: str) -> int:
    """1 to 12 for a month's name or its beginning, misspellings too."""
    name = name.rstrip(".")
    return (
        MONTHS.get(name) or MONTHS[name[:3]] if name[:3] in MONTHS or name in MONTHS else 9 if name[:2] == "se" else 10
    )


def full_year(text: str | None) -> int | None:
    """A year of four digits, or of two in this century; None when there is none."""
    if not text:
        return None
    digits = text.lstrip("'")
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def resolve(day: int, month: int, year: int | None, today: date) -> date | None:
    """The date, or the next such one on or after today when the year is not known; None if there is none."""
    for candidate in (year,) if year is not None else range(today.year, today.year + 5):
        try:
            found = date(candidate, month, day)
        except ValueError:
            continue
        if year is not None or found >= today:
            return found
    return None


def _last(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def day_before(day: date) -> date:
    return day - timedelta(days=1)
