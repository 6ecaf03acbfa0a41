"""New SQLite stores without all migrations each: a process migrates one, and lays its bytes where the next is to be."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

from processor.store import engine as opening
from processor.store.migrate import migrate as really


def remember_the_schema() -> None:
    """From now on an empty file is a copy; a store with anything in it, and PostgreSQL, are migrated as ever."""
    opening.migrate = migrate  # type: ignore[attr-defined]


def migrate(engine: Engine) -> None:
    path = Path(engine.url.database or "")
    if engine.dialect.name == "sqlite" and path.stat().st_size == 0:
        # The file keeps its mode.
        path.write_bytes(blank())
    really(engine)


@cache
def blank() -> bytes:
    """A migrated file that no program has opened yet: its key is still to be made."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        engine = opening.connect(f"sqlite:///{path}")
        really(engine)
        engine.dispose()
        return path.read_bytes()
