"""Opening the store: files made private, schema brought up to date, connections that keep what they commit.

SQLite runs in WAL mode with synchronous FULL, so that a commit survives a power cut; transactions that
write (``transaction.writing``) take the write lock when they begin, since a reader that turns writer
fails at once instead of waiting.  PostgreSQL is opened as it is, and upgraded only when told (``migrate.upgrade``).
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, make_url, select, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from processor.store import tables as t
from processor.store.migrate import SchemaError, code_version, migrate, require_current, stored_version
from processor.store.prepared import Query
from processor.store.transaction import WRITES, reading, writing

BUSY_SECONDS = 30
LOOK_AGAIN_SECONDS = 0.001
DIGEST_KEY = "digest_key"
_KEY = Query(select(t.setting.c.value).where(t.setting.c.name == DIGEST_KEY))
# A machine that is gone tells nobody: libpq's seconds (the last: milliseconds) until we know.
LINE = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

__all__ = [
    "SchemaError",
    "check_store",
    "made_later",
    "open_store",
    "open_to_read",
    "schema_version",
    "store_key",
    "upgrade",
]


def open_store(url: str) -> Engine:
    """Open the database, ready for use.

    SQLite: makes the folder (mode 0700) and the file (0600) and upgrades the schema by itself.
    Raises SchemaError, in words, when the schema is newer than this program, or older on PostgreSQL.
    """
    engine = connect(url)
    try:
        if engine.dialect.name == "sqlite":
            migrate(engine)
        require_current(engine)
        _make_digest_key(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def open_to_read(url: str) -> Engine:
    """Open the database so that nothing can be written to it, as replay and reports do.

    Raises SchemaError, in words, when there is none yet or its schema is not this program's.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if not Path(parsed.database or "").exists():
            raise SchemaError(f"There is no database file {parsed.database} yet; it is made at the first start.")
        engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite_to_read)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = connect(url)
        event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("SET TRANSACTION READ ONLY"))
    try:
        require_current(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def open_file(path: Path) -> Engine:
    """A SQLite file that nobody writes to, such as a backup's; nothing is written beside it.  No look at its schema."""
    address = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool)
    event.listen(engine, "connect", _prepare_sqlite_to_read)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def upgrade(url: str) -> str:
    """Bring the schema to this program's version and return that version; nothing half-done is left behind."""
    engine = connect(url)
    try:
        migrate(engine)
        return schema_version(engine)
    finally:
        engine.dispose()


def schema_version(engine: Engine) -> str:
    """The version of the schema in the database, ``""`` when there is none yet."""
    return stored_version(engine)


def made_later(url: str) -> bool:
    """Whether the store is a SQLite file that the first start has still to make."""
    parsed = make_url(url)
    return parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").exists()


def check_store(url: str) -> list[str]:
    """What is wrong with the store, one sentence each; empty when all is well.  Changes nothing."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = Path(parsed.database or "")
        if not path.exists():
            return [f"There is no database file {path} yet; it is made at the first start."]
    engine = connect(url)
    try:
        return _faults(engine, parsed)
    except SQLAlchemyError as error:
        return [f"The database cannot be read: {str(error).splitlines()[0]}"]
    finally:
        engine.dispose()


def store_key(conn: Connection) -> bytes:
    """The secret of this database, from which digests and Message-IDs are keyed."""
    return bytes.fromhex(_KEY.value(conn))


def connect(url: str) -> Engine:
    """An engine without any look at the schema; for ``open_store``, ``upgrade`` and ``check_store``."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        _make_private(parsed)
        engine = create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    # What the URL says itself goes before.
    line = {name: value for name, value in LINE.items() if name not in parsed.query}
    return create_engine(parsed, pool_pre_ping=True, connect_args=line)


