"""Statements that run for every reply, compiled once for each kind of database and then given to the driver as they are.

SQLAlchemy looks its statements up, and their parameters over, at each execution, which costs more than SQLite's own
work on a row.  Here that is done at the first: what is left are the column types' own conversions of values.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import BindParameter, Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase

Given = Mapping[str, object]
Parameters = tuple[object, ...] | dict[str, object]


class Prepared:
    """An insert, update or delete whose parameters are all named, none of them a list.

    ``columns`` are those of an insert, each of which is given a value: no default of a column is filled in.  What is
    returned comes as the driver gives it, so only numbers and plain text may be.
    """

    def __init__(self, statement: UpdateBase, columns: Sequence[str] | None = None) -> None:
        self.statement, self.columns = statement, columns
        self._by_dialect: dict[str, tuple[str, Callable[[Given], Parameters]]] = {}

    def run(self, conn: Connection, given: Given) -> Sequence[Any] | None:
        """Execute it once; the row that is returned, if any."""
        words, parameters = self._by_dialect.get(conn.dialect.name) or self._compiled(conn)
        if conn.dialect.name != "sqlite":
            result = conn.exec_driver_sql(words, parameters(given))
            return result.first() if result.returns_rows else None
        with _in_words_of_sqlalchemy(conn, words):
            row: Sequence[Any] | None = _sqlite(conn).execute(words, parameters(given)).fetchone()
            return row

    def run_each(self, conn: Connection, given: Sequence[Given]) -> None:
        """Execute it for each of these, if there are any."""
        if not given:
            return
        words, parameters = self._by_dialect.get(conn.dialect.name) or self._compiled(conn)
        all_of_them = [parameters(each) for each in given]
        if conn.dialect.name != "sqlite":
            conn.exec_driver_sql(words, all_of_them)
            return
        with _in_words_of_sqlalchemy(conn, words):
            _sqlite(conn).executemany(words, all_of_them)

    def _compiled(self, conn: Connection) -> tuple[str, Callable[[Given], Parameters]]:
        compiled: Any = self.statement.compile(dialect=conn.dialect, column_keys=self.columns)
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        order = compiled.positiontup if compiled.positional else list(binds)
        converters = {name: _converter(bind, conn.dialect) for name, bind in binds.items()}
        # What the statement itself holds, such as the state that a row is to have.
        fixed = {name: converters[name](bind.value) for name, bind in binds.items() if not bind.required}
        places = [(name, converters[name]) for name in order if name not in fixed]

        def by_name(given: Given) -> dict[str, object]:
            return {**fixed, **{name: convert(given[name]) for name, convert in places}}

        def in_order(given: Given) -> tuple[object, ...]:
            named = by_name(given)
            return tuple([named[name] for name in order])

        made = (compiled.string, in_order if compiled.positional else by_name)
        self._by_dialect[conn.dialect.name] = made
        return made


def _sqlite(conn: Connection) -> sqlite3.Connection:
    """The driver's own connection, in the transaction that SQLAlchemy began."""
    driver: sqlite3.Connection = conn.connection.dbapi_connection  # type: ignore[assignment]
    return driver


@contextmanager
def _in_words_of_sqlalchemy(conn: Connection, words: str) -> Iterator[None]:
    """Raise what SQLAlchemy would raise for an error of the driver; the values are left out of it."""
    try:
        yield
    except sqlite3.Error as error:
        raise DBAPIError.instance(words, None, error, sqlite3.Error, True, dialect=conn.dialect) from error


def _converter(bind: BindParameter[Any], dialect: Dialect) -> Callable[[Any], Any]:
    """What makes a value of the column's type one of the driver's."""
    return bind.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
