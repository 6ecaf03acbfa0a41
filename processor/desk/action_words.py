"""What the desk says of an action: its state, what stands beside it, and what the program doubts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from processor.deciding.doubts import HELD
from processor.deciding.staff_words import ACTIONS as ACTIONS
from processor.deciding.staff_words import action_words as action_words
from processor.desk.language import N_
from processor.desk.lookup_words import lookup_words
from processor.ticket import ActionState

Say = Callable[[str], str]

ACTION_STATES: Mapping[ActionState, str] = {
    ActionState.WAITING: N_("Waiting"),
    ActionState.SECONDED: N_("Approved by one of two"),
    ActionState.APPROVED: N_("Approved"),
    ActionState.DONE: N_("Done"),
    ActionState.HELD: N_("Held: the customer took it back"),
    ActionState.REJECTED: N_("Rejected"),
    ActionState.SUPERSEDED: N_("Dropped, since the mail is something else"),
}
FACTS: Mapping[str, str] = {
    "org_no": N_("Org. no."),
    "customer_no": N_("Customer no."),
    "company": N_("Company"),
    "products": N_("Product"),
    "effective_date": N_("Wanted end"),
    "invoice_no": N_("Invoice"),
    "domains": N_("Domains"),
    "emails": N_("Addresses"),
    "phone": N_("Phone"),
    "users": N_("Users"),
    "contact": N_("Contact"),
    "sent_on": N_("Said to be sent"),
    "sender": N_("Sender"),
    "doubts": N_("Doubts"),
    "deadline": N_("Deadline"),
    "customer": N_("Customer"),
    "reason": N_("Reason"),
    "power_of_attorney": N_("Power of attorney"),
    "may_belong_to": N_("May belong to"),
    "register": N_("Company register"),
    "peppol": N_("Peppol"),
    "already": N_("Already here"),
    "withdraws": N_("Takes back"),
    "withdrawn": N_("Taken back"),
    "perhaps_withdrawn": N_("Perhaps taken back"),
    "second_notice": N_("Second notice"),
    "completed": N_("Completed"),
    "differs": N_("Said otherwise"),
    "instead_of": N_("Instead of"),
    "admin_email": N_("Administrator's address"),
    "user_email": N_("User's address"),
    "new_org_no": N_("New org. no."),
    "both_org_nos": N_("Both org. nos."),
    "sent_date": N_("When it was sent"),
    "form": N_("Form"),
    "scope": N_("What it covers"),
    "invoice_or_period": N_("Invoice or period"),
    "licences": N_("Which licences"),
    "objection_reason": N_("Reason for the objection"),
    "transfer_date": N_("When to transfer"),
    "transfer_papers": N_("Papers of the transfer"),
    "system": N_("System"),
    "elma_modules": N_("Modules"),
}
"""What stands beside an action, and what a row may ask for, by its name in the rules."""
WITH_DOMAINS = frozenset({"otp_rights", "otp_code", "admin_access"})
"""Types of requests that are for domains or for the addresses of persons."""
SAID_ABOVE = frozenset({"lookalike", "warning", "gate", "gate_customer"})
"""Facts that are told as warnings above the button, or by the gate."""
STANDS = re.compile(r"(a\d+) (\w+) in (\S+): (.+?)(?: by (.+, \d\d\.\d\d\.\d{4}))?")
"""How the store tells of an action of an earlier item."""
SOON = N_("as soon as possible")
NONE_BY_NAME = N_("none by name, perhaps all")
DOUBTS: Mapping[str, str] = {
    **HELD,
    "year_assumed": N_("The mail names no year; the next one was assumed"),
    "several_org_no": N_("The mail names several organisation numbers"),
    "public_domain": N_("Rights are asked for a domain that is everybody's"),
    "foreign_domain": N_("Rights are asked for a domain that is not the sender's"),
    "customer_in_display_name": N_("The sender's name shows a customer's address, which is not the sender's"),
    "lookalike_domain": N_("The sender's domain looks like a customer's"),
    "admin_elsewhere": N_("The administrator's address lies outside the domains"),
    "form_undated": N_("The form has no date"),
    "quantity_mismatch": N_("The quantities of the invoice do not fit together"),
    "amount_mismatch": N_("The amounts of the invoice do not fit together"),
    "arrival_from_date": N_("When it arrived is known from its Date header alone"),
    "arrival_unknown": N_("When it arrived is not known"),
}
SAME_DOUBT = {"form_undated": "form_no_date"}
"""A doubt that says in other words what another says already."""


def fact_words(name: str, value: str, say: Say) -> str:
    """What stands beside an action, as staff read it; what is the customer's own stays as it is."""
    if name in ("already", "withdraws"):
        return "; ".join(_standing(each, say) for each in value.split("; "))
    if name == "effective_date" and value == "asap":
        return say(SOON)
    if name == "differs":
        return "; ".join(_differing(each, say) for each in value.split("; "))
    if name in ("register", "peppol"):
        return lookup_words(value, say)
    if name in ("second_notice", "withdrawn", "perhaps_withdrawn"):
        return re.sub(r"^(\S+ kl\. \S+) (?:from|by) ", r"\1, ", value)
    return value


def _standing(told: str, say: Say) -> str:
    found = STANDS.fullmatch(told)
    if not found:
        return told
    number, kind, ticket, state, by = found.groups()
    states = {each.in_words: words for each, words in ACTION_STATES.items()}
    stands = say(states[state]) if state in states else state
    return f"{number} {action_words(kind, say)} ({ticket}): {stands}{', ' + by if by else ''}"


def _differing(told: str, say: Say) -> str:
    name, colon, values = told.partition(": ")
    if not (name in FACTS and colon):
        return told
    before, _, now = values.partition(", then ")
    now = say(NONE_BY_NAME) if now == NONE_BY_NAME else now
    return f"{say(FACTS[name])}: {'–' if before == 'none' else before} → {now}"


def doubts_words(names: str, say: Say) -> list[str]:
    """The doubts of an action's facts, which come as names with commas between; none is told in two words."""
    found = [each for each in names.split(", ") if each]
    told = [each for each in found if SAME_DOUBT.get(each) not in found]
    return [say(DOUBTS[each]) if each in DOUBTS else each.replace("_", " ") for each in told]


def whole(text: str) -> str:
    """A sentence as it stands alone: with a capital letter and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")
