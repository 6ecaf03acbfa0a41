"""A customer's contract and the company's rules for ending one: plain frozen values.

``loading`` makes Agreements from rules/data/families.toml and Contracts from a CSV file; the store keeps
the register.  Sources are named as in domain.md: *source* is what a published article says, and
*interpretation* is our own reading of it, which staff must see.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Basis = Literal["source", "interpretation"]
Shape = Literal["calendar", "anchored", "month_end"]
AccessKind = Literal["with_service", "day_of_next_year", "end_of_year", "years", "open"]
LEGAL_FORMS = {
    *("as", "asa", "enk", "ans", "da", "nuf", "sa", "ba", "ks", "sf", "iks", "fli", "ab", "aps", "a/s", "ltd", "gmbh"),
    *("kommune", "fylkeskommune", "konkursbo", "stiftelsen"),
}


@dataclass(frozen=True, slots=True)
class Contract:
    """One line of the register: what a customer has agreed on for one product.

    ``type`` names a NoticeRule (``A``, ``B``), ``""`` where nobody knows.  ``signed`` is the day of
    signing and ``invoiced_to`` the last day that an invoice covers, both dates in Oslo.  ``domains``
    are in lower case and never public mail domains.  ``phone`` is the number by which staff call the customer
    back, and ``contacts`` are the addresses that are told of a risky request; both are known from here alone.
    """

    customer_no: str
    org_no: str
    name: str
    domains: tuple[str, ...]
    product: str
    family: str
    type: str
    signed: date | None = None
    invoiced_to: date | None = None
    phone: str = ""
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeRule:
    """When a notice ends an agreement of one type (domain.md 3.1).

    *calendar*: ends on ``end`` (day, month) each year, with notice up to and with ``notice_by`` of that
    year.  *anchored*: may end ``bound_months`` after the anchor and every ``every_months`` after that,
    with notice ``notice_months`` and ``notice_days`` before.  *month_end*: ends ``notice_months`` after
    the end of the month in which notice is given.  ``on_the_day`` says what a notice is that comes on
    that very day.  ``example_periods`` is for how many first periods the source gives the dates itself.
    ``invoiced_month`` is the month in which a calendar year is invoiced, 0 for none.
    """

    name: str
    shape: Shape
    title: str
    end: tuple[int, int] = (31, 12)
    notice_by: tuple[int, int] = (31, 12)
    anchor: Literal["signed", "renewal"] = "signed"
    bound_months: int = 12
    every_months: int = 12
    notice_months: int = 0
    notice_days: int = 0
    on_the_day: Literal["timely", "borderline"] = "timely"
    invoiced_month: int = 0
    basis: Basis = "interpretation"
    example_periods: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class AccessRule:
    """How long a customer can look things up after the end; the first that fits a contract counts.

    Empty ``families`` or ``types`` fit all.  ``day`` is (day, month); ``words`` is for staff.
    """

    kind: AccessKind
    families: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    day: tuple[int, int] = (31, 12)
    years: int = 0
    basis: Basis = "interpretation"
    words: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """A product family.  ``rule`` is its own rule whatever the contract's type, ``""`` if the type decides.

    ``forward`` names who decides about it instead of us: the day is then a candidate for staff only.
    ``unknown`` says why no day can be reckoned at all.
    """

    name: str
    title: str
    rule: str = ""
    forward: str = ""
    unknown: str = ""
    basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class Agreements:
    """All of families.toml."""

    rules: Mapping[str, NoticeRule] = field(default_factory=dict)
    families: Mapping[str, Family] = field(default_factory=dict)
    access: tuple[AccessRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a mail may lead to its customer: numbers, the sender's domains (narrow to wide), a company's name."""

    org_nos: tuple[str, ...] = ()
    customer_nos: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    name: str = ""


def folded_name(name: str) -> str:
    """A company's name for comparing: small letters and digits alone, without its legal form."""
    words = re.findall(r"[^\W_]+(?:/[^\W_]+)?", unicodedata.normalize("NFC", name).casefold()[:200])
    return "".join(word for word in words if word not in LEGAL_FORMS) or "".join(words)


def name_key(name: str) -> str:
    """The consonants of a name, each run once: what remains where a name is spelled a little otherwise."""
    bare = re.sub(r"[aeiouyæøåäöéèü]", "", folded_name(name))
    return re.sub(r"(.)\1+", r"\1", bare)[:60]
