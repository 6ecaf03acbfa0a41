"""The shipped rules, read once by each process that runs tests: reading them takes a second."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from processor.loading.rules import load_rulebook
from processor.rulebook import Rulebook

ROOT = Path(__file__).parent.parent


def rulebook_of(rules: Path, templates: Path, own: tuple[str, ...] = ()) -> Rulebook:
    """The rulebook of these folders; the shipped ones are not read again."""
    if (rules.resolve(), templates.resolve()) == (ROOT / "rules", ROOT / "templates"):
        return _shipped(own)
    return load_rulebook(rules, templates, own)


@cache
def _shipped(own: tuple[str, ...]) -> Rulebook:
    return load_rulebook(ROOT / "rules", ROOT / "templates", own)
