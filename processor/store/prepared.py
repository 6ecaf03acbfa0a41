"""Statements that run for every mail or reply, compiled once and then given to the driver as they are.

SQLAlchemy looks its statements up, and their parameters over, at each execution, which costs more than SQLite's own
work on a row.  Here that is done at the first: what is left are the column types' own conversions of values.
"""

from __future__ import annotations

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import Insert, UpdateBase
from sqlalchemy.sql.selectable import SelectBase

Given = Mapping[str, object]
Convert = Callable[[Any], Any]
NOTHING: Given = MappingProxyType({})
_SQLITE = SQLiteDialect_pysqlite()
# Where SQLAlchemy would write as many parameters as a list has values.
_LIST = re.compile(r"__\[POSTCOMPILE_\w+\]")


@dataclass(frozen=True, slots=True)
class Bind:
    """One parameter in its place: a value that the statement itself holds, ``fixed``, or what is given by its name."""

    name: str
    convert: Convert | None
    fixed: bool
    value: Any

    def of(self, given: Given) -> Any:
        """Its value as the driver takes it."""
        if self.fixed:
            return self.value
        return self.convert(given[self.name]) if self.convert else given[self.name]

    def of_each(self, given: Sequence[Given]) -> Iterable[Any]:
        """Its value in each of many rows."""
        if self.fixed:
            return repeat(self.value, len(given))
        values = [row[self.name] for row in given]
        return map(self.convert, values) if self.convert else values

    def listed(self, given: Given) -> list[Any]:
        """The values of one that is a list."""
        values: Any = self.value if self.fixed else given[self.name]
        return [self.convert(each) for each in values] if self.convert else list(values)


class Prepared:
    """An insert, update or delete whose parameters are all named, none of them a list.

    ``columns`` are those of an insert, or those that an update is given values for; an insert fills in the others'
    defaults.  What is returned comes as the driver gives it, so only numbers and plain text may be.
    """

    def __init__(self, statement: UpdateBase, columns: Sequence[str] | None = None) -> None:
        self.statement, self.columns = statement, columns
        self._by_dialect: dict[str, tuple[str, list[Bind]]] = {}

    def run(self, conn: Connection, given: Given) -> Sequence[Any] | None:
        """Execute it once; the row that is returned, if any."""
        words, binds = self._by_dialect.get(conn.dialect.name) or self._compiled(conn)
        if conn.dialect.name != "sqlite":
            result = conn.exec_driver_sql(words, {each.name: each.of(given) for each in binds})
            return result.first() if result.returns_rows else None
        try:
            row: Sequence[Any] | None = _sqlite(conn).execute(words, [each.of(given) for each in binds]).fetchone()
        except sqlite3.Error as error:
            raise _told(conn, words, error) from error
        return row

    def run_each(self, conn: Connection, given: Sequence[Given]) -> None:
        """Execute it for each of these, if there are any."""
        if not given:
            return
        words, binds = self._by_dialect.get(conn.dialect.name) or self._compiled(conn)
        if conn.dialect.name != "sqlite":
            conn.exec_driver_sql(words, [{each.name: each.of(row) for each in binds} for row in given])
            return
        # Made column by column, which spares each row a mapping of its own.
        rows = list(zip(*[each.of_each(given) for each in binds], strict=True))
        try:
            _sqlite(conn).executemany(words, rows)
        except sqlite3.Error as error:
            raise _told(conn, words, error) from error

    def _compiled(self, conn: Connection) -> tuple[str, list[Bind]]:
        dialect: Dialect = _SQLITE if conn.dialect.name == "sqlite" else conn.dialect
        compiled: Any = self.statement.compile(dialect=dialect, column_keys=self.columns)
        binds = _binds(compiled, dialect, _defaults(self.statement, self.columns or ()))
        made = self._by_dialect[conn.dialect.name] = (compiled.string, binds)
        return made


