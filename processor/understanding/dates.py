"""Dates as customers write them (domain.md section 7): always day before month, Europe/Oslo.

A year not written is the next such date on or after the day the mail was sent.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from processor.rulebook import Vocabulary

Kind = Literal["day", "end", "weekday"]
MONTHS = {
    "jan": 1, "jannuar": 1, "feb": 2, "febuar": 2, "mar": 3, "mars": 3, "apr": 4, "mai": 5, "maj": 5, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "setpember": 9, "okt": 10, "oct": 10, "okober": 10, "nov": 11, "des": 12, "dec": 12, "desmber": 12,
}  # fmt: skip
_STEM = (
    r"(?P<month>jan(?:n?u?a?r\w{0,2})?|feb(?:r(?:u?a\w{0,3})?|u?a\w{0,3})?|mar(?:s|ts|ch)?|apr(?:il\w?|l)?|ma[ijy]|jun[ie]?|jul[iy]?|"
    r"aug(?:us?ti?)?|se(?:p(?:t(?:e?m\w{0,4})?|e?m\w{0,5})?|tpem\w{0,4})|o[kc]t(?:om?b\w{0,3}|b\w{0,3})?|okob\w{0,3}|nov(?:e?m\w{0,4})?|de[sc](?:e?m\w{0,4})?)"
)
_MONTH = rf"{_STEM}\.?(?!\w)"
_YEAR = r"[-']?(?P<year>20\d\d|\d\d(?!\d|[:.]\d))"
_DAY = r"(?P<day>[0-3]?\d)"
_LATER = r"(?:,? (?:i |til |till |of |in )?(?:(?P<next>neste|nästa|næste|next|the following|følgende) (?:år|year)))"
_DIGITS = re.compile(r"\d+")
_BY_LENGTH = {
    1: (
        re.compile(rf"(?<!\d\.){_DAY}[./-] ?(?P<number>[01]?\d)[./-] ?{_YEAR}(?!\d)"),
        re.compile(rf"(?<!\d[./]){_DAY}[./](?P<number>[01]?\d) (?P<year>20\d\d)(?!\d)"),
        re.compile(
            rf"(?<!\d[.:]){_DAY}\.?(?: ?(?:st|nd|rd|th)|ste|te|de|:[ae])?(?: of| i)? ?{_MONTH}(?:,? ?{_YEAR}|{_LATER})?"
        ),
        re.compile(rf"{_DAY}(?:\.|ste|te|ende|nde|e) ?i (?P<number>[01]?\d)(?:\.|te|ende|nde|de|e)(?!\d)"),
        re.compile(
            rf"(?<!\d[./,:-])(?<!-){_DAY}[./](?P<number>[01]?\d)(?!\d)(?![.,/-]\d)(?!\s?(?:kr|mill|%|prosent|mb|gb)){_LATER}?"
        ),
    ),
    4: (re.compile(r"(?<!\.)(?P<year>20\d\d)([-./])(?P<number>\d\d)\2(?P<day>\d\d)(?!\d)"),),
    8: (re.compile(r"(?P<day>[0-3]\d)(?P<number>[01]\d)(?P<year>20[2-4]\d)"),),
    6: (re.compile(r"(?P<day>[0-3]\d)(?P<number>[01]\d)(?P<year>[2-4]\d)"),),
}
_BY_LENGTH[2] = _BY_LENGTH[1]
"""How a day is written that begins with so many digits."""
_MONTH_WORD = re.compile(rf"(?<!\w){_STEM}(?:lønn\w{{0,7}}|løn\w{{0,5}}|lön\w{{0,6}}|\.)?(?!\w)")
_DAY_BEHIND = re.compile(r" (?P<day>[0-3]?\d)(?:st|nd|rd|th)?(?!\d)(?:,? (?P<year>20\d\d))?")
_FIRST_BEFORE = re.compile(r"(?<!\w)(?:første|fyrste|första|first) (?:of |i )?$")
_YEAR_BEHIND = re.compile(rf"(?:,? ?{_YEAR}|{_LATER})")
_QUARTER = re.compile(
    r"(?<!\w)(?:(?:(?P<q>[1-4])\.? ?|(?P<word>first|second|third|fourth|last|første|fyrste|andre|tredje|fjerde|siste|första|andra|fjärde|sista|andet|sidste) )"
    r"(?:kvartal\w{0,2}|kvt\b|quarter)|q(?P<q2>[1-4])\b|(?:(?P<half>[12])\. ?|h(?=[12]\b)|(?P<first>første|fyrste|första|first)|(?P<last>andre|siste|andra|sista|sidste|second|last)) ?(?:halv ?år\w{0,2}|half(?: of)?|(?P<half2>[12])\b))"
    r"(?: (?:i |of |in )?(?P<year>20\d\d))?"
)
_PARTS = ("kvartal", "kvt", "quarter", "halv", "half")
_PART_NUMBER = re.compile(r"[1-4](?<!\d.)(?!\w)")
"""What a part of a year cannot do without: one of these words, or a number."""
_YEAR_NAMED = re.compile(r"20\d\d|å(?<![fnv].)r|year")
"""What the end of a year cannot do without; no year is meant by *vår*, *får* and *når*."""
_WORDS = {"fir": 1, "før": 1, "fyr": 1, "för": 1, "sec": 2, "and": 2, "thi": 3, "tre": 3}
_YEARS = re.compile(r"20\d\d")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date found: ``end`` if the words mean the end of a stretch; ``assumed`` if the year was not written.

    ``turn``: the words mean the turn after that end, so that what begins then begins a day later.
    """

    day: date
    start: int
    end: int
    kind: Kind = "day"
    assumed: bool = False
    turn: bool = False


