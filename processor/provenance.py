"""What was found out about who wrote a mail beside its own headers, and what each answer may cause: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Leaves = Literal["nothing", "receipt", "all"]


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of a mail that we checked ourselves: DKIM (RFC 6376), or a whole chain of ARC seals (RFC 8617).

    ``domain`` is the signer's, of a chain the last sealer's.  ``why`` says what did not hold, "" for one that does.
    A chain is only ever told as *pass* when each of its sealers is one that the configuration lists.
    """

    by: Literal["dkim", "arc"]
    domain: str
    result: Literal["pass", "fail", "not_checked"]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Power:
    """What a mail may cause: which answer may leave, whether it joins a ticket, whether a person sees it first."""

    reply: Leaves
    joins: bool
    review: bool


@dataclass(frozen=True, slots=True)
class Powers:
    """The table of what a mail may cause, by how sure it is who wrote it; these are the loosest values there are."""

    proven: Power = Power("all", True, False)
    unproven: Power = Power("receipt", False, False)
    forged: Power = Power("nothing", False, True)

    def of(self, result: Literal["proven", "unproven", "forged"]) -> Power:
        power: Power = getattr(self, result)
        return power


ORDER: tuple[Leaves, ...] = ("nothing", "receipt", "all")
