"""The views of the queue that a person has saved, each by a name of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, insert

from processor.store import tables as t
from processor.store.settings import setting
from processor.store.transaction import commit

PREFIX = "views/"
MOST, LONGEST = 20, 40
NO_NAME = "a view needs a name"
TOO_MANY = "no more than twenty views can be saved"
REASONS = (NO_NAME, TOO_MANY)


@dataclass(frozen=True, slots=True)
class SavedView:
    """A name and the view that it stands for, as a link tells it."""

    name: str
    view: str


def saved_views(source: Engine | Connection, person_id: int) -> list[SavedView]:
    """A person's own views, in the order in which they were saved."""
    return [SavedView(*each) for each in json.loads(setting(source, f"{PREFIX}{person_id}", "[]"))]


def save_view(engine: Engine, person_id: int, name: str, view: str) -> str:
    """Save a view by a name, in place of the one that had it; why not (one of REASONS), or ``""``."""
    name = " ".join(name.split())[:LONGEST]
    if not name:
        return NO_NAME

    def work(conn: Connection) -> str:
        kept = saved_views(conn, person_id)
        names = [each.name for each in kept]
        if name in names:
            kept[names.index(name)] = SavedView(name, view)
        elif len(kept) == MOST:
            return TOO_MANY
        else:
            kept.append(SavedView(name, view))
        _put(conn, person_id, kept)
        return ""

    return commit(engine, work)


def drop_view(engine: Engine, person_id: int, name: str) -> None:
    """Forget one of a person's views."""

    def work(conn: Connection) -> None:
        _put(conn, person_id, [each for each in saved_views(conn, person_id) if each.name != name])

    commit(engine, work)


def _put(conn: Connection, person_id: int, kept: list[SavedView]) -> None:
    key = f"{PREFIX}{person_id}"
    conn.execute(delete(t.setting).where(t.setting.c.name == key))
    if kept:
        value = json.dumps([[each.name, each.view] for each in kept], ensure_ascii=False)
        conn.execute(insert(t.setting).values(name=key, value=value))
