"""Taking a step back: all that it did is undone while nothing has left, and nothing of it is after."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update

from processor.store import tables as t
from processor.store.actions import approve, done, reject
from processor.store.outbox import approve_reply, claim, sweep
from processor.store.people import Person
from processor.store.queue import unsent
from processor.store.staff_replies import Letter
from processor.store.undoing import (
    GONE_ON,
    NOT_YOURS,
    TOO_LATE,
    undo_action,
    undo_reply,
    undoable_action,
    undoable_reply,
)
from tests.store.made import NOW, action, column, count, decision, outbox_states, recorded, reply

SECONDS = timedelta(seconds=10)
SOON, UNTIL, AFTER = NOW + timedelta(seconds=4), NOW + SECONDS, NOW + timedelta(seconds=11)


def letter() -> Letter:
    return Letter(1, "confirmation", 1, reply("confirmation"), "<confirmation@processor.example>")


def state(engine: Engine, which: int = 1) -> tuple[str, str]:
    with engine.connect() as conn:
        row = conn.execute(select(t.action).where(t.action.c.id == which)).one()
    return row.state, row.changed_by


@pytest.fixture
def notice(engine: Engine) -> int:
    recorded(engine, what=decision(actions=[action()]))
    return 1


def test_a_letter_that_is_held_leaves_after_its_seconds_and_not_before(
    engine: Engine, kari: Person, notice: int
) -> None:
    assert done(engine, notice, kari, NOW, letter=letter(), hold_until=UNTIL).ok
    assert outbox_states(engine) == [("held", "time to undo")]
    assert unsent(engine) == []
    sweep(engine, SOON)
    assert claim(engine, "w", 5, SOON, 60) == []
    sweep(engine, AFTER)
    assert [each.message_id for each in claim(engine, "w", 5, AFTER, 60)] == ["<confirmation@processor.example>"]


def test_what_is_taken_back_waits_as_before_and_its_letter_never_leaves(
    engine: Engine, kari: Person, notice: int
) -> None:
    done(engine, notice, kari, NOW, letter=letter(), hold_until=UNTIL)
    assert column(engine, t.ticket.c.state) == ["closed"]
    assert undoable_action(engine, notice, kari, SOON, SECONDS) == 6
    assert undo_action(engine, notice, kari, SOON, SECONDS) == ""
    assert state(engine) == ("waiting", "")
    assert column(engine, t.ticket.c.state) == ["open"]
    assert count(engine, t.approval) == 0
    sweep(engine, AFTER)
    assert outbox_states(engine) == [("cancelled", "")]
    assert claim(engine, "w", 5, AFTER, 60) == []
    assert column(engine, t.event.c.kind)[-2:] == ["outbox.undo", "action.undone"]
    again = Letter(1, "confirmation", 2, reply("confirmation"), "<second@processor.example>")
    assert done(engine, notice, kari, AFTER, letter=again).letter == 2


def test_a_letter_that_has_left_its_hold_is_not_taken_back_nor_is_its_step(
    engine: Engine, kari: Person, notice: int
) -> None:
    done(engine, notice, kari, NOW, letter=letter(), hold_until=UNTIL)
    sweep(engine, UNTIL)
    assert undo_action(engine, notice, kari, UNTIL, SECONDS) == TOO_LATE
    assert state(engine) == ("done", "Kari")
    assert outbox_states(engine) == [("ready", "")]


def test_a_drafted_confirmation_is_a_draft_again(engine: Engine, kari: Person) -> None:
    recorded(engine, what=decision(reply("confirmation"), [action()]))
    done(engine, 1, kari, NOW, hold_until=UNTIL)
    assert outbox_states(engine) == [("held", "time to undo")]
    assert undo_action(engine, 1, kari, SOON, SECONDS) == ""
    assert outbox_states(engine) == [("draft", "")]
    with engine.connect() as conn:
        row = conn.execute(select(t.outbox)).one()
    assert (row.automatic, row.approved_by, row.due_at) == (True, "", None)


def test_only_the_last_step_of_two_is_taken_back(engine: Engine, kari: Person, ola: Person, notice: int) -> None:
    approve(engine, notice, ola, NOW - timedelta(hours=1))
    done(engine, notice, kari, NOW)
    assert undo_action(engine, notice, ola, SOON, SECONDS) == NOT_YOURS
    assert undo_action(engine, notice, kari, SOON, SECONDS) == ""
    assert state(engine) == ("approved", "Ola")
    assert count(engine, t.approval) == 1
    assert undo_action(engine, notice, ola, SOON, SECONDS) == TOO_LATE


def test_the_second_of_two_takes_only_their_own_approval_back(engine: Engine, kari: Person, ola: Person) -> None:
    recorded(engine, what=decision(actions=[action("two_staff")]))
    approve(engine, 1, kari, NOW)
    approve(engine, 1, ola, SOON)
    assert undo_action(engine, 1, ola, SOON, SECONDS) == ""
    assert state(engine) == ("seconded", "Kari")
    assert approve(engine, 1, ola, SOON).ok
    assert state(engine) == ("approved", "Ola")


def test_a_step_without_a_letter_can_be_taken_back_for_its_seconds(engine: Engine, kari: Person, notice: int) -> None:
    reject(engine, notice, kari, "feil", NOW)
    assert undoable_action(engine, notice, kari, AFTER, SECONDS) == 0
    assert undo_action(engine, notice, kari, AFTER, SECONDS) == TOO_LATE
    assert undo_action(engine, notice, kari, SOON, SECONDS) == ""
    assert undo_action(engine, notice, kari, SOON, SECONDS) == NOT_YOURS
    assert undo_action(engine, 99, kari, SOON, SECONDS) == NOT_YOURS


def test_what_a_withdrawal_held_is_held_again_unless_somebody_went_on(
    engine: Engine, kari: Person, ola: Person
) -> None:
    held, withdrawal = recorded_withdrawal(engine)
    assert reject(engine, withdrawal, kari, "nei", NOW).ok
    assert state(engine, held)[0] == "waiting"
    assert undo_action(engine, withdrawal, kari, SOON, SECONDS) == ""
    assert (state(engine, held)[0], state(engine, withdrawal)[0]) == ("held", "waiting")
    assert done(engine, withdrawal, kari, AFTER).ok
    assert state(engine, held)[0] == "rejected"
    assert undo_action(engine, withdrawal, kari, AFTER, SECONDS) == ""
    assert (state(engine, held)[0], state(engine, withdrawal)[0]) == ("held", "waiting")
    later = AFTER + SECONDS
    assert reject(engine, withdrawal, kari, "nei", later).ok
    assert approve(engine, held, ola, later + timedelta(seconds=1)).ok
    assert undo_action(engine, withdrawal, kari, later + timedelta(seconds=2), SECONDS) == GONE_ON
    assert (state(engine, held)[0], state(engine, withdrawal)[0]) == ("approved", "rejected")


def recorded_withdrawal(engine: Engine) -> tuple[int, int]:
    """A notice's action that is held by a withdrawal, and the withdrawal's."""
    for n in (1, 2):
        recorded(engine, n, decision(actions=[action()]))
    with engine.begin() as conn:
        conn.execute(update(t.action).where(t.action.c.id == 1).values(state="held", held_by=2))
    return 1, 2


def test_a_draft_that_was_let_go_is_taken_back_by_whoever_let_it_go(engine: Engine, kari: Person, ola: Person) -> None:
    recorded(engine)
    for was, reason in (("draft", ""), ("held", "stopped")):
        with engine.begin() as conn:
            conn.execute(update(t.outbox).values(state=was, hold_reason=reason, automatic=True))
        assert approve_reply(engine, 1, kari, NOW, UNTIL)
        assert not approve_reply(engine, 1, ola, NOW, UNTIL)
        assert undoable_reply(engine, 1, kari, SOON) == 6
        assert undo_reply(engine, 1, ola, SOON) == NOT_YOURS
        assert undo_reply(engine, 1, kari, SOON) == ""
        assert outbox_states(engine) == [(was, reason)]
    assert approve_reply(engine, 1, kari, NOW, UNTIL)
    sweep(engine, AFTER)
    assert undo_reply(engine, 1, kari, AFTER) == TOO_LATE
