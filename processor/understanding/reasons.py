"""What speaks for and against a label, and where it stands; worked out only when a person asks.

Deciding needs sums alone.  A person wants to see the words behind them, of the patterns and of the
model, and what held back the label that came second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from processor.findings import AUTOMATIC, Evidence, Reasons, Understanding
from processor.message import Message
from processor.rulebook import AUTOMATIC_OWNER, Model, Rulebook
from processor.understanding.features import features, spans
from processor.understanding.form import form_of
from processor.understanding.model import shares, vector
from processor.understanding.passages import Passage, passages
from processor.understanding.recognise import Finding, recognise

MOST_PATTERNS = 5
MOST_WORDS = 3
LOOKED_AT = 20
"""Words that are tried: many of the strongest are parts of one another."""
LEAST_SHARE = 0.3
"""A word that adds less than this to the logit tells nothing worth showing."""


def reasons(message: Message, understanding: Understanding, rulebook: Rulebook) -> tuple[Reasons, ...]:
    """The reasons of each label that the mail was given, then of the likeliest other one."""
    taken = [understanding.automatic] if understanding.automatic else [each.type for each in understanding.requests]
    others = (label for label, _ in understanding.chances if label not in taken)
    labels = [*taken, *([second] if (second := next(others, "")) else [])]
    read = passages(message, rulebook.needles)
    found = recognise(rulebook.needles, read)
    counts = features(message, read, form_of(message))
    chances = dict(understanding.chances) | {each.type: each.confidence for each in understanding.requests}
    return tuple(
        Reasons(label, chances.get(label, 0.0), *_both_sides(label, read, found, counts, rulebook.model))
        for label in labels
    )


def _both_sides(
    label: str,
    read: Sequence[Passage],
    found: Mapping[str, Sequence[Finding]],
    counts: Mapping[str, float],
    model: Model | None,
) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
    patterns = found.get(f"{AUTOMATIC_OWNER}{label}" if label in AUTOMATIC else label, ())
    struck = [span for finding in patterns for span in finding.evidence]
    speaking = sorted((span for span in struck if span.weight > 0), key=lambda span: -span.weight)
    against = sorted((span for span in struck if span.weight < 0), key=lambda span: span.weight)
    adding = shares(model, vector(model, counts), label) if model else {}
    speaking, against = speaking[:MOST_PATTERNS], against[:MOST_PATTERNS]
    return (
        (*speaking, *_words(adding, 1.0, label, read, speaking)),
        (*against, *_words(adding, -1.0, label, read, against)),
    )


def _words(
    adding: Mapping[str, float], sign: float, label: str, read: Sequence[Passage], struck: Iterable[Evidence]
) -> tuple[Evidence, ...]:
    """The strongest words on one side that stand apart from one another and from what patterns struck."""
    struck = tuple(struck)
    ranked = sorted(adding, key=lambda name: (-sign * adding[name], name))[:LOOKED_AT]
    found: list[Evidence] = []
    for name in ranked:
        if sign * adding[name] < LEAST_SHARE or len(found) == MOST_WORDS:
            break
        if (place := spans(name, read)) is None:
            continue
        span = place[0].evidence(place[1], place[2], f"model/{label}", round(adding[name], 3))
        if not any(_meet(span, other) for other in (*struck, *found)):
            found.append(span)
    return tuple(found)


def _meet(one: Evidence, other: Evidence) -> bool:
    return one.where == other.where and one.start < other.end and other.start < one.end
