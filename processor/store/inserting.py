"""New rows whose ids are wanted: many in one statement, each id with its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Select, Table, func, insert, select
from sqlalchemy.sql.dml import ReturningInsert


def insert_for_ids(conn: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> list[int]:
    """Insert rows that have the same columns; gives their ids in the rows' order.  For a transaction that writes.

    SQLite promises no order of what it returns, and would be asked row by row.  But whoever writes there writes
    alone, so the ids can be given here: those that SQLite would give itself, the next above the highest.
    """
    if not rows:
        return []
    if conn.dialect.name != "sqlite":
        return list(conn.execute(_returning(table), rows).scalars())
    first: int = conn.execute(_next(table)).scalar_one()
    conn.execute(_insert(table), [{"id": first + n, **row} for n, row in enumerate(rows)])
    return list(range(first, first + len(rows)))


# Each is built once a table, and compiled once a database.
@cache
def _insert(table: Table) -> Insert:
    return insert(table)


@cache
def _returning(table: Table) -> ReturningInsert[Any]:
    return insert(table).returning(table.c.id, sort_by_parameter_order=True)


@cache
def _next(table: Table) -> Select[Any]:
    return select(func.coalesce(func.max(table.c.id), 0) + 1)
