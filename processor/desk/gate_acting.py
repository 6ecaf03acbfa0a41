"""The steps before rights are granted, on the ticket's page: calling back, and closing what was seen to elsewhere."""

from __future__ import annotations

from starlette.responses import Response

from processor.desk.acting import NO_REASON, after, again, version_of
from processor.desk.answering import go
from processor.desk.asking import Asked, Desk
from processor.desk.language import N_
from processor.desk.queue_pages import view_of
from processor.store.actions import handled_outside
from processor.store.gate import called as note_called
from processor.store.standing import ticket_of_action

NOBODY = N_("Say who answered, and what they said.")
NOT_CALLED = N_("Not noted:")


def called(desk: Desk, asked: Asked) -> Response:
    """Note that the register's number was called and the customer stands by the request."""
    number, said = asked.number("action"), asked.form.get("said", "").strip()
    if not said:
        return again(desk, asked, number, NOBODY, "", 422)
    if against := note_called(desk.engine, number, asked.person, said[:500], desk.clock()):
        return again(desk, asked, number, NOT_CALLED, against, 409)
    desk.changed()
    return go(f"/ticket/{ticket_of_action(desk.engine, number)}", view=view_of(asked), action=str(number))


def outside(desk: Desk, asked: Asked) -> Response:
    """Say that it was handled elsewhere, and how; it is closed when a second person says so too."""
    number, reason = asked.number("action"), asked.form.get("how", "").strip()
    if not reason:
        return again(desk, asked, number, NO_REASON, "", 422)
    result = handled_outside(desk.engine, number, asked.person, reason[:2000], desk.clock(), version_of(asked))
    return after(desk, asked, number, result)
