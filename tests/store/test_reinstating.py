"""A withdrawn reply is brought back as a draft while its ticket is open, and leaves only when somebody lets it go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, update

from processor.store import tables as t
from processor.store.actions import done, set_ticket_state
from processor.store.answered import ACTOR
from processor.store.erasing import erase_ticket
from processor.store.judgements import type_records
from processor.store.outbox import approve_reply, cancel_reply, claim, sweep
from processor.store.people import Person
from processor.store.reinstating import (
    NOT_OPEN,
    NOT_WITHDRAWN,
    OBSERVED,
    REPLACED,
    reinstatable,
    reinstate_reply,
)
from processor.store.staff_replies import Letter, issue
from processor.store.staff_words import staff_words
from processor.store.transaction import writing
from processor.store.transitions import move
from processor.ticket import TicketState
from tests.store.made import NOW, action, column, count, decision, outbox_states, recorded, reply

LATER = NOW + timedelta(minutes=1)


def set_to(engine: Engine, **values: object) -> None:
    with engine.begin() as conn:
        conn.execute(update(t.outbox).values(**values))


def withdrawn(engine: Engine, person: Person, state: str, **more: object) -> int:
    """A receipt that was in this state when the person withdrew it."""
    made = recorded(engine).outbox_id
    assert made
    set_to(engine, state=state, **more)
    assert cancel_reply(engine, made, person, NOW, "feil mottaker")
    return made


@pytest.mark.parametrize("state", ["draft", "held", "ready", "retry", "failed"])
def test_it_waits_as_a_draft_whatever_it_was_and_leaves_when_it_is_let_go(
    engine: Engine, kari: Person, state: str
) -> None:
    made = withdrawn(engine, kari, state, approved_by="Ola", by_person=True, hold_reason="stopped")
    assert reinstatable(engine, [made, 99]) == {made}
    assert reinstate_reply(engine, made, kari, LATER) == ""
    assert outbox_states(engine) == [("draft", "")]
    assert (column(engine, t.outbox.c.approved_by), column(engine, t.outbox.c.by_person)) == ([""], [False])
    sweep(engine, LATER)
    assert claim(engine, "w", 5, LATER, 60) == []
    assert reinstate_reply(engine, made, kari, LATER) == NOT_WITHDRAWN
    assert approve_reply(engine, made, kari, LATER)
    assert [each.id for each in claim(engine, "w", 5, LATER, 60)] == [made]
    assert count(engine, t.event, t.event.c.kind == "outbox.reinstate") == 1


def test_what_nobody_knew_the_fate_of_is_in_doubt_again_and_is_no_draft(engine: Engine, kari: Person) -> None:
    made = withdrawn(engine, kari, "unknown")
    assert reinstate_reply(engine, made, kari, LATER) == ""
    assert outbox_states(engine) == [("unknown", "")]
    assert not approve_reply(engine, made, kari, LATER)


def test_of_one_that_was_withdrawn_before_its_state_was_written_down_the_worst_is_thought(
    engine: Engine, kari: Person
) -> None:
    made = recorded(engine).outbox_id
    assert made
    set_to(engine, state="failed", attempted_at=NOW)
    with writing(engine) as conn:
        assert move(conn, "cancel", made, kari.name, NOW)
    assert reinstate_reply(engine, made, kari, LATER) == ""
    assert outbox_states(engine) == [("unknown", "")]


def test_a_ticket_that_waits_for_the_customer_waits_for_a_person_again(engine: Engine, kari: Person) -> None:
    made = withdrawn(engine, kari, "draft")
    with engine.begin() as conn:
        conn.execute(update(t.ticket).values(state="with_customer"))
    assert reinstate_reply(engine, made, kari, LATER) == ""
    assert column(engine, t.ticket.c.state) == ["open"]


def test_in_a_closed_ticket_nothing_comes_back(engine: Engine, kari: Person) -> None:
    made = withdrawn(engine, kari, "draft")
    number = column(engine, t.ticket.c.number)[0]
    set_ticket_state(engine, number, TicketState.CLOSED, kari, NOW)
    assert reinstate_reply(engine, made, kari, LATER) == NOT_OPEN
    set_ticket_state(engine, number, TicketState.OPEN, kari, NOW)
    assert reinstate_reply(engine, made, kari, LATER) == ""


def test_what_was_to_be_observed_only_never_comes_to_leave(engine: Engine, kari: Person) -> None:
    made = withdrawn(engine, kari, "held", hold_reason="observe")
    assert reinstate_reply(engine, made, kari, LATER) == OBSERVED
    assert outbox_states(engine)[0][0] == "cancelled"


def test_what_a_colleague_had_answered_and_what_was_erased_stay_out(engine: Engine, kari: Person) -> None:
    made = recorded(engine).outbox_id
    assert made
    set_to(engine, state="draft")
    with writing(engine) as conn:
        assert move(conn, "answered", made, ACTOR, NOW)
    assert reinstate_reply(engine, made, kari, LATER) == NOT_WITHDRAWN
    set_to(engine, state="draft")
    with writing(engine) as conn:
        erase_ticket(conn, 1, "asked for", "Kari", NOW)
        conn.execute(update(t.ticket).values(state="open"))
    assert reinstate_reply(engine, made, kari, LATER) == NOT_WITHDRAWN


def test_a_confirmation_stays_out_once_another_one_has_taken_its_place(engine: Engine, kari: Person) -> None:
    recorded(engine, what=decision(actions=[action()]))
    assert done(engine, 1, kari, NOW).ok
    first = issue(engine, Letter(1, "confirmation", 1, reply("confirmation"), "<one@processor.example>"), kari, NOW)
    assert first
    with engine.begin() as conn:
        conn.execute(update(t.ticket).values(state="open"))
    assert cancel_reply(engine, first, kari, NOW)
    assert reinstatable(engine, [first]) == {first}
    assert issue(engine, Letter(1, "confirmation", 2, reply("confirmation"), "<two@processor.example>"), kari, NOW)
    assert reinstate_reply(engine, first, kari, LATER) == REPLACED


def test_a_reply_that_was_brought_back_counts_as_withdrawn_no_more(engine: Engine, kari: Person) -> None:
    made = withdrawn(engine, kari, "draft")
    ((_, told),) = type_records(engine).items()
    assert told.said == {"rejected": 1}
    with engine.connect() as conn:
        assert staff_words(conn, 1, 1)[1].cancelled
    assert reinstate_reply(engine, made, kari, LATER) == ""
    assert approve_reply(engine, made, kari, LATER)
    ((_, told),) = type_records(engine).items()
    assert told.said == {"open": 1}
    with engine.connect() as conn:
        assert staff_words(conn, 1, 1) == {}
