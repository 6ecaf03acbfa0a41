"""What the trained model says of a mail: one logit for each label, from plain numbers.

A linear model on words weighed by their rarity (tf-idf, the vector's length being one), each label
against all others.  Nothing here was trained or imports what trains.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul

from processor.findings import Evidence
from processor.rulebook import Model
from processor.understanding.features import spans
from processor.understanding.passages import Passage

MOST_EVIDENCE = 4
LEAST_SHARE = 0.15
"""A word that adds less than this to the logit is no evidence worth showing."""


@dataclass(frozen=True, slots=True)
class Vector:
    """A mail as the model sees it: the words it knows, what each is worth here, and the labels' weights for each."""

    names: Sequence[str]
    values: Sequence[float]
    rows: Sequence[tuple[float, ...]]


def vector(model: Model, counts: Mapping[str, float]) -> Vector:
    """The known words of a mail, in the order of ``counts``; their values' vector has length one."""
    names, values, rows = [], [], []
    known = model.words
    for name, count in counts.items():
        if (word := known.get(name)) is not None:
            names.append(name)
            values.append(word[0] * (1.0 + math.log(count)) if count > 1 else word[0])
            rows.append(word[1])
    length = math.sqrt(sum(map(mul, values, values))) or 1.0
    return Vector(names, [value / length for value in values], rows)


def logits(model: Model, mail: Vector) -> dict[str, float]:
    """The logit of each label's presence, by the model alone."""
    if not mail.rows:
        return dict(zip(model.labels, model.bias, strict=True))
    sums = (sum(map(mul, mail.values, column)) for column in zip(*mail.rows, strict=True))
    return {label: total + bias for label, total, bias in zip(model.labels, sums, model.bias, strict=True)}


def words_for(model: Model, mail: Vector, label: str, passages: Sequence[Passage]) -> tuple[Evidence, ...]:
    """The words that speak most for a label, where they stand; the rule is ``model/<label>``."""
    if label not in model.labels:
        return ()
    column = model.labels.index(label)
    shares = [(v * row[column], name) for name, v, row in zip(mail.names, mail.values, mail.rows, strict=True)]
    found: list[Evidence] = []
    for share, name in sorted(shares, key=lambda pair: (-pair[0], pair[1]))[: 4 * MOST_EVIDENCE]:
        if share < LEAST_SHARE or len(found) == MOST_EVIDENCE:
            break
        if (place := spans(name, passages)) is not None:
            span = place[0].evidence(place[1], place[2], f"model/{label}", round(share, 3))
            if not any(
                span.where == other.where and span.start < other.end and other.start < span.end for other in found
            ):
                found.append(span)
    return tuple(found)
