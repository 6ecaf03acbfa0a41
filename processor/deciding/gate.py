"""What stands against granting rights, whatever the rules say (threats T10, T20 to T24; domain.md R12 and R20).

Everything must hold at once: a proven sender who poses as nobody else, domains that are the sender's own or registered
to the customer, none of them public, a named administrator within them, and a customer of the register.
"""

from __future__ import annotations

from collections.abc import Iterator

from processor.deciding.case import Case
from processor.deciding.domains import aligned, domain_of, organisational
from processor.deciding.lookalike import in_words
from processor.deciding.matching import wider
from processor.gate import CLEAR, CUSTOMER, GATE, gated
from processor.ticket import Account

MOST_SHOWN = 5


def gate_facts(item_type: str, kind: str, account: Account | None, case: Case) -> dict[str, str]:
    """The gate's facts of an action; none for one that is not behind it."""
    if not gated(item_type, kind):
        return {}
    against = tuple(_against(item_type, account, case))
    customer = account.customer_no if account and account.how else ""
    return {GATE: "; ".join(against) or CLEAR, CUSTOMER: customer}


def _against(item_type: str, account: Account | None, case: Case) -> Iterator[str]:
    if case.provenance.result != "proven":
        yield f"the sender is {case.provenance.result}"
    if posed := in_words(case.message, case.context.lookalikes):
        yield f"the sender poses as another: {posed}"
    if not account or not account.how:
        yield "no customer of the register is known for it, so there is no number to call back"
    elif account.flags:
        yield f"the customer is not sure: {', '.join(account.flags)}"
    yield from _about_domains(item_type, account, case)


def _about_domains(item_type: str, account: Account | None, case: Case) -> Iterator[str]:
    fields, public = case.understanding.fields, case.rulebook.public_domains
    asked, own = fields.domains, case.message.sender.domain if case.message.sender else ""
    if item_type == "otp_rights" and not asked:
        yield "no domain is named"
    for domain in asked[:MOST_SHOWN]:
        if domain in public or not organisational(domain):
            yield f"{domain} is public"
        elif not _theirs(domain, own, account, case):
            yield f"{domain} is neither the sender's nor the customer's{_whose(domain, case)}"
    if not fields.emails:
        yield "no administrator is named"
    # Where no domain is asked for, an administrator is one of the sender's own.
    for email in fields.emails[:MOST_SHOWN]:
        place = domain_of(email)
        inside = any(aligned(place, each) for each in asked) if asked else _theirs(place, own, account, case)
        if place in public or not inside:
            yield f"the administrator's address is at {place}, outside of it"


def _theirs(domain: str, own: str, account: Account | None, case: Case) -> bool:
    number = account.customer_no if account and account.how else ""
    registered = {each for one in case.context.contracts if one.customer_no == number for each in one.domains}
    # A proven stranger may name any customer: their own domain counts where the register knows no other.
    if own not in case.rulebook.public_domains and aligned(domain, own):
        return not registered or any(aligned(own, each) for each in registered)
    return bool(number) and any(_owned(each, case) == (number,) for each in wider(domain, frozenset()))


def _owned(domain: str, case: Case) -> tuple[str, ...]:
    """The customers of exactly this domain; an accountant's may stand at many, and is then nobody's."""
    pairs = (each.rpartition(" ") for each in case.context.owners)
    return tuple(number for name, _, number in pairs if name == domain)


def _whose(domain: str, case: Case) -> str:
    owners = next((found for each in wider(domain, frozenset()) if (found := _owned(each, case))), ())
    return f", but of customer {', '.join(owners[:MOST_SHOWN])}" if owners else ""
