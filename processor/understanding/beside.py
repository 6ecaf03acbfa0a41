"""What a mail asks for beside its main request: the one place that says which requests are named.

Whether a second request is there is learned apart from what the mail mainly is, since one request in plain words
makes the words of another few.  Three answers are possible: it is there and named, it is not there, or it
may be there, and then a person looks.
"""

from __future__ import annotations

from collections.abc import Mapping

from processor.findings import Request
from processor.rulebook import Model, RequestType
from processor.understanding.recognise import Finding, evidence, score
from processor.understanding.weigh import REST, UNWRITTEN, by_score, log_odds, sigmoid

FAMILIES = ("termination", "elma")
"""Of types whose names begin alike a mail asks for one: a notice that asks when it ends is a notice."""
SUREST = 0.9999
"""No request is surer: we are never certain."""
WITHIN = 0.5
"""The presence from which a second request is named."""
PERHAPS = 0.1
"""The presence from which one that is not named is a person's to look for."""
SLIGHT = 0.02
"""The chance to be the main request from which the gravest type is a person's to look for, too."""
WRITTEN = 0.5
"""From how sure patterns are of a graver request that is not named the main one is unsure."""
PLAIN = 0.8
"""The same, by the patterns of the graver request alone, whatever else was found."""
EVEN = 0.5
"""No surer is what is named for its patterns alone."""


def main_of(likely: Mapping[str, float], types: Mapping[str, RequestType]) -> str:
    """The likeliest request type, the gravest of equals; "" where none has a chance."""
    names = [name for name in likely if name in types and name not in UNWRITTEN]
    most = max([likely[name] for name in names], default=0.0)
    return min([name for name in names if likely[name] == most], key=lambda name: types[name].rank, default="")


def beside(model: Model, told: Mapping[str, float], presence: Mapping[str, float], main: str) -> dict[str, float]:
    """How sure words and patterns together are that each type is asked for beside the main one.

    ``told`` are the words' logits, ``presence`` is what the patterns say; a type that the model does not know is
    left to its patterns.
    """
    own_words, own_patterns, main_words, main_patterns = model.beside
    shared = 0.0
    if main in model.labels:
        first = model.first[model.labels.index(main)]
        shared = main_words * told[main] + main_patterns * log_odds(presence.get(main, 0.0)) + first
    sure = dict(presence)
    for name, second in zip(model.labels, model.second, strict=True):
        if name in sure:
            sure[name] = sigmoid(own_words * told[name] + own_patterns * log_odds(sure[name]) + second + shared)
    return sure


def requests(
    main: str,
    likely: Mapping[str, float],
    presence: Mapping[str, float],
    by_patterns: Mapping[str, float],
    found: Mapping[str, tuple[Finding, ...]],
    types: Mapping[str, RequestType],
) -> tuple[Request, ...]:
    """The requests of a customer's mail that are named, of greatest consequence first.

    ``main`` is the likeliest one, "" where none has a chance.  ``presence`` is that of each type beside the main one.  ``by_patterns`` is what the patterns alone say: where
    they are sure of a graver request, the model may not be sure of a lesser one (a notice in one half of a
    sentence is soon outweighed).
    """
    if not main:
        return ()
    others = _strangers(main, presence, WITHIN)
    plain = _plain(main, others, presence, by_patterns, found, types)
    # Two that are both asked for share the chance to be the main one.
    chance = likely[main] + sum(likely.get(name, 0.0) for name in others)
    hidden = max(plain.values(), default=0.0)
    sure = {name: presence[name] for name in others} | {main: min(chance, 1.0 - hidden)}
    # Its action must not be missing from what a person is shown; who asks a question may have given notice too.
    # (Who takes a notice back speaks of one, too.)
    meant = [
        name for name in plain if name == gravest(types) and not strange(name, main) and name != types[main].withdraws
    ]
    sure |= {name: min(plain[name], EVEN) for name in meant}
    named = [*sorted((main, *others), key=lambda name: types[name].rank), *meant]
    return tuple(Request(n, round(min(sure[n], SUREST), 4), evidence(found.get(n, ()))) for n in named)


def _plain(
    main: str,
    others: list[str],
    presence: Mapping[str, float],
    by_patterns: Mapping[str, float],
    found: Mapping[str, tuple[Finding, ...]],
    types: Mapping[str, RequestType],
) -> dict[str, float]:
    """Graver types that are not named though their patterns are sure, and how sure these are.

    A notice in plain words is none less for the question below it, however sure the model is of that: who wrote
    "we terminate; for how long do we have access?" must not be told that it was taken for a question.  Nor for being
    outweighed by many words of a question: its own words are looked at alone, too.
    """
    sure, named, rank = {}, (main, *others), types[main].rank
    for name in presence:
        if types[name].rank >= rank or name in named:
            continue
        written, alone = by_patterns.get(name, 0.0), by_score(score(found[name])) if name in found else 0.0
        chance = max(written if written >= WRITTEN else 0.0, alone if alone >= PLAIN else 0.0)
        # Of other families the model hears better than patterns alone; but for a notice no doubt is too many.
        if chance and (name == gravest(types) or not strange(name, main)):
            sure[name] = chance
    return sure


def perhaps(
    main: str, likely: Mapping[str, float], presence: Mapping[str, float], types: Mapping[str, RequestType]
) -> tuple[tuple[str, float], ...]:
    """The types that may be asked for beside the named ones, with how sure that is, the surest first."""
    unsure = {name: presence[name] for name in _strangers(main, presence, PERHAPS) if presence[name] < WITHIN}
    # A notice that is overlooked costs more than a person's look: a small chance of one is enough.
    for name in [name for name, chance in likely.items() if chance >= SLIGHT and name != main]:
        if name == gravest(types) and strange(name, main) and presence.get(name, 0.0) < WITHIN:
            unsure.setdefault(name, likely[name])
    return tuple((name, round(unsure[name], 4)) for name in sorted(unsure, key=lambda name: -unsure[name]))


def gravest(types: Mapping[str, RequestType]) -> str:
    """The type of greatest consequence."""
    return min(types, key=lambda name: types[name].rank)


def _strangers(main: str, presence: Mapping[str, float], least: float) -> list[str]:
    """The types that can be asked for beside the main one, and that are at least so surely."""
    if not main or main == "no_action":
        return []
    return [name for name, sure in presence.items() if sure >= least and name not in REST and strange(name, main)]


def strange(name: str, main: str) -> bool:
    """Whether a type is none of the main one's family, so that a mail can ask for both."""
    family = _family(main)
    return name != main and not (family and _family(name) == family)


def _family(name: str) -> str:
    return next((family for family in FAMILIES if name == family or name.startswith(f"{family}_")), "")
