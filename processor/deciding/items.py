"""Requests to rows, and rows to items and their actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from processor.deciding.accounts import NOTICE
from processor.deciding.authority import TOPIC as AUTHORITY
from processor.deciding.authority import power_of_attorney
from processor.deciding.calendar import due, due_in_months
from processor.deciding.case import Case
from processor.deciding.gate import gate_facts
from processor.deciding.invoice_objection import reasons
from processor.deciding.lookalike import in_words
from processor.deciding.looked_up import lookup_facts
from processor.deciding.matching import named_by_their_own
from processor.findings import Request
from processor.gate import gated
from processor.rulebook import ActionRule, Needs, RequestType, Row
from processor.ticket import Account, Action, Deadline, Item, Known

UNKNOWN_TYPE = "general"
MOST_ITEMS = 40
NUMBERS = ("org_no", "customer_no")
"""What identifies a customer and is asked for where nothing else does."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A request, its rules file, the first row that holds (None if none does), and its organisations."""

    request: Request
    type: RequestType
    row: Row | None
    org_nos: tuple[str, ...]


def match(case: Case, deadline: Deadline) -> tuple[Matched, ...]:
    """The row of each request, the main request first; nothing for automatic mail and plain thanks."""
    understanding, types = case.understanding, case.rulebook.types
    if understanding.automatic:
        return ()
    values = _variables(case, deadline)
    found = []
    for request in understanding.requests:
        if request.type == "no_action":
            continue
        kind = types.get(request.type) or types[UNKNOWN_TYPE]
        row = next((row for row in kind.rows if row.holds(values)), None)
        found.append(Matched(request, kind, row, understanding.fields.org_no))
    return tuple(found)


def _variables(case: Case, deadline: Deadline) -> Mapping[str, object]:
    """The values of a condition's variables; their list stands in loading.conditions.VARIABLES."""
    understanding, sender = case.understanding, case.message.sender
    fields, form, day = understanding.fields, understanding.form, understanding.fields.effective_date
    return {
        "fields.org_no": list(fields.org_no),
        "fields.customer_no": list(fields.customer_no),
        "fields.company": fields.company or "",
        "fields.products": list(fields.products),
        "fields.effective_date": day.isoformat() if isinstance(day, date) else day or "",
        "fields.invoice_no": list(fields.invoice_no),
        "fields.domains": list(fields.domains),
        "fields.emails": list(fields.emails),
        "fields.users": fields.users,
        "sender.role": understanding.role,
        "sender.authority": AUTHORITY in understanding.topics,
        "sender.authenticity": case.provenance.result,
        "sender.domain": sender.domain if sender else "",
        "sender.known": case.context.known_sender,
        "mail.language": understanding.language,
        "mail.purpose": case.context.purpose,
        "mail.topics": list(understanding.topics),
        "mail.flags": list(understanding.flags),
        "form.present": form is not None,
        "form.complete": bool(form and form.email and form.domains),
        "deadline.status": deadline.status,
    }


def without_known(matched: tuple[Matched, ...], accounts: Mapping[str, Account], case: Case) -> tuple[Matched, ...]:
    """The requests, a notice asking for no number where the register has the company that it names."""
    known = accounts.get("")
    if known is None or not named_by_their_own(known, case):
        return matched
    return tuple(
        replace(each, row=replace(each.row, asks=tuple(ask for ask in each.row.asks if ask not in NUMBERS)))
        if each.row and each.request.type == NOTICE
        else each
        for each in matched
    )


def make_items(matched: tuple[Matched, ...], case: Case, accounts: Mapping[str, Account]) -> tuple[Item, ...]:
    """One item a request and organisation, in the order of the reply, each with its customer and what it knows."""
    items = []
    for each in matched:
        for org_no in _organisations(each):
            name = f"{each.request.type}/{org_no}" if org_no else each.request.type
            facts = _facts(org_no, case)
            rules = each.row.actions if each.row else ()
            account = accounts.get(org_no)
            actions = tuple(
                _action(rule, each, name, facts | gate_facts(each.request.type, rule.kind, account, case), case)
                for rule in rules
            )
            rule, template = (each.row.name, each.row.reply) if each.row else ("", "")
            told = _account(each, account, case)
            request, known = each.request, _known(org_no, case)
            items.append(
                Item(
                    request.type,
                    org_no,
                    rule,
                    template,
                    request.confidence,
                    actions,
                    told,
                    known=known,
                    arrival=case.context.arrival,
                )
            )
    return tuple(items[:MOST_ITEMS])


def _known(org_no: str, case: Case) -> Known:
    understanding, fields = case.understanding, case.understanding.fields
    if org_no and fields.org_no != (org_no,):
        fields = replace(fields, org_no=(org_no,))
    return Known(fields, understanding.role, understanding.topics)


def _account(matched: Matched, account: Account | None, case: Case) -> Account | None:
    """The item's customer; its contracts and their deadline belong to a notice alone."""
    if account is None or not (case.context.contracts or matched.request.type == NOTICE):
        return None
    return account if matched.request.type == NOTICE else replace(account, agreements=(), deadline=None)


def _organisations(matched: Matched) -> tuple[str, ...]:
    if matched.type.per_organisation and matched.org_nos:
        return matched.org_nos
    return (matched.org_nos[0] if matched.org_nos else "",)


def _action(rule: ActionRule, matched: Matched, item: str, facts: Mapping[str, str], case: Case) -> Action:
    # Whatever a rules file says (design.md, promise 3).
    two = gated(matched.request.type, rule.kind) or "two_staff" in (matched.type.needs, rule.needs)
    needs: Needs = "two_staff" if two else "staff"
    arrival = case.context.arrival
    moment = due_in_months(arrival, rule.due_months) if rule.due_months else due(arrival, rule.due_days)
    return Action(rule.kind, needs, moment, item, facts)


def _facts(org_no: str, case: Case) -> dict[str, str]:
    """What staff need to act, as text; empty ones are left out."""
    fields, day = case.understanding.fields, case.understanding.fields.effective_date
    provenance, sender = case.provenance, case.message.sender
    found = {
        "org_no": org_no or ", ".join(fields.org_no),
        "customer_no": ", ".join(fields.customer_no),
        "company": fields.company or "",
        "products": ", ".join(fields.products),
        "effective_date": day.isoformat() if isinstance(day, date) else day or "",
        "users": str(fields.users) if fields.users else "",
        "invoice_no": ", ".join(fields.invoice_no),
        "domains": ", ".join(fields.domains),
        "emails": ", ".join(fields.emails),
        "sender": sender.spec if sender else "",
        "reason": ", ".join(reasons(case.understanding.topics)),
        # Marked in the topics wherever there is one.
        "power_of_attorney": power_of_attorney(case.message, case.rulebook)
        if AUTHORITY in case.understanding.topics
        else "",
        "may_belong_to": case.context.may_belong_to,
        "doubts": ", ".join(case.understanding.flags),
        "lookalike": in_words(case.message, case.context.lookalikes),
        "warning": "" if provenance.result == "proven" else f"the sender is {provenance.result}: {provenance.why}",
    }
    found |= lookup_facts([org_no] if org_no else fields.org_no, case)
    return {key: value for key, value in found.items() if value}
