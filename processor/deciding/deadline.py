"""When a notice ends an agreement (domain.md section 3), by the rules of rules/data/families.toml.

Days are Oslo's, of the notice's arrival at our server; two UTC dates are never compared.  A status is for
staff: no machine tells a customer that a notice is late.  *timely* reaches the first end that is still
open, *borderline* does if staff say so, *late* has missed the one before and reaches the next.

The formula of 3.1 gives an annual agreement's end and says nothing of a status; the worked examples do.  One
of 15 January is late (example 8), as one of October is (4), though both reach the same end: the year that its
writer wants to be free of has been invoiced.  That ends with the month of the invoice, and never touches a
date.  Whoever asks for the very end that is reached is in time for it (example 9).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain, takewhile
from typing import Literal

from processor.contract import AccessRule, Agreements, Basis, Contract, NoticeRule
from processor.deciding.boundaries import DAY, Boundary, add_months, anchored, boundaries
from processor.deciding.calendar import OSLO
from processor.ticket import Deadline, DeadlineCandidate

SENT_SLACK = timedelta(days=2)
"""How long a mail may be under way and still have been sent in time; a later one was held up elsewhere."""
FARTHEST = timedelta(days=3660)
"""A day that is wanted later than this is a slip of the pen, and no boundary is sought for it."""
Status = Literal["timely", "borderline", "late"]


@dataclass(frozen=True, slots=True)
class Notice:
    """When a notice came and what it wants.

    ``received`` (aware) is the first unambiguous mail's arrival (domain.md Q14), ``completed`` that of the
    mail which brought what it lacked, ``sent`` its Date header, which proves nothing.  ``wanted`` is the
    last day of service asked for.
    """

    received: datetime
    sent: datetime | None = None
    wanted: date | Literal["asap"] | None = None
    completed: datetime | None = None

    @property
    def day(self) -> date:
        return self.received.astimezone(OSLO).date()


def deadline(contract: Contract, notice: Notice, agreements: Agreements) -> Deadline:
    """The deadline of a known contract.

    Status unknown where the rule or its anchor is not known, and where another company or desk decides
    about the family: its day is then a candidate.
    """
    family = agreements.families.get(contract.family)
    rule = agreements.rules.get((family.rule if family else "") or contract.type)
    if (family and family.unknown) or rule is None:
        return Deadline("unknown", flags=("rule_unknown" if family and family.unknown else "type_unknown",))
    anchor = anchor_of(rule, contract)
    if rule.shape == "anchored" and anchor is None:
        return Deadline("unknown", flags=("signing_unknown",), rule=rule.name)
    found = _with_access(reckon(rule, notice, anchor), contract.family, agreements)
    if family and family.basis == "interpretation":
        found = _weaker(found)
    if (other := _by_invoices(rule, contract, notice)) is not None and other != found.last_service_day:
        candidate = DeadlineCandidate(rule.name, other)
        found = replace(found, flags=(*found.flags, "invoices_differ"), candidates=(*found.candidates, candidate))
    if family and family.forward and found.last_service_day:
        told = DeadlineCandidate(rule.name, found.last_service_day)
        return replace(Deadline("unknown"), candidates=(told,), flags=("other_desk", *found.flags), rule=rule.name)
    return found


def reckon(rule: NoticeRule, notice: Notice, anchor: date | None = None) -> Deadline:
    """The deadline by one rule; an anchored rule needs the anchor's day."""
    day = notice.day
    coming = boundaries(rule, day, anchor)
    first = next(coming)
    sent_in_time = _sent_in_time(first, notice)
    later = (each for each in coming if day <= each.last_safe)
    status: Status = "timely"
    reached = first
    if day > first.last_safe:
        maybe = day <= first.last_borderline or sent_in_time
        status, reached = ("borderline", first) if maybe else ("late", next(later))
    invoiced = day.month == rule.invoiced_month
    if status == "timely" and invoiced:
        status = "late"
    flags = [
        *(["last_day"] if day == first.last_safe else []),
        *(["sent_before_recv_after"] if sent_in_time and day > first.last_borderline else []),
        *(["weekend_deadline"] if _just_after_weekend(day, first.last_safe) else []),
        *(["late_for_invoiced_year"] if invoiced else []),
        *(["completed_late"] if _completed_late(notice, reached) else []),
    ]
    following = next(later)
    plain = status == "timely" and not (flags or notice.wanted or notice.completed)
    found = _dated(status, reached, following, rule, flags, plain=plain)
    return _as_wanted(found, reached, chain([following], later), notice, rule)


def _dated(
    status: Status, reached: Boundary, following: Boundary, rule: NoticeRule, flags: list[str], *, plain: bool
) -> Deadline:
    """The result for a boundary; ``plain`` is a notice in time that wants nothing else and has no flag."""
    safe: Basis = reached.basis if plain or rule.shape != "calendar" else "interpretation"
    # That the last day of service is the day before the boundary is our reading (domain.md Q5).
    service: Basis = safe if rule.shape == "calendar" else "interpretation"
    return Deadline(
        status,
        reached.last_service_day,
        reached.last_safe,
        "source" if safe == service == "source" else "interpretation",
        flags=tuple(flags),
        rule=rule.name,
        next_service_day=following.last_service_day,
        bases=(("last_service_day", service), ("last_safe_notice_day", safe)),
    )