def moments(text: str, today: date, vocabulary: Vocabulary) -> list[Moment]:
    """Every date in a folded text, in order, none inside another."""
    months = list(_MONTH_WORD.finditer(text))
    found = [*_days(text, months, today), *_stretches(text, months, today, vocabulary)]
    if len(found) < 2:
        return found
    kept: list[Moment] = []
    for moment in sorted(found, key=lambda m: (m.start - m.end, m.start)):
        at = bisect_left(kept, moment.start, key=lambda m: m.start)
        if (at == 0 or kept[at - 1].end <= moment.start) and (at == len(kept) or moment.end <= kept[at].start):
            kept.insert(at, moment)
    return kept


def _days(text: str, months: list[re.Match[str]], today: date) -> Iterator[Moment]:
    for digits in _DIGITS.finditer(text):
        for form in _BY_LENGTH.get(len(digits.group()), ()):
            if match := form.match(text, digits.start()):
                parts = match.groupdict()
                month = month_number(parts["month"]) if parts.get("month") else int(parts["number"])
                year = today.year + 1 if parts.get("next") else full_year(parts.get("year"))
                if day := resolve(int(parts["day"]), month, year, today):
                    yield Moment(day, match.start(), match.end(), "day", year is None)
    for month_word in months:
        number = month_number(month_word["month"])
        if match := _DAY_BEHIND.match(text, month_word.end()):
            year = full_year(match["year"])
            if day := resolve(int(match["day"]), number, year, today):
                yield Moment(day, month_word.start(), match.end(), "day", year is None)
        elif match := _FIRST_BEFORE.search(text, max(0, month_word.start() - 12), month_word.start()):
            behind = _YEAR_BEHIND.match(text, month_word.end())
            year = (today.year + 1 if behind["next"] else full_year(behind["year"])) if behind else None
            if day := resolve(1, number, year, today):
                yield Moment(day, match.start(), behind.end() if behind else month_word.end(), "day", year is None)


_STRETCHES = (
    # What a text must hold to be looked through, the phrases, and the months from the period's first to its last.
    (("måned", "månad", "month", "mnd"), "month_end", 1, 0),
    (("måned", "månad", "month", "mnd", "neste"), "next_month", 1, 0),
    (("måned", "månad", "month", "mnd"), "next_month_end", 1, 1),
    (("kvartal", "quarter"), "quarter_end", 3, 0),
    (("halv", "half", "mid"), "half_year_end", 6, 0),
)
_UNITS = tuple(dict.fromkeys(unit for units, *_ in _STRETCHES for unit in units))


def _stretches(text: str, months: list[re.Match[str]], today: date, vocabulary: Vocabulary) -> Iterator[Moment]:
    """Words that mean the end of a year, quarter or month; ``from`` with a bare month is its first day."""
    if _YEAR_NAMED.search(text):
        yield from _years(text, today, vocabulary)
    if any(unit in text for unit in _UNITS):
        yield from _periods(text, today, vocabulary)
    if any(part in text for part in _PARTS) or _PART_NUMBER.search(text):
        for match in _QUARTER.finditer(text):
            yield _quarter(match, today)
    if "mor" in text:
        for match in vocabulary.told("dates.tomorrow", text):
            yield Moment(today + timedelta(days=1), match.start(), match.end(), "weekday")
    for month_word in months:
        yield from _bare_month(text, month_word, today, vocabulary)
    if "dag" in text or "day" in text:
        for weekday in _WEEKDAY.finditer(text):
            if lead := _lead(text, weekday.start(), vocabulary.phrases["dates.from"], _BLANK):
                yield _next_weekday(lead, weekday, today)


