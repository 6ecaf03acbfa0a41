"""What staff do, by the store's functions, each of which takes a step once and tells who came too late what happened.

After a step the next row of the view opens.  After a refusal the same page comes back, with who did what, and
with everything that was typed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.responses import Response

from processor.desk.answering import go
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.language import N_
from processor.desk.proposals import changed_letter, day_of, letter_for
from processor.desk.queue_pages import view_of
from processor.desk.ticket_pages import Kept, show
from processor.desk.words import OUTCOMES
from processor.steps.letters import CannotError
from processor.store import actions, notes, staff_replies
from processor.store.corrections import retype as record_type
from processor.store.past import past_mails
from processor.store.queue import ticket as stored_ticket
from processor.store.queue_page import Key, page
from processor.store.standing import last_editor, open_action, standing, ticket_of_action, ticket_of_reply
from processor.ticket import TicketState

NO_REASON = N_("Say why, in a few words.")
LATER = N_("Somebody changed this reply while you wrote. Theirs stands above; yours is kept here.")
Who = tuple[str, datetime | None]
"""A person (``""`` for nobody), and when they did what they did."""
AUTOMATIC = ("auto_reply", "bounce", "bulk", "spam")


def approve(desk: Desk, asked: Asked) -> Response:
    """Say "do it"."""
    number = asked.number("action")
    result = actions.approve(desk.engine, number, asked.person, desk.clock(), version_of(asked))
    return after(desk, asked, number, result)


def done(desk: Desk, asked: Asked) -> Response:
    """Say "it is done", which releases the confirmation."""
    number = asked.number("action")
    # Whoever was first is told by the step itself, not by what is missing for a letter.
    waiting = open_action(desk.engine, number)
    try:
        days = (day_of(asked.form.get("last_day", "")), day_of(asked.form.get("access_until", "")))
        silent = bool(asked.form.get("no_confirmation")) or not waiting
        letter = None if silent else letter_for(desk, number, *days)
        if letter:
            form = asked.form
            letter = changed_letter(letter, form.get("letter_text", ""), form.get("letter_day", ""), days[0])
    except CannotError as cannot:
        return again(desk, asked, number, N_("No confirmation can be sent, so nothing was done:"), str(cannot), 422)
    result = actions.done(desk.engine, number, asked.person, desk.clock(), version_of(asked), letter, desk.hold_until)
    return after(desk, asked, number, result)


def reject(desk: Desk, asked: Asked) -> Response:
    """Say "this is not to be done", and why."""
    number, reason = asked.number("action"), asked.form.get("reason", "").strip()
    if not reason:
        return again(desk, asked, number, NO_REASON, "", 422)
    result = actions.reject(desk.engine, number, asked.person, reason[:2000], desk.clock(), version_of(asked))
    return after(desk, asked, number, result)


def approve_reply(desk: Desk, asked: Asked) -> Response:
    """Let a waiting reply go out."""
    number = asked.number("reply")
    well = staff_replies.approve_reply(desk.engine, number, asked.person, desk.clock(), desk.hold_until)
    return _after_reply(desk, asked, number, well, "sent")


def cancel_reply(desk: Desk, asked: Asked) -> Response:
    """Withdraw a reply, and say why."""
    number, reason = asked.number("reply"), asked.form.get("reason", "").strip()
    if not reason:
        return reply_again(desk, asked, number, NO_REASON, 422)
    well = staff_replies.cancel_reply(desk.engine, number, asked.person, desk.clock(), reason[:2000])
    return _after_reply(desk, asked, number, well, "cancelled")


def edit_reply(desk: Desk, asked: Asked) -> Response:
    """Change a draft's words, if they are still those that the person began from."""
    number, form = asked.number("reply"), asked.form
    seen = _time(form.get("seen_at", ""))
    words = (form.get("subject", "")[:500], form.get("text", "").replace("\r\n", "\n")[:50_000])
    well = staff_replies.edit_reply(desk.engine, number, *words, asked.person, desk.clock(), seen)
    desk.changed()
    if well:
        return go(f"/ticket/{ticket_of_reply(desk.engine, number)}", view=view_of(asked), did=f"r{number}.edited")
    stands = standing(desk.engine, number)
    who = last_editor(desk.engine, number) or (stands.by, stands.at)
    return reply_again(desk, asked, number, LATER, 409, who=who)


def note(desk: Desk, asked: Asked) -> Response:
    """Write a note for colleagues."""
    return _on_ticket(
        desk, asked, "noted", lambda at: notes.note_ticket(desk.engine, at, asked.form.get("text", ""), asked.person, desk.clock())
    )  # fmt: skip


