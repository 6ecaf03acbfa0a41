"""New SQLite stores without all migrations each: a process migrates one, and lays its bytes where the next is to be."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
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
        _lay(path)
    really(engine)


def _lay(path: Path) -> None:
    """Fill the file in one transaction: who looks at the store meanwhile must not read a half of it."""
    with closing(sqlite3.connect(":memory:")) as made, closing(sqlite3.connect(path)) as empty:
        # A database in memory has no log beside it, so its header may not ask for one (bytes 18 and 19 of the format).
        made.deserialize(blank()[:18] + b"\1\1" + blank()[20:])
        empty.execute("PRAGMA synchronous = OFF")
        made.backup(empty)


@cache
def blank() -> bytes:
    """A migrated file that no program has opened yet: its key is still to be made."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        engine = opening.connect(f"sqlite:///{path}")
        really(engine)
        engine.dispose()
        return path.read_bytes()
