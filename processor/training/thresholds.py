"""From which confidence on a type may be decided without a person, by what was right on mails not seen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TARGETS = {"termination": 0.995, "otp_rights": 0.995, "otp_code": 0.995}
TARGET = 0.98
WORST_SHARE = 4.0
"""How many times the promised share of mistakes the least sure mail that is answered may bring."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A mail's right label, the one that was found, and how sure we were."""

    name: str
    right: str
    found: str
    confidence: float


def target(label: str) -> float:
    """The share of what is answered alone that must be right."""
    return TARGETS.get(label, TARGET)


def thresholds(judged: Sequence[Judged], labels: Iterable[str]) -> dict[str, float]:
    """The lowest confidence of each label from which enough is right."""
    return {label: threshold([each for each in judged if each.found == label], target(label)) for label in labels}


def threshold(found: Sequence[Judged], wanted: float) -> float:
    """The lowest confidence above which the share of mistakes, half a mistake added, stays in bounds.

    The half stands for the mistake that a longer list would have shown.  Confidence is calibrated
    over all types, so the target itself is enough where a single mistake among a type's few mails
    would ask for more; and no single mail is answered that is much less sure than the promise.
    """
    ranked = sorted(found, key=lambda each: -each.confidence)
    lowest, wrong = 1.0, 0
    for count, each in enumerate(ranked, 1):
        wrong += each.right != each.found
        if (wrong + 0.5) / (count + 1) <= 1.0 - wanted:
            lowest = each.confidence
    return _rounded(min(max(lowest, 1.0 - WORST_SHARE * (1.0 - wanted)), wanted))


def _rounded(confidence: float) -> float:
    """Upwards, to four decimals, so that rounding lets nothing through."""
    return math.ceil(confidence * 10_000 - 1e-6) / 10_000


def lower_bound(right: int, count: int) -> float:
    """The share that is shown with 95 % confidence (Clopper and Pearson 1934, one-sided).

    An errorless run of 124 shows 97.6 %.
    """
    if right == 0:
        return 0.0
    low, high = 0.0, right / count
    for _ in range(60):
        middle = (low + high) / 2
        if _at_least(right, count, middle) < 0.05:
            low = middle
        else:
            high = middle
    return low


def _at_least(right: int, count: int, share: float) -> float:
    """The chance of at least so many of count."""
    return sum(
        math.exp(
            math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1)
            + k * math.log(max(share, 1e-300)) + (count - k) * math.log(max(1 - share, 1e-300))
        )
        for k in range(right, count + 1)
    )  # fmt: skip
