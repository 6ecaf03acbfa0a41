"""A daemon's connections to PostgreSQL: none keeps others waiting for long, and none is waited on for ever."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from sqlalchemy import Engine, event

# A transaction of ours never waits on anything but the database.
LEAST_IDLE_SECONDS = 10.0


def called(name: str) -> str:
    """What the server calls the connections of a daemon or worker: its name without the host, since the server cuts
    a name after 63 bytes, and two that are cut alike would be taken for one."""
    return f"processor {name.partition(':')[2] or name}"


class Lines:
    """The open connections of an engine; nothing on SQLite.

    A daemon that stands still in the middle of a transaction holds rows that others need: the server ends it after
    ``idle_seconds``.  By ``name``, its own, another daemon ends what it left when it is dead.  ``cut`` is for a server,
    or something in between, that keeps the connection and says nothing.
    """

    def __init__(self, engine: Engine, idle_seconds: float, name: str = "") -> None:
        self.open: WeakSet[Any] = WeakSet()
        self.name = called(name) if name else ""
        self.idle = int(1000 * max(idle_seconds, LEAST_IDLE_SECONDS))
        if engine.dialect.name == "postgresql":
            event.listen(engine, "connect", self._opened)
            event.listen(engine, "after_cursor_execute", _armed)
            # Connections from before would escape.
            engine.dispose()

    def cut(self) -> int:
        """Cut every connection under whatever waits on it, from any thread; says how many.  New ones are opened."""
        count = 0
        for each in list(self.open):
            with suppress(Exception):
                copy = socket.socket(fileno=os.dup(each.fileno()))
                with copy:
                    copy.shutdown(socket.SHUT_RDWR)
                count += 1
        return count

    def _opened(self, driver: Any, _record: object) -> None:
        with driver.cursor() as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = {self.idle}")
            if self.name:
                cursor.execute("SELECT set_config('application_name', %s, false)", (self.name,))
        driver.commit()
        self.open.add(driver)


def _armed(_conn: object, cursor: Any, _words: str, _given: object, _context: object, executemany: bool) -> None:
    """Have the server look at the clock again: after psycopg's executemany, a pipeline, it ends no idle transaction."""
    if executemany:
        with cursor.connection.cursor() as another:
            another.execute("SELECT 1")
