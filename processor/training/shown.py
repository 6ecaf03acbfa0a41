"""How much precision has been shown for a request type, in words: what an operator sees before trusting it."""

from __future__ import annotations

from collections.abc import Iterable

from processor.rulebook import Model
from processor.training.thresholds import lower_bound, target

NOT_TYPES = ("general",)
"""Rules files whose level is not a request type's own: mail that fits no type is never answered on its own words."""


def reached(name: str, model: Model | None) -> bool:
    """Whether the precision of what is decided alone is shown to be the type's goal, with 95 % confidence."""
    if name in NOT_TYPES:
        return True
    count, right = model.shown.get(name, (0, 0)) if model else (0, 0)
    return count > 0 and lower_bound(right, count) >= target(name)


def in_words(name: str, model: Model | None) -> str:
    """What is shown so far beside the goal; empty for what is no request type of its own."""
    if name in NOT_TYPES:
        return ""
    goal = f"goal {_percent(target(name))}"
    if model is None or not model.shown:
        return f"precision not measured yet (processor train measures it); {goal}"
    count, right = model.shown.get(name, (0, 0))
    if not count:
        return f"precision not measured yet: no labelled mail was decided so; {goal}"
    bound = lower_bound(right, count)
    return f"precision shown so far: at least {_percent(bound)} ({right} of {count}); {goal}"


def warnings(names: Iterable[str], model: Model | None) -> list[str]:
    """A sentence for each type whose goal is not shown yet."""
    return [
        f"{name}: answering alone is not shown to be right often enough yet; {in_words(name, model)}."
        for name in names
        if not reached(name, model)
    ]


def _percent(share: float) -> str:
    """Downwards, so that rounding never shows more than there is."""
    return f"{int(share * 1000 + 1e-9) / 10:g} %"
