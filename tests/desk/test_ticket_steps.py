"""Tickets as wholes at the desk: asleep, open again, merged, split; each told on the page after it."""

from __future__ import annotations

import re

from processor.store import tables as t
from tests.desk.conftest import Room, Visitor
from tests.desk.test_acting import action_of, opened
from tests.store.made import column, count


def said(visitor: Visitor, answer: tuple[int, str]) -> str:
    """The page that a step led to."""
    status, where = answer
    assert status == 303, where
    return visitor.get(where)


def test_a_ticket_sleeps_the_next_one_opens_and_it_can_be_opened_again(room: Room) -> None:
    visitor = room.sign_in()
    action, number = action_of(room, "register_termination")
    fields = opened(visitor, number, action)
    status, where = visitor.post(f"/ticket/{number}/snooze", until="4t", **fields)
    assert status == 303
    assert number not in where.partition("?")[0]
    page = visitor.get(where)
    assert "The ticket sleeps." in page
    assert number in page
    assert number not in visitor.get("/queue?view=terminations")
    assert number in visitor.get("/queue?view=snoozed")
    assert "It sleeps until 26 Nov 2026 at 15:05" in visitor.get(f"/ticket/{number}")
    assert "The ticket is open again." in said(visitor, visitor.post(f"/ticket/{number}/open"))
    assert number in visitor.get("/queue?view=terminations")


def test_a_time_that_is_none_is_said_and_what_was_typed_stays(room: Room) -> None:
    visitor = room.sign_in()
    _, number = action_of(room, "register_termination")
    for words, status, why in (("snart <x>", 422, "this is no time"), ("1.1.2020", 409, "must lie ahead")):
        found, page = visitor.post(f"/ticket/{number}/snooze", until=words)
        assert found == status
        assert why in page
        assert f'value="{words.replace("<x>", "&lt;x&gt;")}"' in page
    assert set(column(room.engine, t.ticket.c.state)) == {"open"}


def test_two_tickets_are_merged_and_made_two_again(room: Room) -> None:
    visitor = room.sign_in()
    one, two, _ = column(room.engine, t.ticket.c.number)
    page = said(visitor, visitor.post(f"/ticket/{one}/merge", into=f" {two.lower()} "))
    assert "The ticket was merged into this one." in page
    assert "give it a ticket of its own" in page
    assert f'This ticket was merged into <a href="/ticket/{two}">' in visitor.get(f"/ticket/{one}")
    status, page = visitor.post(f"/ticket/{one}/merge", into=two)
    assert status == 409
    assert "it is merged already" in page
    assert "The ticket is by itself again." in said(visitor, visitor.post(f"/ticket/{one}/unmerge"))
    assert visitor.post(f"/ticket/{one}/merge", into="VS-XXXX-XXXX")[0] == 409
    assert count(room.engine, t.event, t.event.c.kind == "ticket.merged") == 1


def test_a_mail_is_split_off_into_a_ticket_of_its_own(room: Room) -> None:
    visitor = room.sign_in()
    one, two, _ = column(room.engine, t.ticket.c.number)
    visitor.post(f"/ticket/{one}/merge", into=two)
    status, where = visitor.post("/mail/1/split")
    assert status == 303
    made = re.match(r"/ticket/(VS-[0-9A-Z]{4}-[0-9A-Z]{4})\?", where)
    assert made
    assert made[1] not in (one, two)
    page = visitor.get(where)
    assert "It was split from" in page
    assert two in page
    # It is the only one there, and in the ticket that it left.
    assert [visitor.post(f"/mail/{mail}/split")[0] for mail in (1, 2)] == [409, 409]
    assert visitor.post("/mail/99/split")[0] == 404
