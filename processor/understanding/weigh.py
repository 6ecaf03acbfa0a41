"""The one place where sources are joined to chances.

A source says how sure it is that each label is *present* in the mail: patterns, the form, the marks of
automatic mail, and a trained model.  Presence of one request does not deny another.  With a model, the
odds of both are multiplied with weights learned on mails that neither had seen (``joined``).  Without
one (``chances``) the main request is the present one of greatest consequence (the types' ranks): its
presence times the absence of all before it; what remains goes to ``other`` and ``no_action``.  The
chances of all labels sum to 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from operator import mul

from processor.findings import AUTOMATIC
from processor.rulebook import Model, RequestType
from processor.understanding.recognise import Finding, score

MIDDLE = 1.9
"""The score at which presence is an even chance."""
SHADOW = 0.7
"""How much of its distance to the best score a weaker one loses: strong words for one thing make faint words for another fainter."""
ALONE = 2.0
"""How much more the subject's words count in a mail without any other words."""
STEEPNESS = 1.3
BRIEF = 35
"""Plain thanks are short: of words of thanks in a longer mail, a share counts."""
REST = ("other", "no_action")
"""What a mail is when it asks for nothing that we know."""
UNKNOWN = 0.1
"""The least share of ``other`` in what remains: a mail of no known words is more likely that than thanks."""
UNWRITTEN = ("general",)
"""Rules files that are no request type a mail can be."""
LEAST = 0.002
"""No presence is taken for smaller or its absence for surer: beyond it odds tell nothing more."""


def present(found: Mapping[str, tuple[Finding, ...]], types: Mapping[str, RequestType], words: int) -> dict[str, float]:
    """How sure the patterns are of each request type, 0 to 1, in a mail of so many new words."""
    share = ALONE if words == 0 else 1.0
    scores = {name: 0.0 for name in types if name not in UNWRITTEN}
    for name, findings in found.items():
        if name in scores:
            scores[name] = share * score(findings)
    if words > BRIEF and "no_action" in scores:
        scores["no_action"] *= BRIEF / words
    best = max(scores.values(), default=0.0)
    # Most types have no findings, and one number does for all of them.
    unheard = by_score(-SHADOW * best)
    return {name: by_score(value - SHADOW * (best - value)) if value else unheard for name, value in scores.items()}


def by_score(value: float) -> float:
    """How sure patterns of this score are, looked at alone."""
    return 1.0 / (1.0 + math.exp(-STEEPNESS * (value - MIDDLE)))


def chances(
    presence: Mapping[str, float], automatic: Mapping[str, float], types: Mapping[str, RequestType]
) -> dict[str, float]:
    """The chance of each label to be what the mail is; they sum to 1."""
    kinds = {kind: automatic.get(kind, 0.0) for kind in AUTOMATIC}
    left = 1.0
    result: dict[str, float] = {}
    for kind in sorted(kinds, key=lambda kind: -kinds[kind]):
        result[kind] = left * kinds[kind]
        left *= 1.0 - kinds[kind]
    for name in sorted((name for name in presence if name not in REST), key=lambda name: types[name].rank):
        result[name] = left * presence[name]
        left *= 1.0 - presence[name]
    rest = {"other": max(presence.get("other", 0.0), UNKNOWN), "no_action": presence.get("no_action", 0.0)}
    total = sum(rest.values())
    return result | {name: left * share / total for name, share in rest.items()}


def joined(
    model: Model,
    told: Mapping[str, float],
    presence: Mapping[str, float],
    automatic: Mapping[str, float],
    types: Mapping[str, RequestType],
) -> dict[str, float]:
    """The chance of each label by both sources; a type that the model does not know is left to its patterns."""
    heard = _heard(model, told, presence, automatic)
    worth = {
        label: sum(map(mul, weights, heard)) + prior
        for label, weights, prior in zip(model.labels, model.join, model.prior, strict=True)
        if label in presence or label in automatic
    }
    most = max(worth.values(), default=0.0)
    shares = {label: math.exp(max(value - most, -50.0)) for label, value in worth.items()}
    total = sum(shares.values()) or 1.0
    left = 1.0
    result: dict[str, float] = dict.fromkeys(AUTOMATIC, 0.0)
    for name in sorted([name for name in presence if name not in shares], key=lambda name: types[name].rank):
        result[name] = left * presence[name]
        left *= 1.0 - presence[name]
    return result | {label: left * share / total for label, share in shares.items()}


def _heard(
    model: Model, told: Mapping[str, float], presence: Mapping[str, float], automatic: Mapping[str, float]
) -> list[float]:
    """The words' logits of all labels, then the patterns'."""
    patterns = {**presence, **automatic}
    return [*map(told.__getitem__, model.labels), *[log_odds(patterns.get(each, 0.0)) for each in model.labels]]


def log_odds(chance: float) -> float:
    """The logarithm of the odds, bounded."""
    if chance <= LEAST:
        return _FEWEST
    bounded = min(chance, 1.0 - LEAST)
    return math.log(bounded / (1.0 - bounded))


_FEWEST = math.log(LEAST / (1.0 - LEAST))


def sigmoid(value: float) -> float:
    """The chance whose log odds these are."""
    return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, value))))
