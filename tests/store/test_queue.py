from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy import Engine

from processor.store import tables as t
from processor.store.engine import open_store
from processor.store.people import Person, remove_person
from processor.store.queue import (
    ActionResult,
    Outcome,
    approve,
    done,
    queue,
    reject,
    set_ticket_state,
    ticket,
    unsent,
)
from processor.ticket import ActionState, Level, OutboxState, TicketState
from tests.store.made import LATER, NOW, action, column, count, decision, recorded, reply

RISKY = decision(None, [action("two_staff", "grant_otp")])


def test_one_person_approves_and_does(engine: Engine, kari: Person, ola: Person) -> None:
    recorded(engine)
    assert approve(engine, 1, kari, NOW).outcome == Outcome.APPROVED
    assert approve(engine, 1, ola, NOW) == ActionResult(Outcome.ALREADY, ActionState.APPROVED, "Kari", NOW)
    assert done(engine, 1, ola, LATER) == ActionResult(Outcome.DONE, ActionState.DONE, "Ola", LATER)
    assert done(engine, 1, kari, LATER) == ActionResult(Outcome.ALREADY, ActionState.DONE, "Ola", LATER)
    assert reject(engine, 1, kari, "too late", LATER).outcome == Outcome.ALREADY


def test_one_call_may_approve_and_do_where_one_person_is_enough(engine: Engine, kari: Person) -> None:
    recorded(engine)
    assert done(engine, 1, kari, NOW).ok
    assert count(engine, t.approval) == 1
    assert column(engine, t.event.c.kind)[-3:] == ["action.approved", "action.done", "ticket.closed"]


def test_T25_two_people_are_two_different_ones(engine: Engine, kari: Person, ola: Person) -> None:
    recorded(engine, 1, RISKY)
    assert done(engine, 1, kari, NOW).outcome == Outcome.NOT_APPROVED
    assert approve(engine, 1, kari, NOW).outcome == Outcome.SECONDED
    assert approve(engine, 1, kari, NOW).outcome == Outcome.SAME_PERSON
    assert approve(engine, 1, Person(kari.id, "Kari by another name"), NOW).outcome == Outcome.SAME_PERSON
    assert done(engine, 1, ola, NOW).outcome == Outcome.NOT_APPROVED
    assert approve(engine, 1, ola, NOW).outcome == Outcome.APPROVED
    assert done(engine, 1, kari, LATER).outcome == Outcome.DONE


def test_T26_the_first_approval_falls_when_the_ticket_changes(engine: Engine, kari: Person, ola: Person) -> None:
    first = recorded(engine, 1, RISKY)
    approve(engine, 1, kari, NOW)
    recorded(engine, 2, decision(None), joins_ticket_id=first.ticket_id)
    assert column(engine, t.action.c.state) == [ActionState.WAITING]
    assert approve(engine, 1, ola, LATER, seen_version=1).outcome == Outcome.CHANGED
    assert approve(engine, 1, ola, LATER, seen_version=2).outcome == Outcome.SECONDED
    assert approve(engine, 1, kari, LATER, seen_version=2).outcome == Outcome.APPROVED
    view = ticket(engine, first.ticket_no)
    assert view
    assert [given.person for given in view.actions[0].approvals] == ["Ola", "Kari"]
    recorded(engine, 3, decision(None), joins_ticket_id=first.ticket_id)
    assert column(engine, t.action.c.state) == [ActionState.WAITING]


def test_an_unproven_mail_cannot_undo_an_approval(engine: Engine, kari: Person) -> None:
    first = recorded(engine, 1, RISKY)
    approve(engine, 1, kari, NOW)
    recorded(engine, 2, decision(None, result="unproven"), joins_ticket_id=first.ticket_id)
    assert column(engine, t.action.c.state) == [ActionState.SECONDED]


def test_nobody_but_staff_approves(engine: Engine, kari: Person) -> None:
    recorded(engine)
    assert approve(engine, 1, Person(99, "Mallory"), NOW).outcome == Outcome.NOT_STAFF
    remove_person(engine, "Kari", "Ola", NOW)
    assert approve(engine, 1, kari, NOW).outcome == Outcome.NOT_STAFF
    assert approve(engine, 99, kari, NOW) == ActionResult(Outcome.UNKNOWN)


def test_results_say_in_words_what_came_of_it(engine: Engine, kari: Person) -> None:
    recorded(engine, 1, RISKY)
    assert str(approve(engine, 1, kari, NOW)) == "approved; one more person must approve"
    same = approve(engine, 1, kari, NOW)
    assert (same.ok, str(same)) == (
        False,
        "not done: a second, different person must approve; it is approved by one of two: Kari, 26.11.2026 kl. 11.00",
    )


