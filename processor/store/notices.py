"""Hearing of new work on PostgreSQL (LISTEN), over a connection of its own.

What is said while nobody listens is lost, so whoever listens looks for work by himself now and then, and at the
beginning.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from sqlalchemy import text

from processor.store.engine import connect
from processor.store.leases import CHANNEL


class Ear:
    """A listening connection, for a ``with``; every method may raise the driver's or SQLAlchemy's errors."""

    def __init__(self, store_url: str) -> None:
        self.engine = connect(store_url)

    def __enter__(self) -> Ear:
        try:
            self.connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self.schema = self.connection.execute(text("SELECT current_schema()")).scalar_one()
            self.connection.execute(text(f"LISTEN {CHANNEL}"))
        except BaseException:
            self.engine.dispose()
            raise
        self.driver: Any = self.connection.connection.driver_connection
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # It listens to the end, so it goes back to no pool.
        self.connection.invalidate()
        self.connection.close()
        self.engine.dispose()

    def hear(self, seconds: float) -> set[str]:
        """What was told within the time, as soon as something was: work, settle, outbox, lease."""
        said = [notice.payload.rpartition(" ") for notice in self.driver.notifies(timeout=seconds, stop_after=1)]
        # Schemas of one database are stores of their own.
        return {word for schema, _, word in said if schema == self.schema}
