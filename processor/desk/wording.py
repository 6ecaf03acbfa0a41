"""Times, spans, numbers as staff read them, in either language; pure, in Oslo's time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from gettext import NullTranslations
from zoneinfo import ZoneInfo

from processor.desk.language import N_, Language

OSLO = ZoneInfo("Europe/Oslo")
WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))
MONTHS = (
    *(N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June")),
    *(N_("July"), N_("August"), N_("September"), N_("October"), N_("November"), N_("December")),
)
NEAR = timedelta(hours=24)


class Wording:
    """The words of one language, for one moment."""

    def __init__(self, language: Language, told: NullTranslations, now: datetime) -> None:
        self.language, self._told, self.now = language, told, now
        self.say: Callable[[str], str] = told.gettext

    def clock(self, at: datetime) -> str:
        local = at.astimezone(OSLO)
        return f"{local:%H.%M}" if self.language == "nb" else f"{local:%H:%M}"

    def day(self, day: date) -> str:
        return f"{day:%d.%m.%Y}" if self.language == "nb" else f"{day.day} {day:%b} {day.year}"

    def month(self, day: date) -> str:
        """A day's month, such as "oktober 2026"."""
        return f"{self.say(MONTHS[day.month - 1])} {day.year}"

    def when(self, at: datetime | None) -> str:
        """A time in full, such as "26.11.2026 kl. 10.02"."""
        if at is None:
            return ""
        return self.say("{day} at {clock}").format(day=self.day(at.astimezone(OSLO).date()), clock=self.clock(at))

    def ago(self, at: datetime | None) -> str:
        """A time in short: the clock for today, the day otherwise."""
        if at is None:
            return ""
        days = (at.astimezone(OSLO).date() - self.now.astimezone(OSLO).date()).days
        if days == 0:
            return self.say("today {clock}").format(clock=self.clock(at))
        if days == -1:
            return self.say("yesterday {clock}").format(clock=self.clock(at))
        return self.day(at.astimezone(OSLO).date())

    def due(self, at: datetime | None) -> str:
        """When something is due, seen from now: overdue by hours, today, tomorrow, a weekday, a date."""
        if at is None:
            return ""
        if at <= self.now:
            return self.say("{span} overdue").format(span=self.span(self.now - at))
        local = at.astimezone(OSLO)
        days = (local.date() - self.now.astimezone(OSLO).date()).days
        if days == 0:
            return self.say("today {clock}").format(clock=self.clock(at))
        if days == 1:
            return self.say("tomorrow {clock}").format(clock=self.clock(at))
        if days < 7:
            return f"{self.say(WEEKDAYS[local.weekday()])} {self.clock(at)}"
        return self.day(local.date())

    def urgency(self, at: datetime | None) -> str:
        """``late``, ``soon`` or ``""``: the style in which a due time is shown."""
        if at is None or at - self.now > NEAR:
            return ""
        return "late" if at <= self.now else "soon"

    def span(self, gap: timedelta) -> str:
        minutes = max(int(gap / timedelta(minutes=1)), 1)
        if minutes < 60:
            return self._told.ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)
        if minutes < 48 * 60:
            return self._told.ngettext("{n} hour", "{n} hours", minutes // 60).format(n=minutes // 60)
        days = minutes // (24 * 60)
        return self._told.ngettext("{n} day", "{n} days", days).format(n=days)

    def per_cent(self, share: float) -> str:
        """A whole per cent; never 100, since nothing here is certain."""
        whole = min(round(share * 100), 99)
        return f"{whole} %" if self.language == "nb" else f"{whole}%"


def phone(number: str) -> str:
    """A Norwegian telephone number as people read it, +47 22 00 10 05; anything else as it is."""
    bare = number.replace(" ", "")
    country, digits = ("+47 ", bare[3:]) if bare.startswith("+47") else ("", bare)
    if len(digits) != 8 or not digits.isdecimal():
        return number
    return country + " ".join(digits[at : at + 2] for at in range(0, 8, 2))


def org_no(number: str) -> str:
    """An organisation number as people read it, 974 760 673; anything else as it is."""
    return f"{number[:3]} {number[3:6]} {number[6:]}" if len(number) == 9 and number.isdecimal() else number
