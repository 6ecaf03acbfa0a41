"""How long a ticket is kept, by what it asks for (domain.md section 6); pure.

A ticket that asks for several things is kept as the longest of them.  Bookkeeping law (bokføringsloven § 13) wants
correspondence about agreements for 3 years and 6 months after the financial year, and 5 years where an invoice
rests on it.  A type that stands in no table here, which an operator has added, is kept as an agreement is.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta

AGREEMENT = "an agreement"
GRANT = "a right that was granted"
CASE = "an ordinary question"
KINDS = {
    "termination": AGREEMENT,
    "termination_withdrawal": AGREEMENT,
    "licence_transfer": AGREEMENT,
    "agreement_question": AGREEMENT,
    "otp_rights": GRANT,
    "admin_access": GRANT,
    "otp_code": CASE,
    "termination_question": CASE,
    "elma_register": CASE,
    "elma_deregister": CASE,
    "elma_question": CASE,
    "invoice_question": CASE,
    "other": CASE,
    "no_action": CASE,
}
AUTOMATIC_DAYS = 30
FORM_DAYS = 30
CASE_MONTHS = 12
GRANT_MONTHS = 12
AGREEMENT_MONTHS = 42
INVOICED_MONTHS = 60


@dataclass(frozen=True, slots=True)
class Past:
    """What a ticket's period depends on; days in UTC.

    ``types`` are as staff have corrected them, and empty for automatic mail.  ``ends`` is the last day of the
    contract it ends, None if nobody knows.  ``invoiced``: it speaks of an invoice.  ``granted``: an action that
    gives a right was approved; it lives until ``grant_ended``.
    """

    types: frozenset[str]
    arrived: date
    changed: date
    ends: date | None = None
    invoiced: bool = False
    granted: bool = False
    grant_ended: date | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """The last day of the bytes and of all else; None is without end.

    ``required_until`` is the last day on which the law wants it kept, None where it does not.
    """

    bytes_until: date | None
    all_until: date | None
    why: str
    required_until: date | None = None

    def bytes_over(self, today: date) -> bool:
        return self.bytes_until is not None and today > self.bytes_until

    def all_over(self, today: date) -> bool:
        return self.all_until is not None and today > self.all_until


def period(past: Past) -> Period:
    """How long a ticket is kept."""
    if not past.types:
        until = past.arrived + timedelta(days=AUTOMATIC_DAYS)
        return Period(until, until, f"automatic mail: {AUTOMATIC_DAYS} days after it came")
    all_of_them = [_of(past, each) for each in sorted(past.types)]
    required = max((each.required_until for each in all_of_them if each.required_until), default=None)
    return replace(max(all_of_them, key=_longest), required_until=required)


def _of(past: Past, name: str) -> Period:
    kind = KINDS.get(name, AGREEMENT)
    if kind == AGREEMENT:
        return _agreement(past, name)
    if kind == GRANT:
        return _grant(past, name)
    until = months_after(past.changed, CASE_MONTHS)
    return Period(until, until, f"{name}: {CASE_MONTHS} months after the last change")


def _agreement(past: Past, name: str) -> Period:
    year = max(past.changed.year, past.ends.year if past.ends else 0)
    months = INVOICED_MONTHS if past.invoiced else AGREEMENT_MONTHS
    until = months_after(date(year, 12, 31), months)
    told = "5 years" if past.invoiced else "3 years 6 months"
    return Period(until, until, f"{name}: {told} after the end of {year}", until)


def _grant(past: Past, name: str) -> Period:
    """Forms and proofs of identity go 30 days after handling; what was granted, and to whom, stays as evidence."""
    form = past.changed + timedelta(days=FORM_DAYS)
    if not past.granted:
        return Period(form, months_after(past.changed, CASE_MONTHS), f"{name}: nothing was granted")
    if past.grant_ended is None:
        return Period(form, None, f"{name}: as long as the right lives, and a year more")
    return Period(form, months_after(past.grant_ended, GRANT_MONTHS), f"{name}: a year after the right ended")


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month; a month's last day stays the last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    length = calendar.monthrange(year, month + 1)[1]
    last = calendar.monthrange(day.year, day.month)[1] == day.day
    return date(year, month + 1, length if last else min(day.day, length))


def _longest(each: Period) -> tuple[date, date]:
    return each.all_until or date.max, each.bytes_until or date.max
