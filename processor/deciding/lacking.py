"""What a reply asks for and the mail does not say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from processor.deciding.authority import TOPIC as AUTHORITY
from processor.deciding.case import Case
from processor.deciding.invoice_objection import reasons
from processor.findings import Fields
from processor.ticket import Earlier

PERIOD = re.compile(
    r"\b(?:jan(?:uary?|uar[iy]?)?|feb(?:ruar[iy]?)?|mar(?:s|ts|ch)|april|ma[ijy]|jun[ie]|jul[iy]|aug(?:ust[i]?)?"
    r"|sept?(?:ember)?|o[kc]t(?:ober)?|nov(?:ember)?|de[sc](?:ember)?|q[1-4]|[1-4]\. ?kvartal|20[0-9]{2})\b",
    re.IGNORECASE,
)
"""A month, a quarter or a year: what an invoice may be found by where its number is not known."""
MODULES = {"Visma Document Center", "Visma.net AutoInvoice"}


def lacking(asks: Iterable[str], case: Case) -> tuple[str, ...]:
    """Those of the things asked for that the mail does not tell, each once, in their order."""
    known = told(case.understanding.fields, case)
    return tuple(ask for ask in dict.fromkeys(asks) if not known.get(ask))


def unsaid(asks: Iterable[str], firsts: Iterable[Earlier], case: Case) -> tuple[str, ...]:
    """Those of the things asked for that neither the mail tells nor one of the earlier ones that it repeats."""
    told_before = [_told_by(each, case) for each in firsts]
    return tuple(ask for ask in lacking(asks, case) if not (told_before and all(told.get(ask) for told in told_before)))


def _told_by(earlier: Earlier, case: Case) -> dict[str, object]:
    """What an earlier mail told; a customer who gave notice by themselves needs no power of attorney."""
    known = earlier.known
    before = replace(case, understanding=replace(case.understanding, topics=known.topics, form=None))
    found = told(known.fields, before)
    return {**found, "power_of_attorney": found["power_of_attorney"] or known.role == "customer"}


def told(fields: Fields, case: Case) -> dict[str, object]:
    """What fields tell of each thing that may be asked for; what no field can tell is not in it."""
    return {
        "org_no": fields.org_no,
        "customer_no": fields.customer_no,
        "company": fields.company,
        "products": fields.products,
        "power_of_attorney": AUTHORITY in case.understanding.topics,
        "invoice_no": fields.invoice_no,
        "objection_reason": reasons(case.understanding.topics),
        "admin_email": fields.emails,
        "user_email": fields.emails,
        "domains": [each for each in fields.domains if each not in case.rulebook.public_domains],
        "new_org_no": len(fields.org_no) > 1,
        "both_org_nos": len(fields.org_no) > 1,
        "sent_date": fields.sent_on,
        "form": case.understanding.form,
        "scope": fields.users or fields.products,
        "invoice_or_period": fields.invoice_no or PERIOD.search(written(case)),
        "licences": fields.products,
        "transfer_date": fields.effective_date,
        "transfer_papers": case.message.attachments,
        "system": set(fields.products) - MODULES,
        "elma_modules": MODULES & set(fields.products),
    }


def written(case: Case) -> str:
    """The subject and what the writer wrote or passed on, without quoted mail and signature."""
    return f"{case.message.subject}\n{case.message.words('new', 'forwarded')}"
