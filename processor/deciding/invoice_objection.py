"""What an objection to an invoice is about: the reason that its handling needs (domain.md R25)."""

from __future__ import annotations

from collections.abc import Iterable

PREFIX = "objection_"
"""Topics that begin so name a reason in the rules' own words, such as ``objection_invoiced_twice``."""


def reasons(topics: Iterable[str]) -> tuple[str, ...]:
    """The reasons for an objection as the mail's topics tell them, in words for staff."""
    return tuple(topic.removeprefix(PREFIX).replace("_", " ") for topic in topics if topic.startswith(PREFIX))
