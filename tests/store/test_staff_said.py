"""What a customer takes back is no judgement of staff's."""

from __future__ import annotations

from sqlalchemy import Engine

from processor.store import tables as t
from processor.store.judgements import type_records
from processor.store.people import Person
from processor.store.queue import done, reject
from processor.ticket import ActionState
from tests.store.made import NOW, action, decision, recorded


def held_by_a_withdrawal(engine: Engine) -> None:
    """A notice whose action the second mail takes back."""
    recorded(engine, 1)
    recorded(engine, 2, decision(None, [action(kind="decide_withdrawal")]))
    with engine.begin() as conn:
        held = {"state": ActionState.HELD.value, "held_by": 2}
        conn.execute(t.action.update().where(t.action.c.id == 1).values(held))


def test_a_withdrawal_that_is_done_does_not_reject_what_it_takes_back(engine: Engine, kari: Person) -> None:
    held_by_a_withdrawal(engine)
    done(engine, 2, kari, NOW)
    assert dict(type_records(engine)["termination"].said) == {"open": 1, "confirmed": 1}


def test_what_staff_reject_after_a_withdrawal_fell_is_rejected(engine: Engine, kari: Person) -> None:
    held_by_a_withdrawal(engine)
    reject(engine, 2, kari, "he meant something else", NOW)
    reject(engine, 1, kari, "wrong contract", NOW)
    assert dict(type_records(engine)["termination"].said) == {"rejected": 2}
