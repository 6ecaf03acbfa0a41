"""What the trained model says of a mail: one logit for each label, from plain numbers.

A linear model on words weighed by their rarity (tf-idf, the vector's length being one), each label
against all others.  Nothing here was trained or imports what trains.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
    """A mail as the model sees it: how often each word stands there, and its row where the model knows it.

    ``worth`` is the sum of the rows, a word that stands there several times counting for more, and ``length``
    that of the vector of its words' rarities, which a logit is divided by; both in the units of the rows.
    """

    counts: Mapping[str, float]
    rows: Sequence[int | None]
    worth: Sequence[float]
    length: float


def vector(model: Model, counts: Mapping[str, float]) -> Vector:
    """The words of a mail that the model knows, summed: the sum is exact but for how often a word stands there."""
    rows = list(map(model.words.get, counts))
    known = [row for row in rows if row is not None]
    width = len(model.labels) + 1
    worth: list[float] = [*unpacked(sum(known), width, len(known))]
    often: dict[float, list[int]] = {}
    for name, count in [(name, count) for name, count in counts.items() if count > 1]:
        if (row := model.words.get(name)) is not None:
            often.setdefault(count, []).append(row)
    for count, more in often.items():
        extra = math.log(count)
        *weights, square = unpacked(sum(more), width, len(more))
        worth = [
            *[each + extra * weight for each, weight in zip(worth, weights, strict=False)],
            worth[-1] + extra * (2.0 + extra) * square,
        ]
    return Vector(counts, rows, worth[:-1], math.sqrt(worth[-1]) * SCALE or 1.0)


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
    at, length = model.labels.index(label), mail.length
    place, floor = from_on(at, least * length)
    found = {}
    for (name, count), row in zip(mail.counts.items(), mail.rows, strict=True):
        # One look at the row tells of nearly all words that they add too little.
        if row is not None and (count > 1 or row & place >= floor):
            share = in_row(row, at) * (1.0 + math.log(count) if count > 1 else 1.0) / length
            if share >= least:
                found[name] = share
    return found


def words_for(model: Model, mail: Vector, label: str, passages: Sequence[Passage]) -> tuple[Evidence, ...]:
    """The words that speak most for a label, where they stand; the rule is ``model/<label>``."""
    speaking = shares(model, mail, label, LEAST_SHARE)
    found: list[Evidence] = []
    for name in sorted(speaking, key=lambda name: (-speaking[name], name))[: 4 * MOST_EVIDENCE]:
        if len(found) == MOST_EVIDENCE:
            break
        if (place := spans(name, passages)) is not None:
            span = place[0].evidence(place[1], place[2], f"model/{label}", round(speaking[name], 3))
            if not any(
                span.where == other.where and span.start < other.end and other.start < span.end for other in found
            ):
                found.append(span)
    return tuple(found)
