"""The customer and the deadline of each organisation in a mail; for staff, nothing of it enters a letter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from processor.contract import Contract
from processor.deciding.authority import TOPIC as AUTHORITY
from processor.deciding.case import Case
from processor.deciding.deadline import Notice, deadline, unknown
from processor.deciding.matching import account, contracts_of
from processor.findings import Understanding
from processor.ticket import Account, Agreement, Deadline, DeadlineCandidate

NOTICE = "termination"
UNKNOWN = Deadline("unknown")


def accounts(case: Case) -> Mapping[str, Account]:
    """Each organisation number of the mail (``""`` where it names none) with its customer, and for a notice
    the deadline."""
    arrival, wanted = case.context.arrival, case.understanding.fields.effective_date
    # The first mail's time counts, and its Date header is not at hand (domain.md Q14).
    notice = Notice(case.since, None, wanted, arrival) if case.since else Notice(arrival, case.message.date, wanted)
    ends = any(request.type == NOTICE for request in case.understanding.requests)
    found = {}
    for org_no in case.understanding.fields.org_no or ("",):
        who = account(org_no, case)
        found[org_no] = _with_deadline(who, notice, case) if ends else who
    return found


def deadline_of(found: Mapping[str, Account]) -> Deadline:
    """The deadline of the mail as a whole: that of its organisations where they have one and the same."""
    told = [each.deadline for each in found.values() if each.deadline]
    if not told:
        return UNKNOWN
    if all(each == told[0] for each in told):
        return told[0]
    candidates = [
        DeadlineCandidate(
            " ".join(filter(None, (each.customer_no or org_no, candidate.contract))), candidate.last_service_day
        )
        for org_no, each in found.items()
        if each.deadline
        for candidate in _days(each.deadline)
    ]
    flags = dict.fromkeys(flag for each in told for flag in each.flags)
    return Deadline("unknown", candidates=tuple(candidates), flags=("several_customers", *flags))


def _with_deadline(who: Account, notice: Notice, case: Case) -> Account:
    understanding = case.understanding
    if understanding.role == "estate" or "estate" in understanding.topics:
        # An estate's notice never falls to a deadline (domain.md 1.12, R08).
        return replace(who, deadline=Deadline("unknown", flags=("estate", *who.flags)))
    agreements = case.rulebook.agreements
    own = contracts_of(who, case.context.contracts)
    chosen, flags = _meant(own, understanding.fields.products)
    told = tuple(Agreement(each, deadline(each, notice, agreements)) for each in chosen)
    found = _agreed(told) if told else unknown(notice, agreements)
    part = "partial" in understanding.topics or understanding.fields.users > 0
    flags += (
        *(["part_only"] if part and told else []),
        *([_authority(understanding)] if understanding.role == "accountant" else []),
        *who.flags,
    )
    if "product_not_in_register" in flags:
        found = Deadline("unknown", candidates=_candidates(told), flags=found.flags)
    return replace(who, agreements=told, deadline=replace(found, flags=(*found.flags, *flags)) if flags else found)


def _authority(understanding: Understanding) -> str:
    return "authority_to_check" if AUTHORITY in understanding.topics else "authority"


def _meant(own: Sequence[Contract], products: Sequence[str]) -> tuple[Sequence[Contract], tuple[str, ...]]:
    """The contracts that a notice names, all of them where it names no product."""
    named = [each for each in own if each.product in products]
    missing = own and set(products) - {each.product for each in own}
    return named or own, ("product_not_in_register",) if missing else ()


def _agreed(told: Sequence[Agreement]) -> Deadline:
    """The deadline that all contracts share; otherwise unknown, with each contract's day as a candidate."""
    first = told[0].deadline
    if all(each.deadline == first for each in told):
        return first
    days = {(each.deadline.status, each.deadline.last_service_day) for each in told}
    flags = tuple(dict.fromkeys(flag for each in told for flag in each.deadline.flags))
    if len(days) == 1 and first.last_service_day:
        # One end for all; access afterwards may differ from product to product.
        return replace(first, flags=flags, access="", access_until=None)
    return Deadline("unknown", candidates=_candidates(told), flags=("several_contracts", *flags))


def _candidates(told: Sequence[Agreement]) -> tuple[DeadlineCandidate, ...]:
    return tuple(
        DeadlineCandidate(each.contract.product, day.last_service_day) for each in told for day in _days(each.deadline)
    )


def _days(found: Deadline) -> tuple[DeadlineCandidate, ...]:
    """The end that a deadline names, or those that it may have."""
    if found.last_service_day:
        return (DeadlineCandidate(found.rule, found.last_service_day),)
    return found.candidates
