"""A deadline, a customer and their flags in words for staff; nothing of this goes into a letter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from processor.contract import Contract
from processor.ticket import Account, Deadline

ACTIONS: Mapping[str, str] = {
    "activate_autoinvoice": "Activate AutoInvoice",
    "add_administrator": "Add an administrator",
    "answer_agreement_question": "Answer the question about the agreement",
    "answer_invoice_question": "Answer the question about the invoice",
    "answer_mail": "Answer the mail",
    "answer_termination_question": "Answer the question about termination",
    "change_org_number": "Change the organisation number",
    "check_elma": "Check ELMA",
    "decide_withdrawal": "Decide on the withdrawal",
    "find_notice": "Find the notice",
    "forward_termination": "Forward the notice",
    "generate_otp_code": "Generate a one-time code",
    "grant_otp_rights": "Grant rights to one-time codes",
    "handle_estate": "Handle the estate",
    "handle_objection": "Handle the objection",
    "handle_privacy_request": "Handle the privacy request",
    "register_partial_termination": "Register the partial termination",
    "register_termination": "Register the termination",
    "send_invoice_copy": "Send a copy of the invoice",
    "transfer_licences": "Transfer the licences",
}
"""What staff do, by the kind of the action; the desk's catalog has them in Norwegian."""
STATUS = {
    "timely": "in time",
    "borderline": "borderline: a person decides whether it is in time",
    "late": "too late for the end before, reaches the next",
    "unknown": "not known",
}
FLAGS = {
    "last_day": "it came on the last safe day itself",
    "sent_before_recv_after": "it says that it was sent in time and came after: the Date header proves nothing, a person decides",
    "weekend_deadline": "the deadline fell on a weekend, which does not move it",
    "late_for_invoiced_year": "it came in the month of the yearly invoice: this year is invoiced, and the invoice stands",
    "completed_late": "the first mail came in time, what it lacked came after; the first mail's time counts",
    "wanted_later": "a later end was asked for, and it is one",
    "wanted_too_early": "an earlier end was asked for than the contract has",
    "wanted_no_boundary": "the contract does not end on the day asked for: ask which end is meant, register nothing yet",
    "invoices_differ": "the invoiced periods run from another day than signing: the other end is a candidate",
    "other_desk": "another desk or company decides; forward it the same day",
    "rule_unknown": "the notice that this product needs is not in our sources",
    "type_unknown": "the register does not say which type of contract this is",
    "signing_unknown": "the register does not say when the contract was signed",
    "several_contracts": "the customer has several contracts, which end on different days",
    "several_customers": "the mail is about several customers: each item has its own deadline",
    "product_not_in_register": "the product that the mail names is not among the customer's contracts",
    "part_only": "only a part is to end; it is taken to follow the whole contract's deadline",
    "authority": "an accountant writes: ask for the client's authority; the first mail's time counts",
    "authority_to_check": "an accountant writes, and a power of attorney came along: check whom it is from and what for",
    "estate": "a bankruptcy estate: the legal desk decides, whatever the deadline",
    "customer_ambiguous": "what the mail says fits several customers",
    "sender_elsewhere": "the sender's domain is another customer's",
    "numbers_disagree": "the organisation number and the customer number belong to different customers",
}
MATCHED = {
    "org_no": "by organisation number",
    "customer_no": "by customer number",
    "domain": "by the sender's domain",
}


def flag_in_words(flag: str) -> str:
    """What a flag means; an unknown one comes back as it is, with spaces."""
    return FLAGS.get(flag, flag.replace("_", " "))


def deadline_in_words(found: Deadline) -> list[str]:
    """The deadline in lines: the status with its dates and what each rests on, candidates, access, flags."""
    bases = dict(found.bases)
    said = [f"deadline {STATUS[found.status]}"]
    if found.last_service_day:
        said.append(f"ends {found.last_service_day:%d.%m.%Y} ({bases.get('last_service_day', found.basis)})")
    if found.last_safe_notice_day:
        safe = f"{found.last_safe_notice_day:%d.%m.%Y} ({bases.get('last_safe_notice_day', found.basis)})"
        said.append(f"last safe notice {safe}")
    lines = ["; ".join(said)]
    if found.next_service_day:
        lines.append(f"the end after that: {found.next_service_day:%d.%m.%Y}")
    if found.candidates:
        days = ", ".join(f"{each.contract} {each.last_service_day:%d.%m.%Y}" for each in found.candidates)
        lines.append(f"candidates, to be promised to nobody: {days}")
    if found.access:
        until = f"to {found.access_until:%d.%m.%Y} ({bases.get('access_until', '')}): " if found.access_until else ""
        lines.append(f"access {until}{found.access}")
    return [*lines, *(f"note: {flag_in_words(flag)}" for flag in found.flags)]


def deadline_in_short(found: Deadline | None) -> str:
    """The deadline in a few words for a list, such as "ends 31.12.2026, in time"; "" where no end is known."""
    if found is None or found.last_service_day is None:
        return ""
    otherwise = f", else ends {found.next_service_day:%d.%m.%Y}" if found.next_service_day else ""
    short = {"timely": "in time", "borderline": f"borderline{otherwise}", "late": "too late for the end before"}
    return f"ends {found.last_service_day:%d.%m.%Y}, {short[found.status]}"


def terms(contract: Contract) -> str:
    """What was agreed on, without whom with."""
    said = [
        contract.product,
        f"type {contract.type}" if contract.type else "",
        f"signed {contract.signed:%d.%m.%Y}" if contract.signed else "",
        f"invoiced to {contract.invoiced_to:%d.%m.%Y}" if contract.invoiced_to else "",
    ]
    return ", ".join(filter(None, said))


def account_in_words(found: Account) -> list[str]:
    """An item's customer in lines: who, how known, suggestions, each contract with its deadline."""
    lines = [f"customer {found.customer_no} {found.name}, {MATCHED[found.how]}"] if found.how else []
    if found.suggestions:
        lines.append(f"it may be: {'; '.join(found.suggestions)}")
    for each in found.agreements:
        lines += [f"contract {terms(each.contract)}", *(f"  {line}" for line in deadline_in_words(each.deadline))]
    if found.deadline is None:
        return [*lines, *(f"note: {flag_in_words(flag)}" for flag in found.flags)]
    if len(found.agreements) == 1 and found.agreements[0].deadline.status == found.deadline.status:
        told = found.agreements[0].deadline.flags
        return [*lines, *(f"note: {flag_in_words(flag)}" for flag in found.deadline.flags if flag not in told)]
    return [*lines, *deadline_in_words(found.deadline)]


def customers_in_words(found: Mapping[str, Account]) -> Iterable[str]:
    """A sentence for each organisation whose customer is known: who, how known, and the deadline."""
    for each in found.values():
        if not each.how:
            continue
        said = f"The customer is {each.customer_no} {each.name}, {MATCHED[each.how]}"
        if each.deadline:
            said += f"; {deadline_in_words(each.deadline)[0]}"
        yield f"{said}."


PEOPLE = {"two_staff": "two people", "staff": "one person"}
"""What an action needs, for staff."""


def action_words(kind: str, say: Callable[[str], str] = str) -> str:
    """What staff do for an action of this kind, by ``say`` in their language; that of a rules file of your own comes
    with spaces."""
    return say(ACTIONS[kind]) if kind in ACTIONS else kind.replace("_", " ").capitalize()
