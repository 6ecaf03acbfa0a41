"""Whether a SQLite store has gone back: its write-ahead log was lost, or an older copy lies in its place.

SQLite cannot tell: a file without its -wal is a whole store of an earlier moment, and would answer once more what it
answered since.  So the newest seal of the audit chain is also written beside the store, after it was committed; a
store that does not hold the seal has lost commits.  PostgreSQL's log is its own, and its server refuses to start.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, exists, select

from processor.store import tables as t
from processor.store.lock import PREFIX
from processor.store.seals import Seal, last_seal
from processor.store.transaction import reading

ENDING = ".mark"


@dataclass(frozen=True, slots=True)
class GoneBack:
    """The newest event that the store once held, and the newest of its seals now."""

    had: int
    has: int


def note_mark(engine: Engine) -> None:
    """Write down how far the store has come; not forced to disk, since after a crash an older mark does no harm."""
    path = _path(engine)
    if path is None:
        return
    seal = last_seal(engine)
    partial = path.with_name(f"{path.name}.partial")
    opened = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "w", encoding="ascii") as file:
        file.write(f"{seal.id} {seal.last_event} {seal.digest}\n")
    partial.replace(path)


def forget_mark(engine: Engine) -> None:
    """What lies here from now on is meant to be what it is."""
    path = _path(engine)
    if path is not None:
        path.unlink(missing_ok=True)


def gone_back(engine: Engine) -> GoneBack | None:
    """How far the store has gone back since its mark was written; None where it has not, or nobody can tell."""
    marked = _read(_path(engine))
    if marked is None:
        return None
    s = t.seal.c
    with reading(engine) as conn:
        if conn.execute(select(s.digest).where(s.id == marked.id)).scalar() == marked.digest:
            return None
        if not conn.execute(select(exists(select(t.mailbox.c.account)))).scalar():
            # Somebody began anew: a store before its first start answers nothing that is older than itself.
            return None
        return GoneBack(marked.last_event, last_seal(conn).last_event)


def _path(engine: Engine) -> Path | None:
    place = str(engine.url)
    return Path(place.removeprefix(PREFIX) + ENDING) if place.startswith(PREFIX) and engine.url.database else None


def _read(path: Path | None) -> Seal | None:
    if path is None:
        return None
    with suppress(OSError, ValueError):
        number, event, digest = path.read_text(encoding="ascii").split()
        return Seal(int(number), int(event), "", digest)
    return None
