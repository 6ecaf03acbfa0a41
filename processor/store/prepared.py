"""Statements that run for every reply, compiled once for each kind of database and then given to the driver as they are.

SQLAlchemy looks its statements up, and their parameters over, at each execution, which costs more than SQLite's own
work on a row.  Here that is done at the first: what is left are the column types' own conversions of values.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase

Given = Mapping[str, object]


class Prepared:
    """An insert, update or delete whose parameters are all named, none of them a list.

    ``columns`` are those of an insert, each of which is given a value: no default of a column is filled in.  What is
    returned comes as the driver gives it, so only numbers and plain text may be.
    """

    def __init__(self, statement: UpdateBase, columns: Sequence[str] | None = None) -> None:
        self.statement, self.columns = statement, columns
        self._by_dialect: dict[str, tuple[str, Callable[[Given], dict[str, object]]]] = {}

    def run(self, conn: Connection, given: Given) -> Sequence[Any] | None:
        """Execute it once; the row that is returned, if any."""
        words, parameters = self._by_dialect.get(conn.dialect.name) or self._compiled(conn)
        if conn.dialect.name != "sqlite":
            result = conn.exec_driver_sql(words, parameters(given))
            return result.first() if result.returns_rows else None
        try:
            row: Sequence[Any] | None = _sqlite(conn).execute(words, parameters(given)).fetchone()
        except sqlite3.Error as error:
            raise _told(conn, words, error) from error
        return row

    def run_each(self, conn: Connection, given: Sequence[Given]) -> None:
        """Execute it for each of these, if there are any."""
        if not given:
            return
        words, parameters = self._by_dialect.get(conn.dialect.name) or self._compiled(conn)
        rows = [parameters(each) for each in given]
        if conn.dialect.name != "sqlite":
            conn.exec_driver_sql(words, rows)
            return
        try:
            _sqlite(conn).executemany(words, rows)
        except sqlite3.Error as error:
            raise _told(conn, words, error) from error

    def _compiled(self, conn: Connection) -> tuple[str, Callable[[Given], dict[str, object]]]:
        # By names on SQLite too, which takes a value once however often it is named.
        named = SQLiteDialect_pysqlite(paramstyle="named") if conn.dialect.name == "sqlite" else conn.dialect
        compiled: Any = self.statement.compile(dialect=named, column_keys=self.columns)
        fixed: dict[str, object] = {}
        converted: list[tuple[str, Callable[[Any], Any]]] = []
        for bind, name in compiled.bind_names.items():
            convert = bind.type.dialect_impl(named).bind_processor(named)
            if not bind.required:
                # What the statement itself holds, such as the state that a row is to have.
                fixed[name] = convert(bind.value) if convert else bind.value
            elif convert:
                converted.append((name, convert))

        def parameters(given: Given) -> dict[str, object]:
            made = {**given, **fixed}
            for name, convert in converted:
                made[name] = convert(given[name])
            return made

        made = (compiled.string, parameters)
        self._by_dialect[conn.dialect.name] = made
        return made


def _sqlite(conn: Connection) -> sqlite3.Connection:
    """The driver's own connection, in the transaction that SQLAlchemy began."""
    driver: sqlite3.Connection = conn.connection.dbapi_connection  # type: ignore[assignment]
    return driver


def _told(conn: Connection, words: str, error: sqlite3.Error) -> BaseException:
    """The error as SQLAlchemy would raise it, but for the values."""
    return DBAPIError.instance(words, None, error, sqlite3.Error, True, dialect=conn.dialect)
