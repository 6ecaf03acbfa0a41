"""A store copied to another database and back: the same rows, or nothing at all."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text, update

from processor.store import leases
from processor.store import tables as t
from processor.store.copying import CopyError, copy_store, digests, snapshot
from processor.store.engine import connect, open_store, open_to_read, store_key, upgrade
from processor.store.keep_stream import keep_stream
from processor.store.levels import set_level
from processor.store.lock import StoreInUseError, nobody_else, only_one
from processor.store.migrate import SchemaError
from processor.store.people import add_person
from processor.store.transaction import writing
from processor.store.watermarks import first_start
from processor.ticket import Level
from tests.servers import ready
from tests.servers.postgres import Postgres
from tests.store.made import NOW, arrival, count, kept, recorded

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def there(postgres: Postgres) -> str:
    """An empty PostgreSQL database."""
    return postgres.url(f"copy_{secrets.token_hex(4)}")


@pytest.fixture
def here(tmp_path: Path) -> str:
    """A SQLite store with something of everything."""
    url = f"sqlite:///{tmp_path}/store.db"
    fill(url)
    return url


def fill(url: str) -> None:
    engine = open_store(url)
    first_start(engine, "support", NOW)
    for number in range(1, 6):
        recorded(engine, number)
    kept(engine, 10, 11)
    keep_stream(engine, arrival(12, b"", size=2_500_000), iter([b"x\x00\xff" * 800_000]), NOW)
    add_person(engine, "Åse Ødegård", NOW)
    # By bytes B comes before a, in a dictionary after it.
    for name in ("a", "B", "å", "Z_z", "zz"):
        set_level(engine, name, Level.DRAFT, "Kari", NOW)
    with writing(engine) as conn:
        # An earlier ticket that was merged into a later one.
        conn.execute(update(t.ticket).where(t.ticket.c.id == 1).values(merged_into=3))
    engine.dispose()


def every(url: str) -> dict[str, object]:
    engine = open_to_read(url)
    with snapshot(engine) as conn:
        found = dict(digests(conn))
    engine.dispose()
    return dict(found)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return ready.run(list(arguments), ROOT, os.environ)


def test_a_store_comes_back_from_postgresql_as_it_went(here: str, there: str, tmp_path: Path) -> None:
    again = f"sqlite:///{tmp_path}/again.db"
    gone = copy_store(here, there)
    assert gone == copy_store(there, again) == every(here) == every(again)
    assert {name for name, each in gone.items() if each.rows} >= {
        "mail",
        "raw_mail",
        "raw_part",
        "outbox",
        "event_text",
    }
    for url in (here, again):
        engine = connect(url)
        with engine.connect() as conn:
            assert conn.execute(select(t.ticket.c.merged_into).where(t.ticket.c.id == 1)).scalar() == 3
        engine.dispose()


def test_rows_are_the_same_text_and_bytes_and_not_only_the_same_digest(here: str, there: str) -> None:
    copy_store(here, there)
    found = []
    for url in (here, there):
        engine = open_store(url)
        with engine.connect() as conn:
            rows = [
                conn.execute(select(table).order_by(*table.primary_key.columns)).all() for table in (t.mail, t.outbox)
            ]
            parts = conn.execute(select(t.raw_part.c.content).order_by(t.raw_part.c.number)).scalars().all()
            found.append((rows, [bytes(part) for part in parts], store_key(conn)))
        engine.dispose()
    assert found[0] == found[1]
    assert b"".join(found[0][1]) == b"x\x00\xff" * 800_000


def test_the_copy_goes_on_numbering_where_the_first_ended(here: str, there: str) -> None:
    copy_store(here, there)
    engine = open_store(there)
    done = recorded(engine, 20)
    assert done.ticket_id == 6
    engine.dispose()


def test_a_target_that_holds_anything_is_refused_and_stays_as_it_is(here: str, there: str) -> None:
    upgrade(there)
    engine = open_store(there)
    kept(engine, 1)
    with pytest.raises(CopyError, match="not empty: its table mail has 1 rows"):
        copy_store(here, there)
    assert count(engine, t.mail) == 1
    assert count(engine, t.ticket) == 0
    engine.dispose()


def test_a_row_that_cannot_be_written_leaves_the_target_empty(here: str, there: str) -> None:
    engine = open_store(here)
    with writing(engine) as conn:
        # SQLite takes a NUL where PostgreSQL does not.
        conn.execute(insert(t.lookup).values(kind="a\x00b", org_no="1", asked_at=NOW, answer="{}"))
    engine.dispose()
    with pytest.raises(CopyError, match="lookup cannot be written"):
        copy_store(here, there)
    target = connect(there)
    assert {name: count(target, table) for name, table in t.metadata.tables.items() if count(target, table)} == {}
    target.dispose()


def test_a_copy_that_differs_is_undone(here: str, there: str) -> None:
    upgrade(there)
    target = connect(there)
    with target.begin() as conn:
        conn.execute(text("CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"))
        conn.execute(text("CREATE TRIGGER lose BEFORE INSERT ON event_text FOR EACH ROW EXECUTE FUNCTION lose()"))
    with pytest.raises(CopyError, match="The table event_text has 0 rows instead of"):
        copy_store(here, there)
    assert count(target, t.mail) == 0
    target.dispose()


def test_a_digest_sees_one_changed_byte_of_a_mail(here: str) -> None:
    before = every(here)
    engine = open_store(here)
    with writing(engine) as conn:
        conn.execute(update(t.raw_part).where(t.raw_part.c.number == 2).values(content=b"other"))
    assert {name for name, each in every(here).items() if before[name] != each} == {"raw_part"}
    with writing(engine) as conn:
        conn.execute(delete(t.raw_part).where(t.raw_part.c.number == 2))
    assert {name for name, each in every(here).items() if before[name] != each} == {"raw_part"}
    engine.dispose()


def test_a_schema_of_another_version_is_refused_on_both_sides(here: str, there: str) -> None:
    upgrade(there)
    for url in (there, here):
        engine = connect(url)
        with writing(engine) as conn:
            conn.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        engine.dispose()
        with pytest.raises(SchemaError):
            copy_store(here, there)


def test_the_command_refuses_while_a_daemon_works_on_either(here: str, there: str) -> None:
    upgrade(there)
    with only_one(there), only_one(there):
        told = run("db", "copy", here, there)
    assert told.returncode == 1
    assert "a daemon works on it" in told.stderr
    with only_one(here):
        told = run("db", "copy", here, there)
    assert told.returncode == 1
    assert "is in use by process" in told.stderr
    with nobody_else(there), pytest.raises(StoreInUseError, match="being copied or restored"), only_one(there):
        pass
    told = run("db", "copy", here, there)
    assert told.returncode == 0, told.stderr
    assert "Both are the same." in told.stdout


def test_a_daemon_whose_connection_broke_is_known_by_its_lease(here: str, there: str) -> None:
    upgrade(there)
    engine = open_store(there)
    leases.live(engine, "machine-7", 1, 60)
    with pytest.raises(StoreInUseError, match="in use by machine-7"), nobody_else(there):
        pass
    leases.leave(engine, "machine-7", NOW)
    with nobody_else(there):
        copy_store(here, there)
    engine.dispose()


def test_a_source_that_is_not_there_is_said_and_not_made(tmp_path: Path, there: str) -> None:
    told = run("db", "copy", f"sqlite:///{tmp_path}/no/store.db", there)
    assert told.returncode == 1
    assert "There is no database file" in told.stderr
    assert not (tmp_path / "no").exists()
