"""What is done with several marked tickets of the queue at once; what cannot be done to one is left, and told."""

from __future__ import annotations

from starlette.responses import Response

from processor.deciding.moments import moment_of
from processor.desk.answering import go
from processor.desk.asking import Asked, Desk
from processor.desk.queue_pages import view_of
from processor.store.several_tickets import close_idle, snooze_several, take_several

MOST = 200


def take(desk: Desk, asked: Asked) -> Response:
    """Take the marked on."""
    take_several(desk.engine, _ids(asked), asked.person, desk.clock())
    return _back(desk, asked, "taken", "taken", True)


def sleep(desk: Desk, asked: Asked) -> Response:
    """Let the marked sleep until one time, each no longer than its next action allows."""
    when = moment_of(asked.form.get("until", ""), desk.clock())
    if when is None:
        return _back(desk, asked, "", "no_time", False)
    left = snooze_several(desk.engine, _ids(asked), when, asked.person, desk.clock())
    return _back(desk, asked, "all_snoozed", "some_snoozed", not left)


def close(desk: Desk, asked: Asked) -> Response:
    """Close the marked in which nothing waits for a person; the others stay, since closing would hide it."""
    left = close_idle(desk.engine, _ids(asked), asked.person, desk.clock())
    return _back(desk, asked, "all_closed", "some_closed", not left)


def _ids(asked: Asked) -> list[int]:
    return [int(each) for each in asked.marked[:MOST] if each.isascii() and each.isdecimal() and len(each) < 16]


def _back(desk: Desk, asked: Asked, whole: str, partly: str, done: bool) -> Response:
    desk.changed()
    return go("/queue", view=view_of(asked), did=(whole if done else partly) if asked.marked else "")
