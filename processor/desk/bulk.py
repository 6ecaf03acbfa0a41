"""What is done with several marked tickets of the queue at once; what cannot be done to one is left, and told."""

from __future__ import annotations

from starlette.responses import Response

from processor.deciding.moments import moment_of
from processor.desk.answering import go
from processor.desk.asking import Asked, Desk
from processor.desk.queue_pages import view_of
from processor.store.actions import set_ticket_state
from processor.store.notes import take_ticket
from processor.store.several_tickets import numbers_of
from processor.store.snoozing import snooze
from processor.ticket import TicketState

MOST = 200


def take(desk: Desk, asked: Asked) -> Response:
    """Take the marked on."""
    for each in _ids(asked):
        take_ticket(desk.engine, each, asked.person, desk.clock())
    return _back(desk, asked, "taken", "taken", True)


def sleep(desk: Desk, asked: Asked) -> Response:
    """Let the marked sleep until one time, each no longer than its next action allows."""
    when = moment_of(asked.form.get("until", ""), desk.clock())
    if when is None:
        return _back(desk, asked, "", "no_time", False)
    slept = [
        snooze(desk.engine, number, when, asked.person, desk.clock()).until is not None
        for number, _ in numbers_of(desk.engine, _ids(asked))
    ]
    return _back(desk, asked, "all_snoozed", "some_snoozed", all(slept))


def close(desk: Desk, asked: Asked) -> Response:
    """Close the marked in which nothing waits for a person; the others stay, since closing would hide it."""
    found = numbers_of(desk.engine, _ids(asked))
    for number, waits in found:
        if not waits:
            set_ticket_state(desk.engine, number, TicketState.CLOSED, asked.person, desk.clock())
    return _back(desk, asked, "all_closed", "some_closed", not any(waits for _, waits in found))


def _ids(asked: Asked) -> list[int]:
    return [int(each) for each in asked.marked[:MOST] if each.isascii() and each.isdecimal() and len(each) < 16]


def _back(desk: Desk, asked: Asked, whole: str, partly: str, done: bool) -> Response:
    desk.changed()
    return go("/queue", view=view_of(asked), did=(whole if done else partly) if asked.marked else "")
