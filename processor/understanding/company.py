"""The customer's company as written, and in whose name the writer speaks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from processor.findings import Role
from processor.rulebook import Vocabulary
from processor.understanding.names import Named, Sender, names_in
from processor.understanding.numbers import Number
from processor.understanding.passages import Passage


def role_of(passages: Iterable[Passage], vocabulary: Vocabulary, sender: str) -> Role:
    """Whether the writer is an estate's administrator, or an accountant who writes for a client."""
    text = "\n".join([p.folded for p in passages if p.kind in ("subject", "thread", "new", "signature")])
    if vocabulary.says("names.estate", text):
        return "estate"
    if vocabulary.says("names.own_account", text) or not vocabulary.says("names.accountant", text):
        return "customer"
    firm = "names.accountant_firm"
    return "accountant" if vocabulary.says(firm, text) or vocabulary.says(firm, sender.lower()) else "customer"


def company_in(
    passages: Iterable[Passage],
    numbers: Iterable[Number],
    phrases: Mapping[str, re.Pattern[str]],
    role: Role,
    sender: Sender,
    *,
    own: bool,
) -> Named | None:
    """The first company that the request is about, or None when only a mail address hints at one.

    ``own``: of several parties the sender's own firm comes first, and one that takes over from another comes last.
    """
    found = names_in(passages, list(numbers), phrases, sender)
    if role == "accountant":
        clients = [named for named in found if not phrases["names.accountant_firm"].search(named.name.lower())]
        found = clients or found
    return min(
        found,
        key=lambda named: (2 * (own and named.taker) - named.worth - (own and named.own), named.place),
        default=None,
    )
