"""Statements that are compiled once: what they write and return is what SQLAlchemy would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine, bindparam, func, insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from processor.store import tables as t
from processor.store.inserting import insert_rows
from processor.store.prepared import Prepared, Query
from processor.store.transaction import reading, writing

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


def test_a_row_has_the_defaults_that_sqlalchemy_gives_it(engine: Engine) -> None:
    row = {"name": "kari", "salt": "s", "secret": "t", "added_at": OSLO}
    with writing(engine) as conn:
        conn.execute(insert(t.person), [row])
        insert_rows(conn, t.person, [{**row, "name": "ola"}])
        insert_rows(conn, t.person, [{**row, "name": "liv", "active": False}])
        first, second, third = (row._asdict() for row in conn.execute(select(t.person).order_by(t.person.c.id)))
    own = ("id", "name", "active")
    assert [{k: v for k, v in each.items() if k not in own} for each in (second, third)] == [
        {k: v for k, v in first.items() if k not in own}
    ] * 2
    assert [each["active"] for each in (first, second, third)] == [True, True, False]


ASKED = (
    select(t.event, literal(True).label("whether"))
    .where(t.event.c.kind.in_(bindparam("kinds", expanding=True)), t.event.c.actor.not_in(["nobody", "none"]))
    .where(t.event.c.at > bindparam("since"))
    .order_by(t.event.c.id)
)


@pytest.mark.parametrize("kinds", [[], ["x"], ["x", "y", "z"]])
def test_a_query_gives_the_rows_that_sqlalchemy_gives(engine: Engine, kinds: list[str]) -> None:
    with writing(engine) as conn:
        insert_rows(conn, t.event, [{**ROW, "kind": kind, "actor": actor} for kind in "xyw" for actor in ("a", "none")])
    given = {"kinds": kinds, "since": OSLO - timedelta(seconds=1)}
    with reading(engine) as conn:
        found = Query(ASKED).rows(conn, given)
        expected = conn.execute(ASKED, given).all()
        assert Query(ASKED).value(conn, given) == (expected[0][0] if expected else None)
    assert [each._asdict() for each in found] == [each._asdict() for each in expected]
    assert len(found) == len(set(kinds) & {"x", "y"})


def test_all_queries_of_a_connection_see_one_moment(engine: Engine) -> None:
    count = Query(select(func.count()).select_from(t.event))
    with reading(
        engine.execution_options(isolation_level="REPEATABLE READ") if engine.dialect.name == "postgresql" else engine
    ) as conn:
        before = count.value(conn)
        with writing(engine) as other:
            WRITE.run(other, ROW)
        assert count.value(conn) == before
    with reading(engine) as conn:
        assert count.value(conn) == before + 1


def test_a_query_that_fails_is_told_in_sqlalchemys_words(engine: Engine) -> None:
    with pytest.raises(DBAPIError), reading(engine) as conn:
        Query(select(text("1")).select_from(text("no_such_table"))).rows(conn)
