"""The company's written rules as loaded: frozen values, checked before the program starts.

``loading`` makes a Rulebook from rules/ and templates/; understanding uses its patterns and data,
deciding its rows and templates.  A rule row is named ``<type>/<name>``: the name is its identity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from processor.contract import Agreements
from processor.needles import Alternative, Index, Literals
from processor.spellings import Spellings

ReplyKind = Literal["receipt", "answer", "question", "confirmation"]
Needs = Literal["staff", "two_staff"]


MOOD = "mood"
AUTOMATIC_OWNER = "automatic/"
"""What owns a pattern in Needles: a request type's name, one of these, or this before an automatic kind."""


class RenderError(Exception):
    """A template failed at render time: staff get the ticket, the customer the neutral receipt."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One ``[[recognise]]`` table: words that speak for a request type.

    ``any`` matches case-folded text with word starts; ``unless`` in the same sentence cancels it.
    ``where`` limits it to subject or body.  ``topic`` also marks the mail for the rows.  ``also``
    must be found in the same sentence as well, ``mail`` anywhere in the mail.  ``needs`` tell for each
    alternative of ``any`` what stands in every sentence that it is found in, ``besides`` the same for ``also``.
    """

    name: str
    any: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    weight: float
    where: Literal["subject", "body", "both"] = "both"
    topic: str = ""
    also: re.Pattern[str] | None = None
    mail: re.Pattern[str] | None = None
    needs: tuple[Alternative, ...] = ()
    besides: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of rules/data/ that understanding reads by.

    ``moods`` tell what kind of sentence this is (a question, a condition): patterns name them as
    ``@question``.  ``automatic`` holds the patterns of each kind of automatic mail, ``languages``
    the row (``weights``) of a telling word's weights for each language and ``letters`` that of a part of words,
    ``phrases`` compiled lists by ``file.key``, and ``signs`` literals of which one stands in every text that the
    list of that name is found in (none: none is known).
    """

    moods: Mapping[str, Pattern] = field(default_factory=dict)
    automatic: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    phrases: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    letters: Mapping[str, int] = field(default_factory=dict)
    signs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def says(self, phrases: str, text: str) -> bool:
        """Whether a list of phrases is found in a lower-case text; signs are looked for first, being sooner found."""
        return self._may_say(phrases, text) and self.phrases[phrases].search(text) is not None

    def told(self, phrases: str, text: str) -> Iterable[re.Match[str]]:
        """Every place in a text where a list of phrases is found; signs are looked for first."""
        return self.phrases[phrases].finditer(text) if self._may_say(phrases, text) else ()

    def _may_say(self, phrases: str, text: str) -> bool:
        signs = self.signs.get(phrases, ())
        for sign in signs:
            if sign in text:
                return True
        return not signs


@dataclass(frozen=True, slots=True)
class Needles:
    """Every pattern with its owner, and indexes of what must stand where one is found.

    Moods come apart from the others, which may need one that the sentence is in.  ``places`` are the bits of
    the patterns that are looked for in the subject, and in a body.
    """

    patterns: tuple[tuple[str, Pattern], ...]
    literals: Literals
    moods: Index
    others: Index
    places: tuple[int, int]

    @classmethod
    def of(cls, patterns: Iterable[tuple[str, Pattern]]) -> Needles:
        """Index the patterns; each keeps its number, the place that it comes at."""
        owned = tuple(patterns)
        wanted = [(owner == MOOD, (n, pattern.needs, pattern.besides)) for n, (owner, pattern) in enumerate(owned)]
        groups = ([each for is_mood, each in wanted if is_mood is which] for which in (True, False))
        literals, (moods, others) = Index.several(groups)
        subject, body = (
            sum(1 << n for n, (_, pattern) in enumerate(owned) if pattern.where != elsewhere)
            for elsewhere in ("body", "subject")
        )
        return cls(owned, literals, moods, others, (subject, body))


def numbers(patterns: int) -> tuple[int, ...]:
    """The numbers of the patterns of a set, in order."""
    found = []
    while patterns:
        last = patterns & -patterns
        found.append(last.bit_length() - 1)
        patterns ^= last
    return tuple(found)


@dataclass(frozen=True, slots=True)
class ActionRule:
    """An action a row queues; ``due_days`` counts business days from arrival, ``due_months`` months instead.

    ``confirm`` is the confirmation that leaves when a person says that it is done, ``""`` for none.
    """

    kind: str
    needs: Needs
    due_days: int
    confirm: str = ""
    due_months: int = 0


@dataclass(frozen=True, slots=True)
class FollowUp:
    """After how many business days a customer is reminded of what is asked for, and how many times at most."""

    days: int
    most: int


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
    follow_up: FollowUp | None = None
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class RequestType:
    """One rules file.  ``answer_from`` is the least confidence at which the rows answer alone.

    ``per_organisation``: several organisation numbers make an item each; False where they are the
    parties of one thing, as in a transfer.  A second request about the same contract joins the first if
    there is a ``repeated`` reply for it; ``withdraws`` names the type of the requests that this one takes back.
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
    repeated: str = ""
    withdraws: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """A canonical product, the ways customers write it, and whether an alias needs a Visma context."""

    name: str
    aliases: tuple[str, ...]
    ordinary: tuple[str, ...] = ()
    family: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model as plain numbers: what words tell of each label, and how sources are joined.

    ``labels`` are the main labels (request types and automatic kinds) in the order of every row;
    ``words`` maps a feature to the row (``weights``) of its weights for each label times its rarity, and then of
    its rarity's square; ``bias`` is the weight of none.  ``join`` holds for each label how much the words' logits of all labels, and then the patterns'
    of all, count for it as the main one, and ``prior`` what is added.  ``beside`` is how much a label's own words
    and patterns count, and then the main one's, for being asked for beside a main one; ``second`` and ``first``
    are what is added for each label as the other and as the main one.
    ``answer_from`` holds thresholds chosen on data, which a rules file may only raise; ``figures``
    what was measured on mails not trained on.  ``shown`` holds for each label how many such mails were
    decided as it without a person, and how many of them rightly; empty in a model that stores none.
    ``languages`` maps words and parts of words to the row of their weights for each language, ``language_bias``
    is the weight of none; both empty in a model that knows no languages.
    """

    version: str
    data: str
    labels: tuple[str, ...]
    words: Mapping[str, int]
    bias: tuple[float, ...]
    join: tuple[tuple[float, ...], ...]
    prior: tuple[float, ...]
    beside: tuple[float, ...]
    second: tuple[float, ...]
    first: tuple[float, ...]
    answer_from: Mapping[str, float]
    figures: Mapping[str, float] = field(default_factory=dict)
    shown: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    language_bias: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All of it, with the digest of every file it was read from as ``version``.

    ``render(template, language, values)`` gives subject, text and HTML (HTML empty when there is
    none) or raises RenderError; ``languages`` maps each template (``termination/received``) to the
    languages it exists in.  Without a ``model`` patterns decide alone.
    """

    types: Mapping[str, RequestType]
    products: tuple[Product, ...]
    public_domains: frozenset[str]
    own_addresses: frozenset[str]
    render: Callable[[str, str, Mapping[str, object]], tuple[str, str, str]]
    languages: Mapping[str, frozenset[str]]
    version: str
    vocabulary: Vocabulary = Vocabulary()
    model: Model | None = None
    agreements: Agreements = Agreements()
    needles: Needles = field(init=False, repr=False, compare=False)
    spellings: Spellings = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive the index and the spellings, so that they always agree with types, vocabulary and products."""
        owned = [(MOOD, pattern) for pattern in self.vocabulary.moods.values()]
        owned += [(name, pattern) for name, kind in self.types.items() for pattern in kind.patterns]
        for kind, patterns in self.vocabulary.automatic.items():
            owned += [(AUTOMATIC_OWNER + kind, pattern) for pattern in patterns]
        object.__setattr__(self, "needles", Needles.of(owned))
        names = {alias: each.name for each in self.products for alias in (*each.ordinary, *each.aliases)}
        names |= {each.name.lower(): each.name for each in self.products}
        ordinary = [alias for each in self.products for alias in each.ordinary]
        object.__setattr__(self, "spellings", Spellings.of(names, ordinary))
