"""The company's written rules as loaded: frozen values, checked before the program starts.

``loading`` makes a Rulebook from rules/ and templates/; understanding uses its patterns and data,
deciding its rows and templates.  A rule row is named ``<type>/<name>``: the name is its identity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

ReplyKind = Literal["receipt", "answer", "question", "confirmation"]
Needs = Literal["staff", "two_staff"]


class RenderError(Exception):
    """A template failed at render time: staff get the ticket, the customer the neutral receipt."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One ``[[recognise]]`` table: words that speak for a request type.

    ``any`` matches case-folded text with word starts; ``unless`` in the same sentence cancels it.
    ``where`` limits it to subject or body.  ``topic`` also marks the mail for the rows.  ``also``
    must be found in the same sentence as well, ``mail`` anywhere in the mail.  ``needs`` are literals of which one stands in every
    text that ``any`` matches: a cheap test before the expensive one, empty when none is known.
    """

    name: str
    any: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    weight: float
    where: Literal["subject", "body", "both"] = "both"
    topic: str = ""
    also: re.Pattern[str] | None = None
    mail: re.Pattern[str] | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of rules/data/ that understanding reads by.

    ``moods`` tell what kind of sentence this is (a question, a condition): patterns name them as
    ``@question``.  ``automatic`` holds the patterns of each kind of automatic mail, ``languages``
    the weight of telling words for each language, ``phrases`` compiled lists by ``file.key``.
    """

    moods: Mapping[str, Pattern] = field(default_factory=dict)
    automatic: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)
    languages: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    phrases: Mapping[str, re.Pattern[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActionRule:
    """An action a row queues; ``due_days`` counts business days from arrival."""

    kind: str
    needs: Needs
    due_days: int


@dataclass(frozen=True, slots=True)
class Row:
    """One ``[[row]]`` table.  ``holds`` is the compiled condition over the variables of a decision."""

    name: str
    when: str
    holds: Callable[[Mapping[str, object]], bool]
    reply: str
    reply_kind: ReplyKind
    actions: tuple[ActionRule, ...]
    asks: tuple[str, ...] = ()
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class RequestType:
    """One rules file.  ``answer_from`` is the least confidence at which the rows answer alone.

    ``per_organisation``: several organisation numbers make an item each; False where they are the
    parties of one thing, as in a transfer.
    """

    name: str
    title: Mapping[str, str]
    rank: int
    answer_from: float
    level: str
    needs: Needs | None
    patterns: tuple[Pattern, ...]
    rows: tuple[Row, ...]
    per_organisation: bool = True


@dataclass(frozen=True, slots=True)
class Product:
    """A canonical product, the ways customers write it, and whether an alias needs a Visma context."""

    name: str
    aliases: tuple[str, ...]
    ordinary: tuple[str, ...] = ()
    family: str = ""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All of it, with the digest of every file it was read from as ``version``.

    ``render(template, language, values)`` gives subject, text and HTML (HTML empty when there is
    none) or raises RenderError; ``languages`` maps each template (``termination/received``) to the
    languages it exists in.
    """

    types: Mapping[str, RequestType]
    products: tuple[Product, ...]
    public_domains: frozenset[str]
    own_addresses: frozenset[str]
    render: Callable[[str, str, Mapping[str, object]], tuple[str, str, str]]
    languages: Mapping[str, frozenset[str]]
    version: str
    vocabulary: Vocabulary = Vocabulary()
