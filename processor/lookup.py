"""What outside registers say about an organisation number: plain frozen values.

*Not checked* is an answer like any other, with its reason: a register that is off, slow or down says nothing
about a company, least of all that it does not exist (domain.md 5.1 and 5.2).  Every time is aware UTC, and
``source`` names the register asked.  Enhetsregisteret leaves fields out: None means that it did not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from operator import mul
from typing import Literal

Reason = Literal["", "off", "timed_out", "unreachable", "refused", "nonsense", "resting", "too_many"]
"""Why there is no answer.  ``resting``: not asked, since it failed a moment ago; ``too_many``: others came first."""
SmpNote = Literal["", "none", "unreachable", "unknown_group", "nonsense"]
"""What is wrong with a participant's SMP: it names none, does not answer, does not know it, or says nonsense."""
WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)


@dataclass(frozen=True, slots=True)
class Role:
    """Somebody in a role (DAGL, LEDE, BOBE, …); ``name`` is a person's or an organisation's.  Never a birth date."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Company:
    """What Enhetsregisteret says (domain.md 5.2).

    ``removed`` is a number taken out of the register (HTTP 410), ``unknown`` one that it never had.
    ``part_of`` is the main entity where the number is a sub-unit's: all else is then the main entity's.
    ``language`` is its form of Norwegian, ``""`` if it did not say.
    """

    org_no: str
    state: Literal["not_checked", "unknown", "removed", "found"]
    reason: Reason = ""
    asked_at: datetime | None = None
    source: str = ""
    name: str = ""
    form: str = ""
    part_of: str = ""
    deleted: bool = False
    deleted_on: date | None = None
    bankrupt: bool | None = None
    bankrupt_on: date | None = None
    winding_up: bool | None = None
    winding_up_on: date | None = None
    forced: bool | None = None
    language: Literal["", "nb", "nn"] = ""
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Participant:
    """Whether an organisation is a recipient in Peppol, and where (domain.md 5.1).

    ``smp`` is its SMP's host.  ``access_point`` is the seat id of its access point (``PNO000123``) and
    ``provider`` that one's name, both ``""`` where they could not be found out; ``ours``: it is one of the
    seats that the configuration names as AutoInvoice's at that time.  ``invoices``: it takes EHF invoices (BIS Billing 3.0).
    """

    org_no: str
    state: Literal["not_checked", "not_registered", "registered"]
    reason: Reason = ""
    asked_at: datetime | None = None
    source: str = ""
    smp: str = ""
    smp_note: SmpNote = ""
    access_point: str = ""
    provider: str = ""
    ours: bool = False
    invoices: bool | None = None


@dataclass(frozen=True, slots=True)
class Lookups:
    """The answers about one mail's organisations; about a number that nobody asked for, *not checked: off*."""

    companies: tuple[Company, ...] = ()
    participants: tuple[Participant, ...] = ()

    def company(self, org_no: str) -> Company:
        found = next((each for each in self.companies if each.org_no == org_no), None)
        return found or Company(org_no, "not_checked", "off")

    def participant(self, org_no: str) -> Participant:
        found = next((each for each in self.participants if each.org_no == org_no), None)
        return found or Participant(org_no, "not_checked", "off")


def valid_org_no(text: str) -> bool:
    """Whether this is nine digits of which the last checks the others (modulus 11, domain.md 5.4)."""
    if len(text) != 9 or not (text.isascii() and text.isdigit()):
        return False
    rest: int = sum(map(mul, WEIGHTS, map(int, text))) % 11
    return (11 - rest) % 11 == int(text[8])
