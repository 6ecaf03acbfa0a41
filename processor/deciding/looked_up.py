"""What outside registers answered about a mail's organisations: what it forbids, and how it is told.

Only what was checked says anything.  A register that was off or silent leaves every decision and letter as it
would be without it; staff see that it was asked in vain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from processor.deciding import wording
from processor.deciding.calendar import OSLO
from processor.deciding.case import Case
from processor.lookup import Company, Participant, Reason

NOTICE = "termination"
MOST_IN_LETTER = 5
REASONS: Mapping[Reason, str] = {
    "off": "the lookup is off",
    "timed_out": "no answer in time",
    "unreachable": "it could not be reached",
    "refused": "it refuses to answer just now",
    "nonsense": "its answer made no sense",
    "resting": "not asked, since it failed a moment ago",
    "too_many": "too many were to be asked for at once",
}
ROLES = {
    "DAGL": "general manager",
    "LEDE": "chair",
    "INNH": "owner",
    "BOBE": "trustee",
    "KDEB": "trustee",
    "SIGN": "may sign",
    "PROK": "procuration",
    "DTSO": "partner",
    "DTPR": "partner",
    "KOMP": "general partner",
    "KONT": "contact",
    "REGN": "accountant",
    "REVI": "auditor",
}
SMP = {
    "none": "no SMP is named",
    "unreachable": "its SMP does not answer",
    "unknown_group": "its SMP does not know it",
    "nonsense": "its SMP's answer made no sense",
}


def held_by_register(case: Case) -> list[str]:
    """Why a notice must be seen by a person: a company in it is gone, or about to be (domain.md R08)."""
    if not any(request.type == NOTICE for request in case.understanding.requests):
        return []
    found = map(case.context.lookups.company, case.understanding.fields.org_no)
    return [
        f"The company register says that {_named(each)} {trouble}; asked {_moment(each.asked_at)}."
        for each in found
        if (trouble := in_trouble(each))
    ]


def in_trouble(company: Company) -> str:
    """Why the company may not be able to give notice itself, as "is bankrupt (since 01.06.2026)"; "" for a sound one."""
    if company.state == "removed":
        return "has been removed"
    said = [
        *([f"is deleted{_since(company.deleted_on)}"] if company.deleted else []),
        *([f"is bankrupt{_since(company.bankrupt_on)}"] if company.bankrupt else []),
        *([f"is being wound up{_since(company.winding_up_on)}"] if company.winding_up else []),
        *(["is being wound up or dissolved by force"] if company.forced else []),
    ]
    return " and ".join(said)


def lookup_facts(org_nos: Sequence[str], case: Case) -> Mapping[str, str]:
    """What staff see of the answers about some organisations; "" or nothing where nobody asked."""
    lookups = case.context.lookups
    if not (lookups.companies or lookups.participants):
        return {}
    companies = [found for found in map(lookups.company, org_nos) if found.reason != "off"]
    participants = [found for found in map(lookups.participant, org_nos) if found.reason != "off"]
    return {
        "register": "; ".join(map(company_in_words, companies)),
        "peppol": "; ".join(map(participant_in_words, participants)),
    }


def company_in_words(company: Company) -> str:
    """An entry of the register in a line for staff."""
    if company.state == "not_checked":
        return f"{company.org_no} not checked: {REASONS[company.reason]}"
    when = f"asked {_moment(company.asked_at)}"
    if company.state == "unknown":
        return f"{company.org_no} is not in the register, {when}"
    silent = [company.bankrupt, company.winding_up, company.forced].count(None) == 3 and not company.deleted
    told = [
        in_trouble(company) or ("not told whether it is sound" if silent else "neither deleted, bankrupt nor wound up"),
        *([f"sub-unit of {company.part_of}"] if company.part_of else []),
        *([{"nb": "Bokmål", "nn": "Nynorsk"}[company.language]] if company.language else []),
        *(f"{ROLES.get(role.code, role.code)} {role.name}" for role in company.roles),
        when,
    ]
    return f"{_named(company)}{' ' + company.form if company.form else ''}: {', '.join(told)}"


def participant_in_words(found: Participant) -> str:
    """An answer of Peppol in a line for staff."""
    if found.state == "not_checked":
        return f"{found.org_no} not checked: {REASONS[found.reason]}"
    when = f"asked {_moment(found.asked_at)}"
    if found.state == "not_registered":
        return f"{found.org_no} is not registered, {when}"
    seat = " ".join(filter(None, (found.access_point, found.provider, "(ours)" if found.ours else "")))
    told = [
        f"at {seat}" if seat else "access point not determined",
        *([f"SMP {found.smp}"] if found.smp else []),
        *([SMP[found.smp_note]] if found.smp_note else []),
        *(["takes no EHF invoices"] if found.invoices is False else []),
        when,
    ]
    return f"{found.org_no} is registered, {', '.join(told)}"


def lookup_values(org_nos: Sequence[str], case: Case, language: str) -> dict[str, object]:
    """What a letter can tell: ``peppol`` and ``register``, an entry for each organisation that was checked."""
    lookups, numbers = case.context.lookups, org_nos[:MOST_IN_LETTER]
    participants, companies = map(lookups.participant, numbers), map(lookups.company, numbers)
    return {
        "peppol": tuple(_participant_values(each, language) for each in participants if each.state != "not_checked"),
        "register": tuple(_company_values(each, language) for each in companies if each.state != "not_checked"),
    }


def _participant_values(found: Participant, language: str) -> Mapping[str, object]:
    """A provider's name comes from its certificate, so it must have a strict shape like a stranger's."""
    return {
        "org_no": wording.org_no_in_words(found.org_no),
        "registered": found.state == "registered",
        "provider": "AutoInvoice" if found.ours else wording.company_in_words(found.provider),
        "access_point": found.access_point,
        "when": _when(found.asked_at, language),
    }


def _company_values(found: Company, language: str) -> Mapping[str, object]:
    return {
        "org_no": wording.org_no_in_words(found.org_no),
        "known": found.state == "found",
        "name": wording.company_in_words(found.name),
        "deleted": found.deleted or found.state == "removed",
        "bankrupt": found.bankrupt is True,
        "winding_up": found.winding_up is True or found.forced is True,
        "when": _when(found.asked_at, language),
    }


def _when(moment: datetime | None, language: str) -> str:
    return wording.moment_in_words(moment, language) if moment else ""


def _named(company: Company) -> str:
    return " ".join(filter(None, (company.org_no, company.name)))


def _since(day: date | None) -> str:
    return f" (since {day:%d.%m.%Y})" if day else ""


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone(OSLO):%d.%m.%Y %H.%M}" if moment else "at an unknown time"
