from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, select

from processor.steps.upkeep import remind
from processor.store import tables as t
from processor.store.people import Person
from processor.store.queue import queue
from processor.store.queue_page import View, counts, page
from processor.store.record import record
from processor.store.snoozing import NOT_OPEN, PAST, snooze, wake_tickets
from processor.ticket import TicketState
from tests.store.made import LATER, NOW, action, column, decision, kept, made, recorded, reply

NO = "VS-0001-TEST"
HOUR = timedelta(hours=1)


def state(engine: Engine) -> TicketState:
    with engine.connect() as conn:
        return TicketState(conn.execute(select(t.ticket.c.state).where(t.ticket.c.id == 1)).scalar_one())


def test_a_sleeping_ticket_leaves_the_queue_and_wakes_by_itself(engine: Engine, kari: Person) -> None:
    recorded(engine, what=decision(actions=[action()]))
    assert snooze(engine, NO, NOW + HOUR, kari, NOW).until == NOW + HOUR
    assert page(engine, View.ALL, NOW).rows == ()
    assert queue(engine) == []
    assert [row.snoozed_until for row in page(engine, View.SNOOZED, NOW).rows] == [NOW + HOUR]
    found = counts(engine, NOW)
    assert (found[View.ALL], found[View.SNOOZED], found[View.URGENT]) == (0, 1, 0)
    assert wake_tickets(engine, NOW + HOUR - timedelta(seconds=1)) == 0
    remind(engine, NOW + HOUR)
    assert state(engine) == TicketState.OPEN
    assert len(page(engine, View.ALL, NOW).rows) == 1
    assert counts(engine, NOW)[View.SNOOZED] == 0
    assert [kind for kind in column(engine, t.event.c.kind) if kind.startswith("ticket.")] == [
        "ticket.snoozed",
        "ticket.woken",
    ]


def test_it_never_sleeps_beyond_the_due_time_of_its_next_action(engine: Engine, kari: Person) -> None:
    recorded(engine, what=decision(actions=[action()]))
    slept = snooze(engine, NO, NOW + timedelta(days=9), kari, NOW)
    assert (slept.until, slept.earlier) == (NOW + timedelta(days=1), True)
    # What is overdue may be put off all the same: it was seen.
    late = NOW + timedelta(days=2)
    assert snooze(engine, NO, late + HOUR, kari, late).until == late + HOUR


def test_any_mail_wakes_it_and_only_a_proven_one_changes_more(engine: Engine, kari: Person) -> None:
    recorded(engine, what=decision(actions=[action()]))
    for n, result, outcome, wanted in (
        (2, "unproven", "ignore", TicketState.SNOOZED),
        (3, "unproven", "review", TicketState.OPEN),
        (4, "proven", "answer", TicketState.OPEN),
    ):
        snooze(engine, NO, NOW + HOUR, kari, NOW)
        (mail,) = kept(engine, n)
        what = decision(reply() if outcome == "answer" else None, result=result, outcome=outcome)  # type: ignore[arg-type]
        record(engine, [made(mail, n, what, joins_ticket_id=1)])
        assert state(engine) == wanted
    assert column(engine, t.ticket.c.version) == [2]


def test_what_is_closed_does_not_sleep_and_no_time_lies_behind(engine: Engine, kari: Person) -> None:
    recorded(engine, what=decision(reply("answer")))
    assert state(engine) == TicketState.CLOSED
    assert snooze(engine, NO, LATER, kari, NOW).why == NOT_OPEN
    assert snooze(engine, "VS-9999-TEST", LATER, kari, NOW).why == NOT_OPEN
    for until in (NOW, NOW - HOUR, NOW + timedelta(days=400)):
        assert snooze(engine, NO, until, kari, NOW).why == PAST
