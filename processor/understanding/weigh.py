"""The one place where sources are joined to chances.

A source says how sure it is that each label is *present* in the mail: patterns, the form, the marks of
automatic mail, and later a trained model.  Presence of one request does not deny another.  The main
request is the present one of greatest consequence (the types' ranks), so the chance that a label is the
main one is its presence times the absence of all before it; what remains goes to ``other`` and
``no_action``.  The chances of all labels sum to 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from processor.findings import AUTOMATIC, Request
from processor.rulebook import RequestType
from processor.understanding.recognise import Finding, evidence, score

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
FAMILIES = ("termination", "elma")
"""Of types whose names begin alike a mail asks for one: a notice that asks when it ends is a notice."""
WITHIN = 0.75
"""The presence from which a second request is named."""


def present(found: Mapping[str, tuple[Finding, ...]], types: Mapping[str, RequestType], words: int) -> dict[str, float]:
    """How sure the patterns are of each request type, 0 to 1, in a mail of so many new words."""
    share = ALONE if words == 0 else 1.0
    scores = {name: share * score(found.get(name, ())) for name in types if name not in UNWRITTEN}
    if words > BRIEF and "no_action" in scores:
        scores["no_action"] *= BRIEF / words
    best = max(scores.values(), default=0.0)
    return {name: _logistic(value - SHADOW * (best - value)) for name, value in scores.items()}


def _logistic(value: float) -> float:
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


def requests(
    likely: Mapping[str, float],
    presence: Mapping[str, float],
    found: Mapping[str, tuple[Finding, ...]],
    types: Mapping[str, RequestType],
) -> tuple[Request, ...]:
    """The requests of a customer's mail: the main one first, then the others that are present."""
    names = {name: chance for name, chance in likely.items() if name in types and name not in UNWRITTEN}
    if not names:
        return ()
    main = max(names, key=lambda name: (names[name], -types[name].rank))
    customers = sum(names.values()) or 1.0
    sure = min(names[main] / customers, 0.999)
    asked = [Request(main, round(sure, 4), evidence(found.get(main, ())))]
    if main in REST:
        return tuple(asked)
    family = _family(main)
    others = [
        name
        for name in presence
        if name != main and name not in REST and presence[name] >= WITHIN and (not family or _family(name) != family)
    ]
    for name in sorted(others, key=lambda name: types[name].rank):
        asked.append(Request(name, round(min(presence[name], 0.999), 4), evidence(found.get(name, ()))))
    return tuple(asked)


def _family(name: str) -> str:
    return next((family for family in FAMILIES if name == family or name.startswith(f"{family}_")), "")
