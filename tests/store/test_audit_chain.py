"""The audit chain: events are sealed in order, nothing is sealed over, and every change is named."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Connection, Engine, delete, insert, select, text
from sqlalchemy.exc import DBAPIError

from processor.store import tables as t
from processor.store.audit import Anchor, AnchorError, Verdict, anchor_of, anchors_of, verify
from processor.store.backup import back_up
from processor.store.copying import copy_store
from processor.store.engine import open_file, open_store
from processor.store.events import Happening, write_event
from processor.store.seals import EVENTS_A_SEAL, last_seal, seal_all, seal_events, way
from processor.store.transaction import reading, writing
from tests.store.made import LATER, NOW, recorded


def happen(engine: Engine, count: int, words: str = "") -> None:
    with writing(engine) as conn:
        for n in range(count):
            write_event(conn, Happening("test.happened", "Kari", NOW, data={"n": n}, text=words))


def tamper(engine: Engine, statement: str, **values: object) -> None:
    """Change the database as its administrator can: past the triggers."""
    with engine.begin() as conn:
        _switch(conn, "DISABLE")
        conn.execute(text(statement), values)
        _switch(conn, "ENABLE")


def _switch(conn: Connection, how: str) -> None:
    if conn.dialect.name == "postgresql":
        for table in ("event", "seal", "event_text"):
            conn.execute(text(f"ALTER TABLE {table} {how} TRIGGER ALL"))
        return
    if how == "DISABLE":
        rows = conn.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
        conn.info["triggers"] = rows
        for row in rows:
            conn.execute(text(f"DROP TRIGGER {row.name}"))
        return
    for row in conn.info.pop("triggers"):
        conn.execute(text(row.sql))


def sealed(engine: Engine, count: int = 5) -> Verdict:
    happen(engine, count)
    seal_all(engine, NOW)
    verdict = verify(engine)
    assert verdict.faults == []
    return verdict


@pytest.mark.parametrize("table", ["event", "seal", "event_text"])
def test_nobody_changes_the_trail_by_mistake(engine: Engine, table: str) -> None:
    happen(engine, 2, "a reason")
    seal_all(engine, NOW)
    column = {"event": "actor", "seal": "head", "event_text": "text"}[table]
    for statement in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
        if table == "event_text" and statement.startswith("DELETE"):
            continue
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as conn:
            conn.execute(text(statement))
    if engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError), engine.begin() as conn:
            conn.execute(text(f"TRUNCATE {table} CASCADE"))
    assert verify(engine).faults == []


def test_a_store_that_lives_is_sealed_and_consistent(engine: Engine) -> None:
    for n in range(1, 4):
        recorded(engine, n)
        seal_events(engine, LATER)
    verdict = verify(engine)
    assert (verdict.faults, verdict.proven, verdict.unsealed) == ([], None, 0)
    assert verdict.events == 6
    assert verdict.seals == 3
    assert seal_events(engine, LATER) == 0


def test_an_event_after_the_last_seal_is_told_as_unsealed(engine: Engine) -> None:
    sealed(engine)
    happen(engine, 3)
    assert verify(engine).unsealed == 3


def test_many_events_become_several_seals(engine: Engine) -> None:
    with writing(engine) as conn:
        row = {"at": NOW, "kind": "k", "actor": "a", "data": "{}", "text_digest": ""}
        conn.execute(insert(t.event), [row] * (2 * EVENTS_A_SEAL + 5))
    assert seal_all(engine, NOW) == 2 * EVENTS_A_SEAL + 5
    assert last_seal(engine).id == 3
    assert verify(engine).faults == []


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'Ola'",
        "kind = 'x'",
        "data = '{}'",
        "at = '2020-01-01 00:00:00'",
        "text_digest = 'x'",
        "ticket_id = (SELECT min(id) FROM ticket)",
    ],
)
def test_T69_a_changed_event_is_named(engine: Engine, change: str) -> None:
    recorded(engine)
    happen(engine, 5)
    seal_all(engine, NOW)
    (last,) = _ids(engine)[-1:]
    tamper(engine, f"UPDATE event SET {change} WHERE id IN (:one, :two)", one=last - 2, two=last)
    assert (
        verify(engine).faults[0] == f"Event {last - 2} ({_kind(engine, last - 2)}) was changed since seal 1 was made."
    )


def test_T69_a_deleted_event_and_one_put_in_between_are_named(engine: Engine) -> None:
    sealed(engine, 6)
    tamper(engine, "DELETE FROM event WHERE id = 3")
    assert verify(engine).faults == ["Event 3 is gone; seal 1 vouches for it."]
    seal_all(engine, NOW)
    assert verify(engine).faults == ["Event 3 is gone; seal 1 vouches for it."]


def test_T69_a_changed_text_is_named_and_an_erased_one_is_none(engine: Engine) -> None:
    happen(engine, 3, "a reason")
    seal_all(engine, NOW)
    with writing(engine) as conn:
        conn.execute(delete(t.event_text).where(t.event_text.c.event_id == 1))
    verdict = verify(engine)
    assert (verdict.faults, verdict.erased) == ([], 1)
    tamper(engine, "UPDATE event_text SET text = 'another' WHERE event_id = 2")
    assert verify(engine).faults == ["The text of event 2 (test.happened) was changed."]


def test_T69_a_changed_seal_and_a_missing_one_are_named(engine: Engine) -> None:
    for _ in range(3):
        sealed(engine, 2)
    tamper(engine, "UPDATE seal SET listed = 'x' WHERE id = 2")
    assert verify(engine).faults == ["Seal 2 was changed: its list of events is not the one that was sealed."]
    tamper(engine, "UPDATE seal SET digest = 'x' WHERE id = 2")
    assert "Seal 3 does not follow seal 2" in verify(engine).faults[1]
    tamper(engine, "DELETE FROM seal WHERE id = 2")
    assert verify(engine).faults[0] == "Seal 2 is gone: the next one that is there is 3."


def test_T69_only_an_anchor_outside_shows_a_history_that_was_written_anew(engine: Engine) -> None:
    sealed(engine, 3)
    anchor = anchor_of(last_seal(engine), LATER)
    sealed(engine, 3)
    assert verify(engine, [anchor]).proven == anchor
    tamper(engine, "UPDATE event SET actor = 'Ola' WHERE id = 2")
    tamper(engine, "DELETE FROM seal")
    seal_all(engine, NOW)
    assert verify(engine).faults == []
    verdict = verify(engine, [anchor])
    assert verdict.proven is None
    assert "the history up to event 3 was written anew" in verdict.faults[0]


def test_T69_an_anchor_shows_a_history_that_was_cut(engine: Engine) -> None:
    sealed(engine, 3)
    first = anchor_of(last_seal(engine), NOW)
    sealed(engine, 3)
    second = anchor_of(last_seal(engine), LATER)
    tamper(engine, "DELETE FROM seal WHERE id = 2")
    tamper(engine, "DELETE FROM event WHERE id > 3")
    assert verify(engine).faults == []
    verdict = verify(engine, [first, second])
    assert verdict.proven == first
    assert "which is not here: the history was cut" in verdict.faults[0]


def test_the_way_to_an_older_seal_is_short_and_each_step_is_held_by_the_one_before(engine: Engine) -> None:
    for _ in range(20):
        happen(engine, 1)
        seal_all(engine, NOW)
    with reading(engine) as conn:
        seals = {row.id: row for row in conn.execute(select(t.seal))}
    for newest in range(1, 21):
        for oldest in range(1, newest + 1):
            steps = way(newest, oldest)
            assert (steps[0], steps[-1]) == (newest, oldest)
            for upper, lower in pairwise(steps):
                assert seals[lower].digest in seals[upper].head
    assert len(way(10_000_000, 3)) < 300


def test_triggers_that_are_gone_are_told(engine: Engine) -> None:
    sealed(engine)
    with engine.begin() as conn:
        suffix = " ON event" if engine.dialect.name == "postgresql" else ""
        conn.execute(text(f"DROP TRIGGER append_only_event_delete{suffix}"))
    assert "its trigger append_only_event_delete is missing" in verify(engine).faults[0]


def test_anchors_are_lines_and_other_files_are_refused() -> None:
    one = Anchor(3, "ab" * 32, 17, "2026-11-26T10:00:00+00:00")
    assert anchors_of(f"{one.line()}\n\n{replace(one, seal=4).line()}\n") == [one, replace(one, seal=4)]
    for wrong in ("", "hello", "{}", '{"anchor": 2}', "[1]", "3"):
        with pytest.raises(AnchorError):
            anchors_of(wrong)


def test_a_copy_and_a_backup_verify_as_the_store_does(
    engine: Engine, url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    recorded(engine)
    seal_all(engine, NOW)
    anchor = anchor_of(last_seal(engine), NOW)
    room = tmp_path_factory.mktemp("copies")
    copy_store(url, f"sqlite:///{room}/copy/store.db")
    back_up(url, room / "backup", NOW)
    for other in (open_store(f"sqlite:///{room}/copy/store.db"), open_file(room / "backup" / "processor.db")):
        verdict = verify(other, [anchor])
        assert (verdict.faults, verdict.proven) == ([], anchor)
        other.dispose()


def test_a_number_that_is_not_committed_yet_is_not_sealed_over(engine: Engine) -> None:
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer")
    happen(engine, 1)
    seal_all(engine, NOW)
    with writing(engine) as slow:
        write_event(slow, Happening("test.slow", "Ola", NOW))
        happen(engine, 2)
        assert seal_events(engine, NOW) == 0
    assert seal_all(engine, NOW) >= 3
    assert verify(engine).faults == []


def test_a_transaction_that_gives_up_leaves_a_gap_that_is_none(engine: Engine) -> None:
    with engine.connect() as conn, conn.begin() as lost:
        write_event(conn, Happening("test.lost", "Ola", NOW))
        lost.rollback()
    assert sealed(engine, 2).events == 2


def test_sealers_beside_many_writers_seal_each_event_once(engine: Engine) -> None:
    ended, writers = threading.Event(), 4

    def write(n: int) -> None:
        dice = random.Random(n)
        for _ in range(25):
            with writing(engine) as conn:
                write_event(conn, Happening("test.happened", str(n), NOW))
                time.sleep(dice.random() / 300 if engine.dialect.name == "postgresql" else 0)
                write_event(conn, Happening("test.happened", str(n), NOW + timedelta(seconds=1)))

    def seal() -> None:
        while not ended.is_set():
            seal_events(engine, NOW)

    sealers = [threading.Thread(target=seal) for _ in range(2)]
    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in (*sealers, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    for thread in sealers:
        thread.join()
    seal_all(engine, NOW)
    verdict = verify(engine)
    assert (verdict.faults, verdict.unsealed, verdict.events) == ([], 0, writers * 50)


def _ids(engine: Engine) -> list[int]:
    with reading(engine) as conn:
        return list(conn.execute(select(t.event.c.id).order_by(t.event.c.id)).scalars())


def _kind(engine: Engine, event_id: int) -> str:
    with reading(engine) as conn:
        return str(conn.execute(select(t.event.c.kind).where(t.event.c.id == event_id)).scalar_one())
