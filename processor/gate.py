"""The gate before rights that open a customer's books: its words, which deciding writes and the store obeys.

An action behind the gate is known by its type or its kind, whatever a rules file says of it; one whose facts do not
say that the gate is clear stays shut.
"""

from __future__ import annotations

from collections.abc import Mapping

TYPES = frozenset({"otp_rights", "admin_access"})
KINDS = frozenset({"grant_otp_rights", "add_administrator"})
GATE, CUSTOMER = "gate", "gate_customer"
"""Facts of an action: what stands against it, and the customer whose call-back number counts."""
CLEAR = "nothing found against it; call back before approving"
CHANGED = "the customer has said something else since, so that it must be asked for anew"
SHUT = "it was not looked at by the gate"


def gated(item_type: str, kind: str) -> bool:
    """Whether an action of this kind, of an item of this type, is behind the gate."""
    return item_type in TYPES or kind in KINDS


def shut(facts: Mapping[str, str]) -> str:
    """Why an action behind the gate can never be approved as it is, "" where nothing stands against it."""
    said = facts.get(GATE)
    if said == CLEAR and facts.get(CUSTOMER):
        return ""
    return said if said and said != CLEAR else SHUT


def of_gate(facts: Mapping[str, str]) -> dict[str, str]:
    """Those facts that are the gate's."""
    return {name: value for name, value in facts.items() if name in (GATE, CUSTOMER)}
