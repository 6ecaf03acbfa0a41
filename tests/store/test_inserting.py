"""Ids go to the rows that they were given for, after whatever else is there, on either database."""

from __future__ import annotations

from sqlalchemy import Engine, delete, insert, select

from processor.store import tables as t
from processor.store.inserting import insert_for_ids
from processor.store.transaction import writing
from tests.store.made import NOW


def row(kind: str) -> dict[str, object]:
    return {"at": NOW, "kind": kind, "actor": "test", "data": "{}", "text_digest": ""}


def test_each_row_has_the_id_that_is_given_for_it(engine: Engine) -> None:
    with writing(engine) as conn:
        conn.execute(insert(t.event), row("before"))
        ids = insert_for_ids(conn, t.event, [row(f"kind {n}") for n in range(120)])
        conn.execute(insert(t.event), row("after"))
        kinds = {found.id: found.kind for found in conn.execute(select(t.event.c.id, t.event.c.kind))}
    assert [kinds[each] for each in ids] == [f"kind {n}" for n in range(120)]
    assert ids == sorted(ids)
    assert len(kinds) == 122


def test_an_empty_table_and_no_rows_are_no_exception(engine: Engine) -> None:
    with writing(engine) as conn:
        assert insert_for_ids(conn, t.event, []) == []
        conn.execute(delete(t.event))
        (only,) = insert_for_ids(conn, t.event, [row("only")])
        assert conn.execute(select(t.event.c.id)).scalars().all() == [only]
