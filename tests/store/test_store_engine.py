from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, insert, text
from sqlalchemy.exc import OperationalError

from processor.store import tables as t
from processor.store.engine import check_store, connect, open_store, schema_version, upgrade
from processor.store.migrate import MIGRATIONS, SchemaError, code_version, known_versions, migrate
from processor.store.transaction import writing
from tests.store.made import NOW


@pytest.fixture(autouse=True)
def migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a new store is no copy."""
    monkeypatch.setattr("processor.store.engine.migrate", migrate)


def test_it_makes_a_private_file_in_a_private_folder(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/deep/room/store.db").dispose()
    assert stat.S_IMODE((tmp_path / "deep/room").stat().st_mode) == 0o700
    for name in ("store.db",):
        assert stat.S_IMODE((tmp_path / "deep/room" / name).stat().st_mode) == 0o600


def test_the_migrations_make_exactly_the_tables_of_the_models(engine: Engine) -> None:
    with engine.connect() as conn:
        # The full-text index is the database's own: a virtual table with its shadows, or an index over an expression.
        ours = {"include_name": lambda name, *_: not (name or "").startswith(("search_index", "ix_search_text_words"))}
        context = MigrationContext.configure(conn, opts={"compare_type": False, **ours})
        assert compare_metadata(context, t.metadata) == []


def test_who_works_on_sqlite_carries_no_dialect_of_postgresql() -> None:
    program = (
        "import sys, processor.daemon, processor.steps.work_off;"
        "print([name for name in sys.modules if name.startswith(('sqlalchemy.dialects.postgresql', 'psycopg'))])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "[]\n"


def test_it_sets_what_makes_a_commit_durable(tmp_path: Path) -> None:
    engine = open_store(f"sqlite:///{tmp_path}/store.db")
    with engine.connect() as conn:
        read = {name: conn.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")}
        read |= {name: conn.execute(text(f"PRAGMA {name}")).scalar() for name in ("foreign_keys", "busy_timeout")}
    assert read == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    engine.dispose()


def test_who_wants_to_write_gets_a_turn_beside_one_who_writes_all_the_time(tmp_path: Path) -> None:
    engine = open_store(f"sqlite:///{tmp_path}/store.db")
    ended, written = threading.Event(), threading.Event()

    def write_all_the_time() -> None:
        while not ended.is_set():
            with writing(engine) as conn:
                conn.execute(text("UPDATE setting SET value = value"))
            written.set()

    other = threading.Thread(target=write_all_the_time)
    other.start()
    try:
        assert written.wait(10)
        for number in range(20):
            with writing(engine) as conn:
                conn.execute(insert(t.setting).values(name=f"turn {number}", value="1"))
    finally:
        ended.set()
        other.join()
    with engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM setting WHERE name LIKE 'turn %'")).scalar() == 20
    engine.dispose()


def test_a_lock_that_is_never_freed_is_told_and_harms_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_store(f"sqlite:///{tmp_path}/store.db")
    holder = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("processor.store.engine.BUSY_SECONDS", 0.05)
    with pytest.raises(OperationalError, match="locked"), writing(engine):
        pass
    monkeypatch.undo()
    holder.close()
    with writing(engine) as conn:
        assert conn.execute(text("PRAGMA busy_timeout")).scalar() == 30_000
    engine.dispose()


def test_T98_a_newer_schema_is_refused_with_words(engine: Engine, url: str) -> None:
    with writing(engine) as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="newer program"):
        open_store(url)
    with pytest.raises(SchemaError, match="newer program"):
        upgrade(url)
    assert "9999" in check_store(url)[0]


def test_T98_an_upgrade_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    real = op.create_table

    def breaks(name: str, *columns: Any) -> object:
        if name == "event_text":
            raise RuntimeError("the power went")
        return real(name, *columns)

    with monkeypatch.context() as patch:
        patch.setattr(op, "create_table", breaks)
        with pytest.raises(RuntimeError, match="power"):
            open_store(url)
    engine = connect(url)
    with engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM sqlite_master")).scalar() == 0
    engine.dispose()
    open_store(url).dispose()


def test_an_older_schema_is_refused_on_a_shared_database_until_upgraded(url: str) -> None:
    if url.startswith("sqlite"):
        open_store(url).dispose()
    else:
        with pytest.raises(SchemaError, match="run the upgrade"):
            open_store(url)
        assert upgrade(url) == code_version()
    engine = open_store(url)
    assert schema_version(engine) == code_version()
    engine.dispose()


def test_the_check_finds_nothing_wrong_with_a_new_store(engine: Engine, url: str) -> None:
    # The tests' PostgreSQL need not survive a power cut, and the check says that it would not.
    assert [line for line in check_store(url) if "fsync off" not in line] == []


def test_the_check_says_in_words_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "room" / "store.db"
    assert "no database file" in check_store(f"sqlite:///{path}")[0]
    open_store(f"sqlite:///{path}").dispose()
    path.chmod(0o644)
    assert any("read by others" in line for line in check_store(f"sqlite:///{path}"))


def test_memory_is_no_store() -> None:
    with pytest.raises(SchemaError, match="lost"):
        open_store("sqlite://")


def test_a_transaction_that_was_dropped_leaves_nothing(engine: Engine, url: str) -> None:
    conn = engine.connect()
    conn.execute(insert(t.setting).values(name="half", value="1"))
    conn.invalidate()
    conn.close()
    again = open_store(url)
    with again.connect() as conn:
        assert conn.execute(t.setting.select().where(t.setting.c.name == "half")).first() is None
    again.dispose()


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    row = {"account": "x", "answer_from": NOW.replace(tzinfo=None)}
    with pytest.raises(Exception, match="without a zone"), writing(engine) as conn:
        conn.execute(insert(t.mailbox), row)


def test_the_newest_version_is_the_head_that_alembic_finds() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_current_head() == code_version()
    assert {script.revision for script in scripts.walk_revisions()} == known_versions()
