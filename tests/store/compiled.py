"""Statements that one store compiled, for all others of its kind: a test has a store of its own, and asks what others ask."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from processor.store import engine as opening

Key = tuple[Any, ...]


class Compiled(dict[Any, Any]):
    """What is compiled, by the kind of database in place of the engine's own dialect."""

    def get(self, key: Key, default: Any = None) -> Any:
        return super().get(_of_all(key), default)

    def __setitem__(self, key: Key, made: Any) -> None:
        super().__setitem__(_of_all(key), made)


def _of_all(key: Key) -> Key:
    dialect, *others = key
    return (dialect.name, *others)


COMPILED = Compiled()


def share_statements() -> None:
    """From now on, for each store that is opened."""
    connect = opening.connect

    def sharing(url: str) -> Engine:
        made = connect(url)
        made._compiled_cache = COMPILED
        return made

    opening.connect = sharing
