"""One transaction a function: reading, and writing that is tried again when somebody else was first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

WRITES = "processor_writes"
GUARD = "processor_guard"
"""An engine's option: a function that looks, first in each transaction that writes, whether it may."""
ATTEMPTS = 4

T = TypeVar("T")


class OvertakenError(Exception):
    """A conditional update met a row that had just changed; the transaction looks again."""


@contextmanager
def reading(source: Engine | Connection) -> Iterator[Connection]:
    """A connection to read by; takes no write lock.  A connection given is used as it is."""
    if isinstance(source, Connection):
        yield source
        return
    with source.connect() as conn:
        yield conn


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes: committed at the end, undone by an exception."""
    with engine.connect().execution_options(**{WRITES: True}) as conn, conn.begin():
        if guard := conn.get_execution_options().get(GUARD):
            guard(conn)
        yield conn


def away(error: DBAPIError) -> bool:
    """Whether PostgreSQL is gone for a while, and the same will do once it is back: restarting, failing over.

    Its codes are those of connections, of an operator's stop, and of a standby that is not yet the primary.
    """
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlstate", "none of PostgreSQL's")
    return code is None or code.startswith(("08", "57P", "25006"))


def commit(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run ``work`` in one transaction and commit it.

    When a unique key shows that another worker was first, or PostgreSQL broke a deadlock, all of
    it is undone and ``work`` runs again and sees the other's rows; after a few times the error is
    raised.
    """
    for left in reversed(range(ATTEMPTS)):
        try:
            with writing(engine) as conn:
                return work(conn)
        except (IntegrityError, OvertakenError):
            if not left:
                raise
        except OperationalError as error:
            if not left or getattr(error.orig, "sqlstate", None) not in ("40001", "40P01"):
                raise
    raise AssertionError("unreachable")
