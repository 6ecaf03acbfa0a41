"""Does the sender pose as a customer?  By a domain that looks like theirs, or by their domain in the display name.

A likeness is a reason for staff to look, and never a proof: a firm may well own both names (threats T07, T08).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from processor.deciding.case import Case
from processor.deciding.domains import aligned, organisational
from processor.gate import TYPES
from processor.likeness import domains_named, keys_like
from processor.message import Address, Message

CODES = {"otp_code"}
POSES = "lookalike_domain"
NAMES = "customer_in_display_name"
MOST = 5


def traits(sender: Address | None, public_domains: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What to look for in the register: the keys of the sender's domain, and the domains in the display name."""
    if sender is None:
        return (), ()
    named = tuple(each for each in domains_named(sender.name) if not aligned(each, sender.domain))
    top = organisational(sender.domain)
    return () if not top or top in public_domains else keys_like(top), named


def lookalikes(
    sender: Address | None, known: Iterable[tuple[str, str]], public_domains: frozenset[str]
) -> tuple[str, ...]:
    """The customers' domains, of those that were found, that this sender may be taken for."""
    if sender is None:
        return ()
    keys, named = traits(sender, public_domains)
    rows = [(domain, key) for domain, key in known if not aligned(domain, sender.domain)]
    found = [domain for domain, key in rows if domain in named or key in keys]
    return tuple(dict.fromkeys(found))[:MOST]


def posing(message: Message, resembled: Sequence[str]) -> tuple[str, ...]:
    """The flags of a mail whose sender may be taken for these domains."""
    if message.sender is None or not resembled:
        return ()
    named = set(domains_named(message.sender.name))
    by_domain = [each for each in resembled if each not in named]
    return (*((POSES,) if by_domain else ()), *((NAMES,) if named & set(resembled) else ()))


def held_by_likeness(case: Case) -> list[str]:
    """Why a risky mail of such a sender waits for a person; another goes its way with a warning."""
    risky = any(request.type in TYPES or request.type in CODES for request in case.understanding.requests)
    if not risky or not case.context.lookalikes:
        return []
    return [f"The sender may pose as a customer: {in_words(case.message, case.context.lookalikes)}."]


def in_words(message: Message, resembled: Sequence[str]) -> str:
    """Both domains beside each other, for staff; "" where nothing was found."""
    if message.sender is None or not resembled:
        return ""
    return f"{message.sender.domain} is not {', '.join(resembled)}"
