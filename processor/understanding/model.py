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
from processor.weights import SCALE, from_on, in_row, unpacked

MOST_EVIDENCE = 4
LEAST_SHARE = 0.15
"""A word that adds less than this to the logit is no evidence worth showing."""
ANY = -1e6
"""No word adds less."""


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
    known = list(filter(None, rows))
    width = len(model.labels) + 1
    sums: list[float] = [*unpacked(sum(known), width, len(known))]
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


def shares(model: Model, mail: Vector, label: str, least: float = ANY) -> dict[str, float]:
    """What each word of the mail adds to a label's logit, where it is at least so much."""
    if label not in model.labels:
        return {}
    at = model.labels.index(label)
    place, floor = from_on(at, least * mail.length)
    often = mail.often
    # One look at the row tells of nearly all words that they add too little.
    found = {
        name: in_row(row, at) * often.get(name, 1.0) / mail.length
        for name, row in zip(mail.words, mail.rows, strict=True)
        if row is not None and (row & place >= floor or name in often)
    }
    return {name: share for name, share in found.items() if share >= least} if often else found


def words_for(model: Model, mail: Vector, label: str, passages: Sequence[Passage]) -> tuple[Evidence, ...]:
    """The words that speak most for a label, where they stand; the rule is ``model/<label>``."""
    speaking = shares(model, mail, label, LEAST_SHARE)
    found: list[Evidence] = []
    for against, name in sorted([(-share, name) for name, share in speaking.items()])[: 4 * MOST_EVIDENCE]:
        if len(found) == MOST_EVIDENCE:
            break
        if (place := spans(name, passages)) is not None:
            span = place[0].evidence(place[1], place[2], f"model/{label}", round(-against, 3))
            if not any(
                span.where == other.where and span.start < other.end and other.start < span.end for other in found
            ):
                found.append(span)
    return tuple(found)
