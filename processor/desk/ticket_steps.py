"""What is done with a ticket as a whole: it sleeps, opens again, goes into another one, or gives a mail away."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from processor.deciding.moments import moment_of
from processor.desk.acting import next_row
from processor.desk.answering import go
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.language import N_
from processor.desk.queue_pages import view_of
from processor.desk.ticket_pages import Kept, show
from processor.steps.apart import apart
from processor.store.actions import set_ticket_state
from processor.store.merging import CannotMergeError, merge, split, unmerge
from processor.store.snoozing import snooze
from processor.store.standing import ticket_of_mail
from processor.ticket import TicketState

NOT_DONE = N_("Not done:")
NO_TIME = N_("this is no time such as 31.12.2026 14.30, 2t or 3d")


def sleep(desk: Desk, asked: Asked) -> Response:
    """Let the ticket sleep; the next one opens."""
    number, until = asked.params["number"], asked.form.get("until", "")
    when = moment_of(until, desk.clock()) or _local(until)
    if when is None:
        return _refused(desk, asked, number, NO_TIME, 422)
    slept = snooze(desk.engine, number, when, asked.person, desk.clock())
    if slept.until is None:
        return _refused(desk, asked, number, slept.why, 409)
    desk.changed()
    return next_row(desk, asked, f"{number}.{'snoozed_until_due' if slept.earlier else 'snoozed'}")


def reopen(desk: Desk, asked: Asked) -> Response:
    """Bring a ticket back that was closed or sleeps."""
    number = asked.params["number"]
    well = set_ticket_state(desk.engine, number, TicketState.OPEN, asked.person, desk.clock())
    desk.changed()
    return go(f"/ticket/{number}", view=view_of(asked), did=f"{number}.opened" if well else "already")


def into(desk: Desk, asked: Asked) -> Response:
    """Put the ticket into another one, which opens."""
    number, other = asked.params["number"], asked.form.get("into", "").strip().upper()
    try:
        target = merge(desk.engine, number, other, asked.person, desk.clock())
    except CannotMergeError as cannot:
        return _refused(desk, asked, number, str(cannot), 409)
    desk.changed()
    return go(f"/ticket/{target}", view=view_of(asked), did=f"{number}.merged")


def out_again(desk: Desk, asked: Asked) -> Response:
    """Take a merge back."""
    number = asked.params["number"]
    try:
        unmerge(desk.engine, number, asked.person, desk.clock())
    except CannotMergeError as cannot:
        return _refused(desk, asked, number, str(cannot), 409)
    desk.changed()
    return go(f"/ticket/{number}", view=view_of(asked), did=f"{number}.unmerged")


def split_mail(desk: Desk, asked: Asked) -> Response:
    """Give a mail a ticket of its own, which opens."""
    mail = asked.number("mail")
    number = ticket_of_mail(desk.engine, mail)
    if not number:
        raise Refusal(404, "There is no such mail.")
    try:
        made = apart(desk.engine, desk.config, mail)
        split(desk.engine, mail, made, asked.person, desk.clock())
    except CannotMergeError as cannot:
        return _refused(desk, asked, number, str(cannot), 409)
    desk.changed()
    return go(f"/ticket/{made.number}", view=view_of(asked), did=f"{number}.split")


def _refused(desk: Desk, asked: Asked, number: str, why: str, status: int) -> Response:
    return show(desk, asked, number, Kept(fields=asked.form, refused=NOT_DONE, detail=why), status)


def _local(text: str) -> datetime | None:
    """A time with its zone, as a program gives it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
