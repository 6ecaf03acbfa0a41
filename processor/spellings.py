"""The ways in which customers write the products' names, as one expression."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spellings:
    """``pattern`` finds the longest spelling in folded text, and ``names`` has the product's name for each.

    Of the ``everyday`` ones a product is meant only where the writer shows it.
    """

    pattern: re.Pattern[str]
    names: Mapping[str, str]
    everyday: frozenset[str]

    @classmethod
    def of(cls, names: Mapping[str, str], everyday: Iterable[str]) -> Spellings:
        """Compile the spellings, which are in lower case."""
        ways = _joined(list(names)) or "(?!)"
        pattern = re.compile(rf"(?<![\w@.-]){ways}(?![\wæøå@]|\.\w|-demo)")
        return cls(pattern, names, frozenset(everyday))


def _joined(words: list[str]) -> str:
    """The words as one expression, shared beginnings once, which tries the longest first."""
    heads: dict[str, list[str]] = {}
    for word in filter(None, words):
        heads.setdefault(word[0], []).append(word[1:])
    if not heads:
        return ""
    branches = "(?:" + "|".join(re.escape(head) + _joined(rest) for head, rest in heads.items()) + ")"
    return branches + "?" if "" in words else branches