def _make_private(url: URL) -> None:
    if not url.database or url.database == ":memory:":
        raise SchemaError("The store needs a file: mail kept in memory would be lost.")
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The write-ahead log and its index take the file's mode, so it must be private before SQLite opens it.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _prepare_sqlite(dbapi: Any, _record: object) -> None:
    # Python's sqlite3 would begin transactions late and of its own accord; we begin them ourselves.
    dbapi.isolation_level = None
    cursor = dbapi.cursor()
    for pragma in (
        f"busy_timeout = {int(BUSY_SECONDS * 1000)}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_sqlite_to_read(dbapi: Any, _record: object) -> None:
    dbapi.isolation_level = None
    dbapi.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    # The write-ahead log's index must be writable for any reader, so the file is not opened as read-only.
    dbapi.execute("PRAGMA query_only = ON")


def _begin_sqlite(conn: Connection) -> None:
    if not conn.get_execution_options().get(WRITES, False):
        conn.exec_driver_sql("BEGIN")
        return
    dbapi: Any = conn.connection.dbapi_connection
    until = time.monotonic() + BUSY_SECONDS
    # SQLite's own wait sleeps longer each time, up to a tenth of a second, and who writes often and shortly
    # (delivery does, a thousand times a second) slips in before who has slept: so we look each millisecond.
    dbapi.execute("PRAGMA busy_timeout = 0")
    try:
        while (free := _begun(dbapi)) is False and time.monotonic() < until:
            time.sleep(LOOK_AGAIN_SECONDS)
        if not free:
            # Once more, so that what is wrong is told in SQLAlchemy's words.
            conn.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        dbapi.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")


def _begun(dbapi: Any) -> bool | None:
    """Take the write lock; False when another holds it, None when something else is wrong."""
    try:
        dbapi.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return False if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY else None
    return True


def _make_digest_key(engine: Engine) -> None:
    with reading(engine) as conn:
        if conn.execute(select(t.setting.c.name).where(t.setting.c.name == DIGEST_KEY)).first():
            return
    try:
        with writing(engine) as conn:
            conn.execute(insert(t.setting).values(name=DIGEST_KEY, value=secrets.token_hex(32)))
    except IntegrityError:
        # Another process opened the new store in the same moment; its key is as good.
        return


def _faults(engine: Engine, url: URL) -> list[str]:
    found: list[str] = []
    version = stored_version(engine)
    if version != code_version():
        found.append(f"The schema is {version or 'missing'}, this program's is {code_version()}: run the upgrade.")
    with reading(engine) as conn:
        if engine.dialect.name == "sqlite":
            return found + _sqlite_faults(conn, Path(url.database or ""))
        return found + _postgresql_faults(conn)


def _sqlite_faults(conn: Connection, path: Path) -> list[str]:
    found = []
    for place, wanted in ((path, 0o600), (path.parent, 0o700)):
        mode = place.stat().st_mode & 0o777
        if mode & ~wanted:
            found.append(f"{place} can be read by others (mode {mode:o}): chmod {wanted:o} {place}")
    result = conn.execute(text("PRAGMA quick_check(5)")).scalars().all()
    found += [f"The database file is damaged: {line}" for line in result if line != "ok"]
    broken = conn.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        found.append(f"{len(broken)} rows point at rows that are gone, the first in table {broken[0][0]}.")
    return found


def _postgresql_faults(conn: Connection) -> list[str]:
    found = []
    for name in ("fsync", "full_page_writes"):
        if conn.execute(text(f"SHOW {name}")).scalar_one() != "on":
            found.append(f"PostgreSQL runs with {name} off: a power cut can lose what was committed.")
    if conn.execute(text("SHOW synchronous_commit")).scalar_one() not in ("on", "remote_apply"):
        found.append("PostgreSQL runs with synchronous_commit relaxed: a crash can lose what was committed.")
    standbys = conn.execute(text("SELECT count(*) FROM pg_stat_replication")).scalar_one()
    if standbys and not conn.execute(text("SHOW synchronous_standby_names")).scalar_one():
        found.append("There is a standby, but it is not synchronous: a failover can lose mails and send replies twice.")
    return found
