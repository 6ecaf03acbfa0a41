"""New rows, many in one statement, and their ids where those are wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select
from sqlalchemy.sql.dml import ReturningInsert

from processor.store.prepared import Prepared, Query


def insert_rows(conn: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows that have the same columns, if there are any; the others have their defaults."""
    if rows:
        _insert(table, tuple(rows[0])).run_each(conn, rows)


def insert_for_ids(conn: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> list[int]:
    """Insert rows that have the same columns; gives their ids in the rows' order.  For a transaction that writes.

    SQLite promises no order of what it returns, and would be asked row by row.  But whoever writes there writes
    alone, so the ids can be given here: those that SQLite would give itself, the next above the highest.
    """
    if not rows:
        return []
    if conn.dialect.name != "sqlite":
        return list(conn.execute(_returning(table), rows).scalars())
    first: int = _next(table).value(conn)
    insert_rows(conn, table, [{"id": first + n, **row} for n, row in enumerate(rows)])
    return list(range(first, first + len(rows)))


# Each is built and compiled once a table and its columns.
@cache
def _insert(table: Table, columns: tuple[str, ...]) -> Prepared:
    return Prepared(insert(table).inline(), columns)


@cache
def _returning(table: Table) -> ReturningInsert[Any]:
    return insert(table).returning(table.c.id, sort_by_parameter_order=True)


@cache
def _next(table: Table) -> Query:
    return Query(select(func.coalesce(func.max(table.c.id), 0) + 1))
