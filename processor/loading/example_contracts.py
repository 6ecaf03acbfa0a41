"""The contracts beside an example mail, as the register would have them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from processor.contract import Contract
from processor.loading.contracts import RegisterWords, open_contracts
from processor.loading.problems import Refused
from processor.rulebook import Rulebook

LATE = date(9000, 1, 1)
"""By which a contract of an example is signed: it stays true on any day."""


def contracts_beside(mail: Path, rulebook: Rulebook) -> tuple[Contract, ...]:
    """The contracts of the ``.csv`` of an example's name (docs/contracts.md), none without one; raises Refused."""
    path = mail.with_suffix(".csv")
    if not path.is_file():
        return ()
    file = open_contracts(path, _words(rulebook), LATE)
    found = tuple(contract for _, contract in file.rows())
    if file.problems:
        raise Refused(file.problems)
    return found


def _words(rulebook: Rulebook) -> RegisterWords:
    """What a line is held against, of rules that are loaded already."""
    products, agreements = rulebook.products, rulebook.agreements
    names = {
        alias.casefold(): (each.name, each.family)
        for each in reversed(products)
        for alias in (*each.ordinary, *each.aliases, each.name)
    }
    families = frozenset(agreements.families) | {each.family for each in products if each.family}
    families |= {name for access in agreements.access for name in access.families}
    rules = {name.casefold(): name for name in agreements.rules}
    return RegisterWords(names, families, rules, rulebook.public_domains)
