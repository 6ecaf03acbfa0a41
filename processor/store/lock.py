"""One program at a time on a SQLite store: a lock on a file beside it, which the kernel frees at any end."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "sqlite:///"


class StoreInUseError(Exception):
    """Another daemon or ``once`` holds the store; the text says which process."""


@contextmanager
def only_one(store_url: str) -> Iterator[None]:
    """Hold the store's lock while the block runs, or raise StoreInUseError at once.

    PostgreSQL needs none: there, work is claimed row by row.
    """
    if not store_url.startswith(PREFIX):
        yield
        return
    path = Path(store_url.removeprefix(PREFIX) + ".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
            raise StoreInUseError(
                f"{path.with_suffix('').name} is in use by process {holder}: "
                "one daemon at a time works on a SQLite store"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