class Query:
    """A select that is asked often, or an update that returns; its parameters are named, and lists where they expand."""

    def __init__(self, statement: SelectBase | UpdateBase) -> None:
        self.statement = statement
        self._asked: _Asked | None = None

    def rows(self, conn: Connection, given: Given = NOTHING) -> Sequence[Any]:
        """Its rows, with their columns by name, as SQLAlchemy gives them."""
        if conn.dialect.name != "sqlite":
            return conn.execute(self.statement, dict(given)).all()  # type: ignore[arg-type]
        if not conn.in_transaction():
            # As SQLAlchemy does of itself, so that all of a connection's queries see the same moment.
            conn.begin()
        asked = self._asked = self._asked or _Asked(self.statement)
        words, values = asked.said(given)
        try:
            found = _sqlite(conn).execute(words, values).fetchall()
        except sqlite3.Error as error:
            raise _told(conn, words, error) from error
        return asked.made_of(found)

    def value(self, conn: Connection, given: Given = NOTHING) -> Any:
        """The first column of its first row, None without one."""
        found = self.rows(conn, given)
        return found[0][0] if found else None


class _Asked:
    """A select, or what returns rows, as SQLite's driver takes it."""

    def __init__(self, statement: SelectBase | UpdateBase) -> None:
        compiled: Any = statement.compile(dialect=_SQLITE)
        self.parts = _LIST.split(compiled.string)
        lists = {compiled.bind_names[each] for each in compiled.post_compile_params}
        self.binds = [(each, each.name in lists) for each in _binds(compiled, _SQLITE)]
        columns = compiled._result_columns
        self.row: Any = namedtuple("Row", [each.keyname for each in columns], rename=True)  # type: ignore[misc]
        found = [each.type.dialect_impl(_SQLITE).result_processor(_SQLITE, None) for each in columns]
        self.converted = [(n, convert) for n, convert in enumerate(found) if convert]

    def said(self, given: Given) -> tuple[str, list[Any]]:
        """The statement with as many parameters as its lists have values, and these."""
        words, parts = [self.parts[0]], iter(self.parts[1:])
        values: list[Any] = []
        for each, is_list in self.binds:
            if is_list:
                listed = each.listed(given)
                values += listed
                words += (", ".join("?" * len(listed)), next(parts))
            else:
                values.append(each.of(given))
        return "".join(words), values

    def made_of(self, found: Sequence[tuple[Any, ...]]) -> Sequence[Any]:
        """Rows of what the driver gave."""
        if not self.converted or not found:
            return [self.row._make(row) for row in found]
        columns: list[Iterable[Any]] = list(zip(*found, strict=True))
        for n, convert in self.converted:
            columns[n] = map(convert, columns[n])
        return list(map(self.row, *columns))


def _binds(compiled: Any, dialect: Dialect, defaults: Given = NOTHING) -> list[Bind]:
    """A statement's parameters, each as often as it stands there where they have places and no names."""
    found = {}
    for bind, name in compiled.bind_names.items():
        convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
        # What the statement itself holds, such as the state that a row is to have.
        value = defaults.get(bind.key, bind.value)
        if convert and not bind.required and not bind.expanding:
            value = convert(value)
        found[name] = Bind(name, convert, not bind.required, value)
    return [found[name] for name in compiled.positiontup or found]


def _defaults(statement: UpdateBase, columns: Sequence[str]) -> Given:
    """What a row of an insert has in the columns that it is not given."""
    if not isinstance(statement, Insert):
        return NOTHING
    rest: list[Any] = [each for each in statement.table.columns if each.name not in columns and each.default]
    return {each.name: each.default.arg for each in rest}


def _sqlite(conn: Connection) -> sqlite3.Connection:
    """The driver's own connection, in the transaction that SQLAlchemy began."""
    driver: sqlite3.Connection = conn.connection.dbapi_connection  # type: ignore[assignment]
    return driver


def _told(conn: Connection, words: str, error: sqlite3.Error) -> BaseException:
    """The error as SQLAlchemy would raise it, but for the values."""
    return DBAPIError.instance(words, None, error, sqlite3.Error, True, dialect=conn.dialect)
