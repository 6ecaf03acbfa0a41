"""Taking a step back: the ticket opens again as it was, or says why it is too late."""

from __future__ import annotations

from starlette.responses import Response

from processor.desk.acting import again, reply_again
from processor.desk.answering import go
from processor.desk.asking import Asked, Desk
from processor.desk.language import N_
from processor.desk.queue_pages import view_of
from processor.store.reinstating import reinstate_reply
from processor.store.standing import ticket_of_action, ticket_of_reply
from processor.store.undoing import undo_action, undo_reply

REFUSED = N_("Not taken back:")
NOT_BACK = N_("Not brought back:")


def action(desk: Desk, asked: Asked) -> Response:
    """Take an action's last step back."""
    number = asked.number("action")
    why = undo_action(desk.engine, number, asked.person, desk.clock(), desk.undo_for)
    desk.changed()
    if why:
        return again(desk, asked, number, REFUSED, why, 409)
    where = f"/ticket/{ticket_of_action(desk.engine, number)}"
    return go(where, view=view_of(asked), action=number, did=f"a{number}.undone")


def reply(desk: Desk, asked: Asked) -> Response:
    """Take back that a reply goes out."""
    number = asked.number("reply")
    why = undo_reply(desk.engine, number, asked.person, desk.clock())
    desk.changed()
    if why:
        return reply_again(desk, asked, number, REFUSED, 409, why)
    return go(f"/ticket/{ticket_of_reply(desk.engine, number)}", view=view_of(asked), did=f"r{number}.undone")


def reinstate(desk: Desk, asked: Asked) -> Response:
    """Bring a withdrawn reply back as a draft."""
    number = asked.number("reply")
    why = reinstate_reply(desk.engine, number, asked.person, desk.clock())
    desk.changed()
    if why:
        return reply_again(desk, asked, number, NOT_BACK, 409, why)
    return go(f"/ticket/{ticket_of_reply(desk.engine, number)}", view=view_of(asked), did=f"r{number}.reinstated")