def take(desk: Desk, asked: Asked) -> Response:
    """Take a ticket on."""

    def step(ticket_id: int) -> bool:
        return notes.take_ticket(desk.engine, ticket_id, asked.person, desk.clock()) == asked.person.name

    return _on_ticket(desk, asked, "taken", step)


def leave(desk: Desk, asked: Asked) -> Response:
    """Let a ticket go."""
    return _on_ticket(
        desk, asked, "left", lambda ticket_id: notes.leave_ticket(desk.engine, ticket_id, asked.person, desk.clock())
    )


def close(desk: Desk, asked: Asked) -> Response:
    """Close a ticket that needs nothing more; the next one opens."""
    number = asked.params["number"]
    well = actions.set_ticket_state(desk.engine, number, TicketState.CLOSED, asked.person, desk.clock())
    desk.changed()
    return next_row(desk, asked, "closed" if well else "already")


def retype(desk: Desk, asked: Asked) -> Response:
    """Say what a mail is."""
    mail_id, said = asked.number("mail"), asked.form.get("type", "")
    stored = next(iter(past_mails(desk.engine, mail_id, mail_id, None, history=True)), None)
    if stored is None:
        raise Refusal(404, "There is no such mail.")
    if said not in desk.rules.titles() and said not in AUTOMATIC:
        raise Refusal(422, "There is no such type.")
    types, automatic = ((), said) if said in AUTOMATIC else ((said,), None)
    result = record_type(desk.engine, mail_id, types, automatic, asked.person, desk.clock())
    desk.changed()
    if result.refused:
        return show(desk, asked, stored.ticket_no, Kept(refused=result.refused), 409)
    return go(f"/ticket/{stored.ticket_no}", view=view_of(asked), did="retyped")


def version_of(asked: Asked) -> int:
    """The version that the person saw; a form without one is refused as changed."""
    text = asked.form.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refusal(400, "The form cannot be read.") from error
    if found.tzinfo is None:
        raise Refusal(400, "The form cannot be read.")
    return found


def after(desk: Desk, asked: Asked, action: int, result: actions.ActionResult) -> Response:
    desk.changed()
    if result.outcome == actions.Outcome.UNKNOWN:
        raise Refusal(404, "There is no such action.")
    if result.ok:
        return next_row(desk, asked, f"a{action}.{result.outcome}")
    return again(desk, asked, action, OUTCOMES[result.outcome], result.why, 409)


def next_row(desk: Desk, asked: Asked, did: str) -> Response:
    """The next row of the view, or the queue where there is none."""
    view = view_of(asked)
    after = Key.read(asked.form.get("key", ""))
    which = (view.view, desk.clock(), asked.person.id, after, 1, asked.account.scope, view.narrow)
    row = next(iter(page(desk.engine, *which).rows), None) if after else None
    if row is None:
        return go("/queue", view=view, did=did)
    return go(f"/ticket/{row.ticket_no}", view=view, action=row.action_id, did=did)


def again(desk: Desk, asked: Asked, action: int, refused: str, detail: str, status: int) -> Response:
    number = ticket_of_action(desk.engine, action)
    if not number:
        raise Refusal(404, "There is no such action.")
    return show(desk, asked, number, Kept(action=action, fields=asked.form, refused=refused, detail=detail), status)


def _after_reply(desk: Desk, asked: Asked, reply: int, well: bool, what: str) -> Response:
    desk.changed()
    if well:
        return next_row(desk, asked, f"r{reply}.{what}")
    stands = standing(desk.engine, reply)
    return reply_again(desk, asked, reply, N_("Not done:"), 409, stands.words, (stands.by, stands.at))


def reply_again(
    desk: Desk, asked: Asked, reply: int, refused: str, status: int, detail: str = "", who: Who = ("", None)
) -> Response:
    number = ticket_of_reply(desk.engine, reply)
    if not number:
        raise Refusal(404, "There is no such reply.")
    return show(
        desk,
        asked,
        number,
        Kept(reply=reply, fields=asked.form, refused=refused, detail=detail, by=who[0], at=who[1]),
        status,
    )


def _on_ticket(desk: Desk, asked: Asked, what: str, step: Callable[[int], bool]) -> Response:
    number = asked.params["number"]
    view = stored_ticket(desk.engine, number)
    if view is None:
        raise Refusal(404, "There is no such ticket.")
    well = step(view.id)
    desk.changed()
    return go(f"/ticket/{number}", view=view_of(asked), action=asked.form.get("action", ""), did=what if well else "")
