"""Column types that mean the same on SQLite and PostgreSQL, and the one way we write JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import DateTime, Dialect, Index, Text, text
from sqlalchemy.types import TypeDecorator


def index_among(name: str, *columns: str, where: str) -> Index:
    """An index of those rows alone for which ``where`` holds, which a query must ask for in the same words.

    The migrations make it so on both databases.  To say it here in PostgreSQL's name as well would load SQLAlchemy's
    dialect for it, with all its types, into every process, where most have SQLite.
    """
    return Index(name, *columns, sqlite_where=text(where))


class Utc(TypeDecorator[datetime]):
    """An aware time, stored in UTC; a naive one is refused, since nobody knows what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value}")
        return value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], object] | None:
        """On SQLite the text that SQLAlchemy would write, in one step: a mail binds some forty times."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None] | None:
        """On SQLite that text in one step."""
        return _of_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _of_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def _as_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be stored: {value}")
    return _utc_text(value if value.tzinfo is UTC else value.astimezone(UTC))


# One "now" stands in all that a step writes.
@lru_cache(256)
def _utc_text(value: datetime) -> str:
    return value.isoformat(" ", "microseconds").removesuffix("+00:00")


class Words(TypeDecorator[str]):
    """Text that strangers may have written: NUL and lone surrogates, which no database takes, become U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else storable(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:  # noqa: ARG002
        """In one step, since ``Text`` itself asks for none on either database."""
        return _storable_if_any


def _storable_if_any(value: str | None) -> str | None:
    return None if value is None else storable(value)


def storable(value: str) -> str:
    """The text with U+FFFD in place of NUL and lone surrogates."""
    if "\x00" not in value:
        if value.isascii():
            return value
        try:
            value.encode()
        except UnicodeEncodeError:
            pass
        else:
            return value
    return value.replace("\x00", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def canonical(value: object) -> str:
    """JSON without spaces, in which equal values are equal bytes: the keys of mappings are sorted.

    Dataclasses become objects, dates and times ISO 8601.  A mail may hold NUL, which is escaped, and lone
    surrogates, which no UTF-8 holds: with one of those everything beyond ASCII is escaped.
    """
    try:
        return orjson.dumps(value, _plain, orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, bytes):
        return value.hex()
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no JSON form for {type(value).__name__}")
