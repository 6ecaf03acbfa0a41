"""An answer that brings what an earlier mail lacked, and little else: it takes up the earlier mail's requests.

Fields are filled in and never replaced, so that an answer cannot turn one customer's notice into another's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from processor.deciding.case import Case
from processor.deciding.lacking import told
from processor.findings import Fields, Request
from processor.ticket import Earlier

OWN_LEAST = 0.3
"""From this chance on, what an answer asks for besides is a request of its own."""
NO_REQUEST = {"no_action", "other"}
NUMBER = re.compile(r"(?<![\d.])(?:\d{3}[ .\xa0]\d{3}[ .\xa0]\d{3}|\d{5,9})(?![\d.]\d|\d)")
"""Five to nine digits; telephone numbers have eight."""
WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2, 1)


def completed(case: Case) -> Case:
    """The case as it is with the earlier mails: an answer with what they lacked takes up their requests.

    Fields are filled in and never replaced; the first mail's arrival becomes ``since``.
    """
    context, understanding = case.context, case.understanding
    if not context.joins or case.provenance.result != "proven" or understanding.automatic or _takes_back(case):
        return case
    waiting = [each for each in context.earlier if each.in_ticket and each.open and each.asks]
    fields = _with_bare_number(case, waiting)
    done = tuple(each for each in waiting if _brings(each, fields, case))
    if not done:
        return case
    for each in done:
        fields = _filled(each.known.fields, fields)
    types = dict.fromkeys(each.type for each in done)
    requests = [Request(name, max(each.confidence for each in done if each.type == name)) for name in types]
    requests += [
        each
        for each in understanding.requests
        if each.type not in types and each.type not in NO_REQUEST and each.confidence >= OWN_LEAST
    ]
    role = next((each.known.role for each in done if each.known.role != "customer"), understanding.role)
    topics = dict.fromkeys((*(topic for each in done for topic in each.known.topics), *understanding.topics))
    whole = replace(
        understanding,
        requests=tuple(requests),
        chances=tuple((each.type, each.confidence) for each in requests),
        silent=0.0,
        # Of what an answer says besides, as little counts as of its own requests.
        perhaps=tuple(each for each in understanding.perhaps if each[0] not in types and each[1] >= OWN_LEAST),
        fields=fields,
        role=role,
        topics=tuple(topics),
    )
    since = min(each.arrival for each in done)
    return replace(case, understanding=whole, since=since, completes=done, said=understanding.fields)


def other_company(earlier: Earlier, fields: Fields) -> bool:
    """Whether both name a company, and not the same one."""
    company = earlier.known.fields.company
    return bool(company and fields.company and company.casefold() != fields.company.casefold())


def _takes_back(case: Case) -> bool:
    types = case.rulebook.types
    asked = {each.type for each in case.understanding.requests if each.confidence >= OWN_LEAST}
    return any(types[name].withdraws for name in asked if name in types)


def _brings(earlier: Earlier, fields: Fields, case: Case) -> bool:
    """Whether the answer tells something that was asked for, about this very item."""
    if len(fields.org_no) > 1 or other_company(earlier, fields):
        return False
    known = told(fields, case)
    return any(known.get(ask) for ask in earlier.asks)


def _with_bare_number(case: Case, waiting: Sequence[Earlier]) -> Fields:
    """The fields, with a lone number where one was asked for: an answer may be nothing else."""
    fields, asks = case.understanding.fields, {ask for each in waiting for ask in each.asks}
    if fields.org_no or fields.customer_no:
        return fields
    numbers = {re.sub(r"\D", "", each) for each in NUMBER.findall(case.message.words("new"))}
    if len(numbers) != 1:
        return fields
    (number,) = numbers
    if "org_no" in asks and len(number) == 9 and _is_org_no(number):
        return replace(fields, org_no=(number,))
    return replace(fields, customer_no=(number,)) if "customer_no" in asks and len(number) < 8 else fields


def _is_org_no(digits: str) -> bool:
    """Nine digits, the last by modulus 11 (domain.md 5.4)."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, digits, strict=True))
    return digits[0] in "389" and total % 11 == 0


def _filled(old: Fields, new: Fields) -> Fields:
    """The old fields, and the new ones where they were empty."""
    return replace(new, **{name: value for name in Fields.__slots__ if (value := getattr(old, name))})
