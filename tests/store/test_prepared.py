"""Statements that are compiled once: what they write and return is what SQLAlchemy would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from processor.store import tables as t
from processor.store.prepared import Prepared
from processor.store.transaction import writing

OSLO = datetime(2026, 11, 26, 11, 30, tzinfo=timezone(timedelta(hours=1)))
COLUMNS = ("at", "kind", "actor", "mail_id", "ticket_id", "action_id", "outbox_id", "data", "text_digest")
ROW = {**dict.fromkeys(COLUMNS), "at": OSLO, "kind": "x", "actor": "kari\x00", "data": "{}", "text_digest": ""}
WRITE = Prepared(insert(t.event).inline(), COLUMNS)
TURN = Prepared(
    update(t.setting)
    .where(t.setting.c.name == bindparam("wanted"), t.setting.c.value != "100%")
    .values(value="100%")
    .returning(t.setting.c.name, t.setting.c.value)
)


def test_rows_are_as_sqlalchemy_writes_them(engine: Engine) -> None:
    with writing(engine) as conn:
        conn.execute(insert(t.event), [ROW])
        WRITE.run_each(conn, [])
        WRITE.run_each(conn, [ROW, ROW])
        WRITE.run(conn, ROW)
        rows = [tuple(row)[1:] for row in conn.execute(select(t.event).order_by(t.event.c.id))][-4:]
    assert rows == [rows[0]] * 4
    assert rows[0][:3] == (datetime(2026, 11, 26, 10, 30, tzinfo=UTC), "x", "kari\ufffd")


def test_what_is_returned_is_the_row_that_was_changed_or_none(engine: Engine) -> None:
    with writing(engine) as conn:
        conn.execute(insert(t.setting).values(name="a", value="x"))
        assert TURN.run(conn, {"wanted": "b"}) is None
        assert tuple(TURN.run(conn, {"wanted": "a"}) or ()) == ("a", "100%")
        assert TURN.run(conn, {"wanted": "a"}) is None


def test_a_failure_is_told_in_sqlalchemys_words_without_the_values(engine: Engine) -> None:
    with pytest.raises(IntegrityError) as told, writing(engine) as conn:
        WRITE.run_each(conn, [{**ROW, "data": None, "actor": "nobody's business"}])
    assert "nobody's business" not in str(told.value) or engine.dialect.name != "sqlite"


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="without a zone"), writing(engine) as conn:
        WRITE.run(conn, {**ROW, "at": datetime(2026, 11, 26)})
