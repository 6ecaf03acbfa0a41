"""The databases that tests are given one after the other: as new, though they are not always new."""

from __future__ import annotations

from sqlalchemy import select, text

from processor.store import tables as t
from processor.store.engine import open_store
from tests.servers.postgres import Postgres
from tests.store.made import count, recorded


def test_a_database_that_was_used_is_given_again_with_nothing_in_it(postgres: Postgres) -> None:
    with postgres.room(migrated=True) as first:
        engine = open_store(first)
        recorded(engine, 1)
        assert count(engine, t.event) > 0
        engine.dispose()
    with postgres.room(migrated=True) as second:
        assert second == first
        engine = open_store(second)
        with engine.connect() as conn:
            kept = [table.name for table in t.metadata.sorted_tables if conn.execute(select(table).limit(1)).first()]
        # The key of a store is made when it is opened.
        assert kept == ["setting"]
        recorded(engine, 1)
        with engine.connect() as conn:
            assert conn.execute(select(t.mail.c.id)).scalars().all() == [1]
        engine.dispose()


def test_a_database_whose_schema_a_test_changed_is_not_given_again(postgres: Postgres) -> None:
    with postgres.room(migrated=True) as first:
        engine = open_store(first)
        with engine.begin() as conn:
            conn.execute(text("DROP TRIGGER append_only_event_update ON event"))
        engine.dispose()
    with postgres.room(migrated=True) as second:
        assert second != first
