"""Taking a step back at the desk: a button for as long as it can be done, and words when it cannot any more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import update

from processor.loading.problems import Refused
from processor.store import tables as t
from processor.store.accounts import Role
from processor.store.sweep import sweep
from tests.desk.conftest import Room, config_in, room_in
from tests.desk.test_acting import action_of, opened, state
from tests.store.made import column


def test_the_next_ticket_has_the_way_back_to_the_one_before(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "register_termination")
    fields = opened(visitor, number, action)
    _, where = visitor.post(f"/action/{action}/done", last_day="31.12.2026", **fields)
    page = visitor.get(where)
    assert number not in where
    assert re.search(rf'action="/action/{action}/undo" class="undo" data-seconds="10"', page)
    room.clock.forward(seconds=4)
    status, back = visitor.post(f"/action/{action}/undo", view="all")
    assert (status, back) == (303, f"/ticket/{number}?view=all&action={action}&did=a{action}.undone")
    assert "Taken back." in visitor.get(back)
    assert state(room, action) == "waiting"
    assert column(room.engine, t.outbox.c.state)[-1] == "cancelled"


def test_after_its_seconds_there_is_no_button_and_who_presses_it_is_told(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "register_termination")
    _, where = visitor.post(f"/action/{action}/done", last_day="31.12.2026", **opened(visitor, number, action))
    room.clock.forward(seconds=11)
    sweep(room.engine, room.clock())
    assert 'class="undo"' not in visitor.get(where)
    status, page = visitor.post(f"/action/{action}/undo")
    assert status == 409
    assert "Not taken back:" in page
    assert "too late" in page
    assert state(room, action) == "done"


def test_nobody_is_offered_a_colleagues_step(room: Room) -> None:
    anne, per = room.sign_in(), room.sign_in(Role.APPROVER)
    action, number = action_of(room, "register_termination")
    _, where = anne.post(f"/action/{action}/reject", reason="x", **opened(anne, number, action))
    assert 'class="undo"' in anne.get(where)
    assert 'class="undo"' not in per.get(where)
    assert per.post(f"/action/{action}/undo")[0] == 409


def test_a_reply_that_was_let_go_is_taken_back(room: Room) -> None:
    visitor = room.sign_in()
    with room.engine.begin() as conn:
        conn.execute(update(t.outbox).where(t.outbox.c.id == 1).values(state="draft"))
    _, where = visitor.post("/reply/1/approve")
    assert 'action="/reply/1/undo"' in visitor.get(where)
    assert visitor.post("/reply/1/undo")[0] == 303
    assert column(room.engine, t.outbox.c.state)[0] == "draft"
    assert visitor.post("/reply/1/undo")[0] == 409


def test_where_nothing_may_be_taken_back_letters_leave_at_once(tmp_path: Path) -> None:
    for room in room_in(tmp_path, "termination/01-annual-with-number", more="[desk]\nundo_seconds = 0\n"):
        visitor = room.sign_in()
        action, number = action_of(room, "register_termination")
        _, where = visitor.post(f"/action/{action}/done", last_day="31.12.2026", **opened(visitor, number, action))
        assert 'class="undo"' not in visitor.get(where)
        assert column(room.engine, t.outbox.c.state)[-1] == "ready"


def test_seconds_out_of_bounds_are_refused_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        config_in(tmp_path, "[desk]\nundo_seconds = 301\n")
    (problem,) = refused.value.problems
    assert "undo_seconds must lie between 0 and 300" in str(problem)
    assert problem.line