def _periods(text: str, today: date, vocabulary: Vocabulary) -> Iterator[Moment]:
    """The end of this or the next month, and of this quarter or half of a year."""
    now = today.year * 12 + today.month - 1
    for units, key, length, later in _STRETCHES:
        if any(unit in text for unit in units):
            month = now // length * length + length - 1 + later
            for match in vocabulary.told(f"dates.{key}", text):
                turn = key == "next_month" or "skift" in match.group()
                yield Moment(_last(month // 12, month % 12 + 1), match.start(), match.end(), "end", turn=turn)


_BLANK = re.compile(" ")
_LEADS: tuple[tuple[str, Kind], ...] = (("end_of", "end"), ("from", "day"), ("before", "day"))
_LONGEST_LEAD = 45
_GAP = re.compile(
    r"(?: |den |måneden |måned |månad |the month of |slutten av |hele |heile |dagen i |dag i |dagen af ){1,3}"
)
_NO_YEAR_NUMBER = re.compile(r" ?\d{1,2}(?!\d)")
_WEEKDAY = re.compile(
    r"(?<= )(?:(?P<mon>m[aå]ndag|monday)|(?P<tue>tirsdag|tysdag|tisdag|tuesday)|(?P<wed>onsdag|wednesday)|(?P<thu>torsdag|thursday)"
    r"|(?P<fri>fredag|friday)|(?P<sat>lørdag|laurdag|lördag|saturday)|(?P<sun>s[øuö]ndag|sunday))(?!\w| (?:den )?\d)"
)
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TURNS = ("nyttår", "nyår", "nytår", "new year", "skift", "turn of")


def _lead(text: str, place: int, words: re.Pattern[str], gap: re.Pattern[str]) -> re.Match[str] | None:
    """The words that stand right before a place, with but a gap between."""
    for match in words.finditer(text, max(0, place - _LONGEST_LEAD), place):
        if gap.fullmatch(text, match.end(), place):
            return match
    return None


def _years(text: str, today: date, vocabulary: Vocabulary) -> Iterator[Moment]:
    """The end of a year: this one unless another is written; ``fra 2027`` and ``neste år`` mean the one before."""
    for match in vocabulary.told("dates.year_end", text):
        near = _YEARS.search(text, match.start(), match.end() + 6)
        turn = any(word in match.group() for word in _TURNS)
        year = int(near.group()) if near else today.year + (_NEXT.search(match.group()) is not None)
        renewed = near and year > today.year and _RENEWED.match(match.group())
        if renewed or (near and turn and "skift" not in match.group()):
            year -= 1
        yield Moment(date(year, 12, 31), match.start(), match.end(), "end", near is None, turn)
    for match in vocabulary.told("dates.next_year", text):
        named = _YEARS.search(match.group())
        year = int(named.group()) - 1 if named else today.year
        if year >= today.year:
            yield Moment(date(year, 12, 31), match.start(), match.end(), "end", False, True)


_RENEWED = re.compile(r"for(?:ny|leng)|förny|renew|videref")
"""What is not renewed for a year ends with the one before."""
_NEXT = re.compile(r"\b(?:neste|nästa|næste|next)\b")


def _next_weekday(lead: re.Match[str], weekday: re.Match[str], today: date) -> Moment:
    """``fra mandag`` is the next Monday after today."""
    ahead = (_WEEK.index(weekday.lastgroup or "mon") - today.weekday() - 1) % 7 + 1
    return Moment(today + timedelta(days=ahead), lead.start(), weekday.end(), "weekday", True)


def _bare_month(text: str, word: re.Match[str], today: date, vocabulary: Vocabulary) -> Iterator[Moment]:
    """A month without a day: its end (``ut mars``, ``når mars er omme``) or its first day (``fra mars``)."""
    behind = _BARE_YEAR.match(text, word.end())
    if (word["month"] == "jan" and not behind) or _NO_YEAR_NUMBER.match(text, word.end()):
        return
    end = behind.end() if behind else word.end()
    over = vocabulary.phrases["dates.over"].match(text, end + 1)
    leads = [
        (lead, kind)
        for key, kind in _LEADS
        if (lead := _lead(text, word.start(), vocabulary.phrases[f"dates.{key}"], _GAP))
    ]
    places: list[tuple[int, Kind, bool]] = [(lead.start(), kind, "skift" in lead.group()) for lead, kind in leads]
    labelled = (
        behind
        and not places
        and vocabulary.phrases["dates.last_day"].search(text, max(0, word.start() - 25), word.start())
    )
    if over or labelled:
        places.append((word.start(), "end", False))
    for start, kind, turn in places:
        month, year = month_number(word["month"]), full_year(behind["year"]) if behind else None
        if first := resolve(1, month, year, today if kind == "day" else today.replace(day=1)):
            day = _last(first.year, month) if kind == "end" else first
            yield Moment(day, start, end, kind, year is None, turn)


_BARE_YEAR = re.compile(rf",? {_YEAR}")


def _quarter(match: re.Match[str], today: date) -> Moment:
    half = match["half"] or match["half2"] or (1 if match["first"] else 2 if match["last"] else 0)
    number = match["q"] or match["q2"]
    quarter = int(number) if number else 2 * int(half) if half else _WORDS.get((match["word"] or "")[:3], 4)
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