def test_a_rejected_action_keeps_its_reason_and_the_ticket_stays_open(engine: Engine, kari: Person) -> None:
    one = recorded(engine)
    assert reject(engine, 1, kari, "ikke kunde", NOW).outcome == Outcome.REJECTED
    view = ticket(engine, one.ticket_no)
    assert view
    assert (view.actions[0].state, view.actions[0].reason) == (ActionState.REJECTED, "ikke kunde")
    assert view.state == TicketState.OPEN


def test_a_ticket_closes_when_nothing_is_left_to_do(engine: Engine, kari: Person) -> None:
    recorded(engine, 1, decision(reply(), [action(), action()]))
    done(engine, 1, kari, NOW)
    assert column(engine, t.ticket.c.state) == [TicketState.OPEN]
    done(engine, 2, kari, NOW)
    assert column(engine, t.ticket.c.state) == [TicketState.CLOSED]


def test_a_person_closes_and_opens_a_ticket(engine: Engine, kari: Person) -> None:
    one = recorded(engine)
    assert set_ticket_state(engine, one.ticket_no, TicketState.CLOSED, kari, NOW)
    assert not set_ticket_state(engine, one.ticket_no, TicketState.CLOSED, kari, NOW)
    assert set_ticket_state(engine, one.ticket_no, TicketState.OPEN, kari, NOW)
    assert not set_ticket_state(engine, "VS-none", TicketState.OPEN, kari, NOW)


def test_two_people_at_once_are_told_who_was_first(engine: Engine, url: str, kari: Person, ola: Person) -> None:
    for n in range(1, 11):
        recorded(engine, n, RISKY)
    found: list[tuple[int, Outcome]] = []

    def work(person: Person) -> None:
        own = open_store(url)
        found.extend((n, approve(own, n, person, NOW).outcome) for n in range(1, 11))
        own.dispose()

    threads = [threading.Thread(target=work, args=(person,)) for person in (kari, ola, kari)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(1, 11):
        mine = sorted(outcome for number, outcome in found if number == n)
        assert mine[-1] == Outcome.SECONDED
        assert mine[:-1] in (
            [Outcome.APPROVED, Outcome.SAME_PERSON],
            [Outcome.ALREADY, Outcome.APPROVED],
        )
    assert count(engine, t.approval) == 20


def test_the_queue_is_ordered_by_due_time_then_risk(engine: Engine) -> None:
    recorded(engine, 1, decision(None))
    recorded(engine, 2, decision(None, [action()]))
    recorded(engine, 3, RISKY)
    recorded(engine, 4, decision(reply("answer")))
    rows = queue(engine)
    assert [(row.ticket_no, row.action_kind, row.risk) for row in rows] == [
        ("VS-0003-TEST", "grant_otp", 4),
        ("VS-0002-TEST", "register_termination", 0),
        ("VS-0001-TEST", "", 0),
    ]
    assert [row.due for row in rows] == [NOW + timedelta(days=1)] * 2 + [None]
    assert rows[2].type == "termination"


def test_the_queue_can_be_narrowed(engine: Engine, kari: Person) -> None:
    recorded(engine, 1, RISKY, level=Level.DRAFT)
    recorded(engine, 2)
    assert [row.ticket_no for row in queue(engine, needs="two_staff")] == ["VS-0001-TEST"]
    assert [row.ticket_no for row in queue(engine, search="0002-te")] == ["VS-0002-TEST"]
    assert queue(engine, search="100%") == []
    assert queue(engine, type="elma_register") == []
    assert queue(engine, due_before=NOW) == []
    approve(engine, 1, kari, NOW)
    assert [row.action_id for row in queue(engine, state="seconded")] == [1]
    assert len(queue(engine, limit=1)) == 1


def test_done_work_leaves_the_queue(engine: Engine, kari: Person) -> None:
    recorded(engine)
    done(engine, 1, kari, NOW)
    assert queue(engine) == []


def test_replies_that_wait_for_a_person_are_listed_but_not_the_observed(engine: Engine) -> None:
    recorded(engine, 1, level=Level.DRAFT)
    recorded(engine, 2, stopped=True)
    recorded(engine, 3, level=Level.OBSERVE)
    recorded(engine, 4)
    assert [(row.outbox_id, row.state, row.reason) for row in unsent(engine)] == [
        (1, OutboxState.DRAFT, ""),
        (2, OutboxState.HELD, "stopped"),
    ]


def test_an_unknown_ticket_is_none(engine: Engine) -> None:
    assert ticket(engine, "VS-none") is None
