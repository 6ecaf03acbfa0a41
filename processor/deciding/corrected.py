"""What was understood, as a person corrects it: their word stands in place of ours, and is certain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from processor.findings import Fields, Request, Understanding

NAMES = ("org_no", "customer_no", "company", "products", "effective_date", "domains", "emails")
"""The fields that a person corrects."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person says of a mail: all request types, the main one first, and the fields of NAMES as they are."""

    types: tuple[str, ...]
    fields: Fields


def corrected(understanding: Understanding, said: Correction) -> Understanding:
    """The understanding with a person's word in it; what speaks for a type that they keep stays as evidence."""
    known = {each.type: each for each in understanding.requests}
    requests = tuple(
        replace(known[name], confidence=1.0) if name in known else Request(name, 1.0) for name in said.types
    )
    fields = replace(understanding.fields, **{name: getattr(said.fields, name) for name in NAMES})
    return replace(
        understanding,
        automatic=None,
        requests=requests,
        chances=tuple((name, 1.0) for name in said.types),
        silent=0.0,
        perhaps=(),
        fields=fields,
        flags=tuple(_flags(understanding, fields)),
    )


def whole(fields: Fields, known: Iterable[Fields]) -> Fields:
    """A mail's fields, with what later mails of its customer brought where it says nothing."""
    for later in known:
        lacking = {name: getattr(later, name) for name in Fields.__slots__ if not getattr(fields, name)}
        fields = replace(fields, **lacking)
    return fields


def differing(before: Fields, after: Fields) -> tuple[str, ...]:
    """The names of the fields that a correction changes."""
    return tuple(name for name in NAMES if getattr(before, name) != getattr(after, name))


def in_words(value: str | date | Sequence[str] | None) -> str:
    """A field's value as it stands in a form: days as 31.12.2026, several with commas between."""
    if isinstance(value, date):
        return f"{value:%d.%m.%Y}"
    return value if isinstance(value, str) else ", ".join(value or ())


def _flags(understanding: Understanding, fields: Fields) -> list[str]:
    """The doubts that stay: of a year that was assumed there is none where a person names the day."""
    gone = {"several_org_no"}
    if fields.effective_date != understanding.fields.effective_date:
        gone.add("year_assumed")
    found = [each for each in understanding.flags if each not in gone]
    return found + (["several_org_no"] if len(fields.org_no) > 1 else [])
