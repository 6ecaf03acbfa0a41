"""Sending a mail on to somebody of our own, with its files."""

from __future__ import annotations

from starlette.responses import Response

from processor.desk.answering import go
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.language import N_
from processor.desk.mail_pages import is_program
from processor.desk.queue_pages import view_of
from processor.desk.ticket_pages import Kept, show
from processor.steps.forwarding import CannotForwardError, forward_of
from processor.store.forwarding import forward
from processor.store.standing import ticket_of_mail

NOT_SENT = N_("Not forwarded:")
BEFORE = N_("it was forwarded to this address before")


def send_on(desk: Desk, asked: Asked) -> Response:
    """Put the mail into the outbox for one of the allowed addresses."""
    mail, form = asked.number("mail"), asked.form
    number = ticket_of_mail(desk.engine, mail)
    if not number:
        raise Refusal(404, "There is no such mail.")
    to, note = form.get("to", ""), form.get("note", "").replace("\r\n", "\n")[:10_000]
    try:
        letter = forward_of(desk.engine, desk.config, mail, to, note, asked.language, is_program)
    except CannotForwardError as cannot:
        return show(desk, asked, number, Kept(fields=form, refused=NOT_SENT, detail=str(cannot)), 422)
    made = forward(desk.engine, letter, asked.person, desk.clock(), desk.hold_until)
    if made is None:
        return show(desk, asked, number, Kept(fields=form, refused=NOT_SENT, detail=BEFORE), 409)
    desk.changed()
    return go(f"/ticket/{number}", view=view_of(asked), action=form.get("action", ""), did=f"r{made}.forwarded")