def _as_wanted(
    found: Deadline, reached: Boundary, later: Iterator[Boundary], notice: Notice, rule: NoticeRule
) -> Deadline:
    """Bring the day that is wanted in: a later boundary is taken, between two of them staff must ask (Q21)."""
    wanted = notice.wanted
    if not isinstance(wanted, date):
        return found
    if wanted in (reached.last_service_day, reached.exit):
        return replace(found, status="timely") if found.status == "late" else found
    if wanted < reached.last_service_day:
        return replace(found, flags=(*found.flags, "wanted_too_early"))
    if wanted > notice.day + FARTHEST:
        return replace(found, flags=(*found.flags, "wanted_no_boundary"))
    before, after, following = reached, next(later), next(later)
    while after.exit < wanted:
        before, after, following = after, following, next(later)
    if wanted in (after.last_service_day, after.exit):
        return _dated("timely", after, following, rule, [*found.flags, "wanted_later"], plain=False)
    offers = (before.last_service_day, after.last_service_day)
    candidates = tuple(DeadlineCandidate(rule.name, day) for day in offers)
    return replace(found, flags=(*found.flags, "wanted_no_boundary"), candidates=candidates)


def _completed_late(notice: Notice, reached: Boundary) -> bool:
    return notice.completed is not None and notice.completed.astimezone(OSLO).date() > reached.last_safe


def _sent_in_time(boundary: Boundary, notice: Notice) -> bool:
    """Whether the Date header says that it was sent on the last day or before."""
    sent = notice.sent
    if sent is None or not timedelta(0) <= notice.received - sent <= SENT_SLACK:
        return False
    return sent.astimezone(OSLO).date() <= boundary.last_safe < notice.day


def _just_after_weekend(day: date, last_safe: date) -> bool:
    """Whether the deadline fell on a Saturday or Sunday and the notice came by the Monday after."""
    return last_safe.weekday() >= 5 and last_safe < day <= last_safe + timedelta(days=7 - last_safe.weekday())


def anchor_of(rule: NoticeRule, contract: Contract) -> date | None:
    """The day from which a contract's periods are counted: signing, or the renewal after the invoiced period."""
    if rule.anchor == "renewal" and contract.invoiced_to:
        return contract.invoiced_to + DAY
    if rule.anchor == "renewal" and contract.signed:
        return add_months(contract.signed, rule.every_months)
    return contract.signed


def _by_invoices(rule: NoticeRule, contract: Contract, notice: Notice) -> date | None:
    """The end by the invoiced periods, where they do not fall together with those from signing (domain.md Q4)."""
    if rule.shape != "anchored" or rule.anchor != "signed" or not (contract.signed and contract.invoiced_to):
        return None
    invoiced = contract.invoiced_to + DAY
    ends = (each.exit for each in anchored(replace(rule, bound_months=rule.every_months), contract.signed))
    if invoiced in takewhile(lambda exit_: exit_ <= invoiced, ends):
        return None
    bound = add_months(contract.signed, rule.bound_months)
    step = next(n for n in range(0, 1200, rule.every_months) if add_months(invoiced, n) >= bound)
    by_invoices = reckon(replace(rule, bound_months=step), notice, invoiced)
    return by_invoices.last_service_day


def _weaker(found: Deadline) -> Deadline:
    """The same dates, all of them our reading."""
    return replace(found, basis="interpretation", bases=tuple((name, "interpretation") for name, _ in found.bases))


def _with_access(found: Deadline, family: str, agreements: Agreements) -> Deadline:
    access = access_rule(family, found.rule, agreements)
    if access is None or found.last_service_day is None:
        return found
    until = access_until(access, found.last_service_day)
    # A day that is counted from an interpreted one is no better known than that.
    rests_on = access_basis(access, dict(found.bases).get("last_service_day", found.basis or "interpretation"))
    bases = (*found.bases, *((("access_until", rests_on),) if until else ()))
    return replace(found, access_until=until, access=access.words, bases=bases)


def access_rule(family: str, rule: str, agreements: Agreements) -> AccessRule | None:
    """The first rule of access that fits a family under a rule of notice; None where the sources say nothing."""
    fits = (
        each
        for each in agreements.access
        if (not each.families or family in each.families) and (not each.types or rule in each.types)
    )
    return next(fits, None)


def access_basis(access: AccessRule, end: Basis) -> Basis:
    """What the last day of access rests on, where the contract's end rests on ``end``."""
    return access.basis if end == "source" else "interpretation"


def access_until(access: AccessRule, last_service_day: date) -> date | None:
    """The last day of access after a contract's end; None for as long as wanted."""
    day, month = access.day
    return {
        "with_service": last_service_day,
        "day_of_next_year": date(last_service_day.year + 1, month, day),
        "end_of_year": date(last_service_day.year, 12, 31),
        "years": add_months(last_service_day, 12 * access.years),
        "open": None,
    }[access.kind]


def unknown(notice: Notice, agreements: Agreements) -> Deadline:
    """The deadline of a notice whose contract nobody knows: candidates and flags for staff.

    Only the annual type needs no signing date (domain.md R03).
    """
    found = [reckon(rule, notice) for rule in agreements.rules.values() if rule.shape == "calendar"]
    candidates = tuple(DeadlineCandidate(each.rule, each.last_service_day) for each in found if each.last_service_day)
    return Deadline("unknown", candidates=candidates, flags=found[0].flags if found else ())
