"""Who works on a store: one program at a time on SQLite, any number on PostgreSQL, nobody while it is copied.

On SQLite it is a lock on a file beside the store, which the kernel frees at any end; on PostgreSQL an advisory
lock, which the server frees with its connection.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

PREFIX = "sqlite:///"
# The first half of PostgreSQL's key, any fixed number; the second is the schema's.
IN_USE = 7_209_152


class StoreInUseError(Exception):
    """Another daemon or ``once`` holds the store; the text says which process."""


@contextmanager
def only_one(store_url: str) -> Iterator[None]:
    """Hold the store as one who works on it while the block runs, or raise StoreInUseError at once.

    On PostgreSQL others may hold it so too, since work is claimed row by row there.
    """
    if store_url.startswith(PREFIX):
        with _file_lock(store_url, "one daemon at a time works on a SQLite store"):
            yield
        return
    with _advisory(store_url, "pg_try_advisory_lock_shared", "it is being copied or restored"):
        yield


@contextmanager
def nobody_else(store_url: str) -> Iterator[None]:
    """Hold the store alone while the block runs, or raise StoreInUseError at once.

    On PostgreSQL a daemon with a living lease counts too, since its lock went if its connection broke.
    """
    if store_url.startswith(PREFIX):
        with _file_lock(store_url, "stop it first"):
            yield
        return
    with _advisory(store_url, "pg_try_advisory_lock", "a daemon works on it: stop all daemons first") as engine:
        if holders := _living(engine):
            raise StoreInUseError(f"{engine.url.database} is in use by {', '.join(holders)}: stop all daemons first")
        yield


@contextmanager
def _file_lock(store_url: str, why: str) -> Iterator[None]:
    path = Path(store_url.removeprefix(PREFIX) + ".lock")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
            raise StoreInUseError(f"{path.with_suffix('').name} is in use by process {holder}: {why}") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@contextmanager
def _advisory(store_url: str, how: str, why: str) -> Iterator[Engine]:
    from processor.store.engine import connect

    engine = connect(store_url)
    held = _connected(engine)
    try:
        if held is not None and not _locked(held, how):
            raise StoreInUseError(f"{engine.url.database} is in use: {why}")
        yield engine
    finally:
        if held is not None:
            held.close()
        # The connection's end frees the lock.
        engine.dispose()


def _connected(engine: Engine) -> Connection | None:
    """A connection, None from a server that cannot be reached: that is told by who opens the store next."""
    try:
        return engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except SQLAlchemyError:
        return None


def _locked(conn: Connection, how: str) -> bool:
    # Schemas of one database are stores of their own; PostgreSQL's key is a signed number of 32 bits.
    schema = conn.execute(text("SELECT current_schema()")).scalar_one() or ""
    key = zlib.crc32(schema.encode()) - 2**31
    return bool(conn.execute(text(f"SELECT {how}(:use, :schema)"), {"use": IN_USE, "schema": key}).scalar_one())


def _living(engine: Engine) -> list[str]:
    """The daemons that have said lately that they live; none in a database without our tables, or out of reach."""
    from processor.store.leases import leases

    try:
        with engine.connect() as conn:
            if conn.execute(text("SELECT to_regclass('lease')")).scalar() is None:
                return []
        return sorted({lease.holder for lease in leases(engine) if lease.alive})
    except SQLAlchemyError:
        return []
