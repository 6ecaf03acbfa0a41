"""Copying a store whole, table by table, from one database to another, and the digests that prove the copy.

A table's digest is of its rows in the order of its key, each as JSON: the same rows give the same digest on
SQLite and PostgreSQL.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from processor.store import tables as t
from processor.store.engine import DIGEST_KEY, connect, open_to_read
from processor.store.gone_back import forget_mark
from processor.store.migrate import migrate, require_current, stored_version
from processor.store.transaction import writing

ROWS = 1000
# A mail may have tens of megabytes, and so many are held at once.
ROWS_WITH_BYTES = 8


class CopyError(Exception):
    """The store was not copied, and the target is as it was; the text says why."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """How many rows a table has, and the SHA-256 of them all in hex."""

    rows: int
    digest: str


def copy_store(source_url: str, target_url: str) -> dict[str, TableDigest]:
    """Copy a store into an empty one, all or nothing, and prove it by count and digest of each table.

    A target without a schema gets one.  Nobody else may write to either: hold ``lock.nobody_else`` of both.
    Raises SchemaError where the schemas are not this program's, CopyError where the target is not empty or
    holds something else afterwards.
    """
    source = open_to_read(source_url)
    try:
        target = open_target(target_url)
        try:
            with snapshot(source) as read, writing(target) as write:
                copied = copy_into(read, write)
            forget_mark(target)
            return copied
        finally:
            target.dispose()
    finally:
        source.dispose()


def open_target(url: str) -> Engine:
    """A database to copy into, with this program's schema, which a bare one is given; raises SchemaError."""
    engine = connect(url)
    try:
        if not stored_version(engine):
            migrate(engine)
        require_current(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """One moment of the store, to read from for as long as it takes, while others go on writing."""
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    if engine.dialect.name == "sqlite":
        # A transaction that has begun to read sees one moment anyway, in WAL mode.
        options = {}
    with engine.connect().execution_options(**options) as conn, conn.begin():
        yield conn


def copy_into(read: Connection, write: Connection) -> dict[str, TableDigest]:
    """``copy_store`` within the caller's transactions; the caller's is to be undone when this raises."""
    _lock(write)
    require_empty(write)
    write.execute(delete(t.setting))
    for table in t.metadata.sorted_tables:
        try:
            _copy_table(read, write, table)
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise CopyError(f"The table {table.name} cannot be written: {reason}") from error
    _set_sequences(write)
    wanted = digests(read)
    require_same(wanted, digests(write))
    return wanted


def require_empty(conn: Connection) -> None:
    """Raise CopyError if the store holds anything beyond the key that its first opening makes."""
    for table in t.metadata.sorted_tables:
        query = select(func.count()).select_from(table)
        if table is t.setting:
            query = query.where(t.setting.c.name != DIGEST_KEY)
        if count := conn.execute(query).scalar_one():
            raise CopyError(f"The target is not empty: its table {table.name} has {count} rows. Nothing was changed.")


def require_same(wanted: Mapping[str, TableDigest], found: Mapping[str, TableDigest]) -> None:
    """Raise CopyError naming the tables that differ."""
    if faults := differences(wanted, found):
        raise CopyError("The copy is not the same. " + " ".join(faults))


def differences(wanted: Mapping[str, TableDigest], found: Mapping[str, TableDigest]) -> list[str]:
    """Which tables differ, one sentence each."""
    faults = []
    for name in sorted({*wanted, *found}):
        a, b = wanted.get(name, TableDigest(0, "")), found.get(name, TableDigest(0, ""))
        if a.rows != b.rows:
            faults.append(f"The table {name} has {b.rows} rows instead of {a.rows}.")
        elif a != b:
            faults.append(f"The table {name} has other contents.")
    return faults


def digests(conn: Connection) -> dict[str, TableDigest]:
    """Count and digest of every table."""
    return {table.name: _digest(conn, table) for table in t.metadata.sorted_tables}


def _digest(conn: Connection, table: Table) -> TableDigest:
    digest, count = hashlib.sha256(), 0
    for rows in _portions(conn, table):
        for row in rows:
            digest.update(json.dumps(list(row), default=_plain).encode() + b"\n")
        count += len(rows)
    return TableDigest(count, digest.hexdigest())


def _plain(value: object) -> str:
    """A value as JSON has it; mails by their digests, since their bytes would be doubled."""
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no JSON form for {type(value).__name__}")


def _copy_table(read: Connection, write: Connection, table: Table) -> None:
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    for rows in _portions(read, table):
        # A row may point at one of its own table that comes later.
        write.execute(insert(table), [{**row._mapping, **dict.fromkeys(own)} for row in rows])
    for name in own:
        _point(read, write, table, name)


def _point(read: Connection, write: Connection, table: Table, name: str) -> None:
    """Fill in a column that points at rows of its own table."""
    (key,) = table.primary_key.columns
    column = table.c[name]
    pointing = [{"which": row[0], "at": row[1]} for row in read.execute(select(key, column).where(column.is_not(None)))]
    if pointing:
        write.execute(update(table).where(key == bindparam("which")).values({name: bindparam("at")}), pointing)


def _portions(conn: Connection, table: Table) -> Iterator[Sequence[t.AnyRow]]:
    """A table's rows in the order of its key, no more at once than memory bears."""
    large = any(isinstance(column.type, LargeBinary) for column in table.c)
    query = select(table).order_by(*(_in_order(conn, key) for key in table.primary_key.columns))
    found = conn.execute(query.execution_options(yield_per=ROWS_WITH_BYTES if large else ROWS))
    yield from found.partitions()


def _in_order(conn: Connection, key: ColumnElement[Any]) -> ColumnElement[Any]:
    """PostgreSQL sorts text by language where SQLite sorts by bytes."""
    words = isinstance(key.type, String) or isinstance(getattr(key.type, "impl", None), String)
    return key.collate("C") if words and conn.dialect.name == "postgresql" else key


def _lock(conn: Connection) -> None:
    """Let nobody write to the target; SQLite's writer is alone already."""
    if conn.dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in t.metadata.sorted_tables)
        conn.exec_driver_sql(f"LOCK TABLE {names} IN EXCLUSIVE MODE")


def _set_sequences(conn: Connection) -> None:
    """Let PostgreSQL number new rows after those that came with their numbers."""
    if conn.dialect.name != "postgresql":
        return
    for table in t.metadata.sorted_tables:
        key = table.autoincrement_column
        highest = None if key is None else conn.execute(select(func.max(key))).scalar()
        if key is not None and highest is not None:
            sequence = text("SELECT setval(pg_get_serial_sequence(:name, :key), :highest)")
            conn.execute(sequence, {"name": f'"{table.name}"', "key": key.name, "highest": highest})
