"""Whose mail is this?  The customer by the contract register, from numbers first and never from a name alone.

In this order: organisation number, customer number, the sender's domain; a company's name gives staff
suggestions only.  A public mail domain tells nothing, and an accountant's or a trustee's domain tells
of the accountant, not of the client (domain.md 1.12).
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Literal

from processor.contract import Asked, Contract, folded_name, name_key
from processor.deciding.case import Case
from processor.deciding.domains import organisational
from processor.findings import Understanding
from processor.message import Message
from processor.ticket import Account

ALIKE = 0.84
MOST_SUGGESTIONS = 5
NOBODY = Account()


def asked(message: Message, understanding: Understanding, public_domains: frozenset[str]) -> Asked:
    """What the shell should look up in the register for a mail."""
    fields = understanding.fields
    domain = message.sender.domain if message.sender else ""
    own = understanding.role == "customer"
    return Asked(
        org_nos=fields.org_no,
        customer_nos=fields.customer_no,
        domains=wider(domain, public_domains) if own else (),
        name=fields.company or "",
    )


def account(org_no: str, case: Case) -> Account:
    """The customer that an item of this organisation number (``""``: of none) is about."""
    contracts = case.context.contracts
    if not contracts:
        return NOBODY
    found = _by_org_no(org_no, case) if org_no else _by_customer_no(case) or _by_domain(case)
    return found or Account(suggestions=_named(contracts, case.understanding.fields.company))


def named_by_their_own(found: Account, case: Case) -> bool:
    """Whether a proven sender names the very company that the register has for their domain.

    That identifies it as well as a number would (domain.md R01); a company of another name may be meant by it.
    """
    if case.provenance.result != "proven" or found.how != "domain" or found.flags:
        return False
    return bool(_named(contracts_of(found, case.context.contracts), case.understanding.fields.company))


def contracts_of(found: Account, contracts: Sequence[Contract]) -> tuple[Contract, ...]:
    """The contracts of the customer that was found."""
    return tuple(each for each in contracts if found.how and each.customer_no == found.customer_no)


def _by_org_no(org_no: str, case: Case) -> Account | None:
    contracts, said = case.context.contracts, case.understanding.fields.customer_no
    fits = [each for each in contracts if each.org_no == org_no]
    by_number = [each for each in contracts if each.customer_no in said]
    if not fits:
        # A customer without an organisation number in the register may well be this one, another may not.
        open_ = [each for each in by_number if not each.org_no] if len(case.understanding.fields.org_no) == 1 else []
        if open_:
            return _one(open_, "customer_no", case)
        seen = by_number or [each for each in contracts if _holds_sender(each, case)]
        flags = ("numbers_disagree",) if by_number else ()
        return Account(suggestions=_suggestions(seen), flags=flags) if seen else None
    narrowed = [each for each in fits if each.customer_no in said]
    found = _one(narrowed or fits, "org_no", case)
    alone = len(case.understanding.fields.org_no) == 1
    if alone and by_number and not narrowed and any(each.org_no for each in by_number):
        return Account(suggestions=_suggestions([*fits, *by_number]), flags=("numbers_disagree",))
    return found


def _by_customer_no(case: Case) -> Account | None:
    said = case.understanding.fields.customer_no
    fits = [each for each in case.context.contracts if each.customer_no in said]
    return _one(fits, "customer_no", case) if fits else None


def _by_domain(case: Case) -> Account | None:
    fits = [each for each in case.context.contracts if _holds_sender(each, case)]
    if not fits or case.provenance.result == "forged":
        return None
    if case.understanding.fields.customer_no:
        # It named a number that we do not know: the writer's own company need not be the one meant.
        return Account(suggestions=_suggestions(fits))
    return _one(fits, "domain", case)


def _one(fits: Sequence[Contract], how: Literal["org_no", "customer_no", "domain"], case: Case) -> Account:
    """The customer of the contracts if they are all one customer's, else suggestions."""
    numbers = {each.customer_no for each in fits}
    if len(numbers) > 1:
        return Account(suggestions=_suggestions(fits), flags=("customer_ambiguous",))
    others = [each for each in case.context.contracts if _holds_sender(each, case)]
    elsewhere = others and numbers.isdisjoint(each.customer_no for each in others)
    flags = ("sender_elsewhere",) if elsewhere else ()
    return Account(how, fits[0].customer_no, fits[0].name, flags=flags)


def _holds_sender(contract: Contract, case: Case) -> bool:
    """Whether the sender writes from a domain of the contract's customer, as a customer does."""
    sender = case.message.sender
    if sender is None or case.understanding.role != "customer":
        return False
    return not set(contract.domains).isdisjoint(wider(sender.domain, case.rulebook.public_domains))


def wider(domain: str, public_domains: frozenset[str]) -> tuple[str, ...]:
    """The domain and those above it, up to the organisational one; nothing for a public mail domain."""
    top = organisational(domain)
    if not top or top in public_domains:
        return ()
    found = [domain]
    while found[-1] != top:
        found.append(found[-1].partition(".")[2])
    return tuple(each for each in found if each not in public_domains)


def _named(contracts: Sequence[Contract], company: str | None) -> tuple[str, ...]:
    """Customers whose name is much alike, the most alike first."""
    folded = folded_name(company or "")
    if not folded:
        return ()
    key = name_key(company or "")
    likeness = {
        each.customer_no: 1.0
        if key and name_key(each.name) == key
        else SequenceMatcher(None, folded, folded_name(each.name)).ratio()
        for each in contracts
    }
    alike = [each for each in contracts if likeness[each.customer_no] >= ALIKE]
    return _suggestions(sorted(alike, key=lambda each: (-likeness[each.customer_no], each.customer_no)))


def _suggestions(contracts: Sequence[Contract]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{each.customer_no} {each.name}" for each in contracts))[:MOST_SUGGESTIONS]
