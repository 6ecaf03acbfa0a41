"""What the trained model says of a mail: one logit for each label, from plain numbers.

A linear model on words weighed by their rarity (tf-idf, the vector's length being one), each label
against all others.  Nothing here was trained or imports what trains.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from processor.findings import Evidence
from processor.rulebook import Model
from processor.understanding.features import spans
from processor.understanding.passages import Passage
from processor.weights import BITS, MIDDLE, SCALE, from_on, in_row, unpacked

MOST_EVIDENCE = 4
LOOKED_AT = 4 * MOST_EVIDENCE
"""Words that are tried: many of the strongest are parts of one another."""
LEAST_SHARE = 0.15
"""A word that adds less than this to the logit is no evidence worth showing."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A mail as the model sees it: its words, each with its row where the model knows it.

    ``often`` holds those that stand there more than once, and how many times as much they are worth for it.
    ``worth`` is the sum of the rows, ``length`` that of the vector of rarities, which a logit is divided by; both
    are in the units of the rows.
    """

    words: Collection[str]
    rows: Sequence[int | None]
    often: Mapping[str, float]
    worth: Sequence[float]
    length: float


def vector(model: Model, counts: Mapping[str, float]) -> Vector:
    """The words of a mail that the model knows, summed: the sum is exact but for how often a word stands there."""
    rows = list(map(model.words.get, counts))
    width = len(model.labels) + 1
    sums: list[float] = [*unpacked(sum(filter(None, rows)), width, len(rows) - rows.count(None))]
    more = 0.0
    often: dict[str, float] = {}
    for count, names in _by_count(counts).items():
        extra = math.log(count)
        again = [row for name in names if (row := model.words.get(name)) is not None]
        weights = unpacked(sum(again), width, len(again))
        sums = [each + extra * weight for each, weight in zip(sums, weights, strict=True)]
        # A row ends with the square, which grows with the square.
        more += extra * (1.0 + extra) * weights[-1]
        often |= dict.fromkeys(names, 1.0 + extra)
    *worth, square = sums
    return Vector(counts.keys(), rows, often, worth, math.sqrt(square + more) * SCALE or 1.0)


def _by_count(counts: Mapping[str, float]) -> dict[float, list[str]]:
    """The words that stand there more than once."""
    found: dict[float, list[str]] = {}
    for name, count in [each for each in counts.items() if each[1] > 1]:
        found.setdefault(count, []).append(name)
    return found


def logits(model: Model, mail: Vector) -> dict[str, float]:
    """The logit of each label's presence, by the model alone."""
    length = mail.length
    return {
        label: worth / length + bias for label, worth, bias in zip(model.labels, mail.worth, model.bias, strict=True)
    }


def shares(model: Model, mail: Vector, label: str) -> dict[str, float]:
    """What each word of the mail adds to a label's logit."""
    if label not in model.labels:
        return {}
    at = model.labels.index(label)
    return {
        name: in_row(row, at) * mail.often.get(name, 1.0) / mail.length
        for name, row in zip(mail.words, mail.rows, strict=True)
        if row is not None
    }


def words_for(model: Model, mail: Vector, label: str, passages: Sequence[Passage]) -> tuple[Evidence, ...]:
    """The words that speak most for a label, where they stand; the rule is ``model/<label>``."""
    if label not in model.labels:
        return ()
    found: list[tuple[Passage, int, int]] = []
    told: list[Evidence] = []
    for against, name in _strongest(model, mail, model.labels.index(label)):
        place = spans(name, passages)
        if place is None or any(_meet(place, other) for other in found):
            continue
        found.append(place)
        told.append(place[0].evidence(place[1], place[2], f"model/{label}", round(-against / mail.length, 3)))
        if len(told) == MOST_EVIDENCE:
            break
    return tuple(told)


def _strongest(model: Model, mail: Vector, at: int) -> list[tuple[float, str]]:
    """The words that add enough to a label's logit, those that add most first; what they add is negative here."""
    often = mail.often
    worth = LEAST_SHARE * mail.length
    mask, least = from_on(at, worth)
    place = at * BITS
    # One look at the row tells of most words that they add too little.
    adding: list[tuple[float, str]] = [
        (MIDDLE - (held >> place), name)
        for name, row in zip(mail.words, mail.rows, strict=True)
        if row is not None and (held := row & mask) >= least and name not in often
    ]
    for name, times in often.items():
        if (row := model.words.get(name)) is not None and (weight := in_row(row, at) * times) >= worth:
            adding.append((-weight, name))
    adding.sort()
    return adding[:LOOKED_AT]


def _meet(one: tuple[Passage, int, int], other: tuple[Passage, int, int]) -> bool:
    return one[0] is other[0] and one[0].where != "attachment" and one[1] < other[2] and other[1] < one[2]
