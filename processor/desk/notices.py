"""What the last step came to, told on the page after it: named by what was done, so that nobody can put words there."""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy.engine import Engine

from processor.desk.asking import Asked, Desk
from processor.desk.language import N_
from processor.desk.words import OUTCOMES
from processor.store.accounts import Role
from processor.store.actions import Outcome
from processor.store.context import is_ticket
from processor.store.reinstating import reinstatable
from processor.store.standing import ticket_of_action, ticket_of_reply
from processor.store.undoing import undoable_action, undoable_reply
from processor.store.visible import Scope, sees_action, sees_reply, sees_ticket

STEPS = {
    "sent": N_("The reply goes out."),
    "edited": N_("The reply is changed."),
    "cancelled": N_("The reply is withdrawn."),
    "noted": N_("The note is written."),
    "taken": N_("You have taken it on."),
    "left": N_("It is free for others."),
    "closed": N_("The ticket is closed."),
    "retyped": N_("It is recorded what the mail is."),
    "notices": N_("It is kept what you want to be told."),
    "language": N_("The language is changed."),
    "password": N_("The password is changed. Other browsers are signed out."),
    # Steps that a ticket takes as a whole.
    "undone": N_("Taken back. It waits as before."),
    "reinstated": N_("Brought back. The reply waits for a person again."),
    "snoozed": N_("The ticket sleeps."),
    "snoozed_until_due": N_("The ticket sleeps until its next action is due, which is before the time you named."),
    "all_snoozed": N_("The marked tickets sleep."),
    "some_snoozed": N_(
        "Not all of the marked could be let sleep so long: they sleep until their action is due, or stay."
    ),
    "no_time": N_("Not done: this is no time such as 31.12.2026 14.30, 2t or 3d."),
    "all_closed": N_("The marked tickets are closed."),
    "some_closed": N_("Closed are those in which nothing waits for a person; the others stay."),
    "opened": N_("The ticket is open again."),
    "merged": N_("The ticket was merged into this one."),
    "forwarded": N_("The mail is forwarded."),
    "unmerged": N_("The ticket is by itself again."),
    "split": N_("The mail has a ticket of its own. It was split from"),
    "drafted": N_("The draft stands in the conversation below. It leaves when you let it go out."),
    "own_absence": N_("It is recorded when you are away."),
    "absence": N_("It is recorded when the person is away."),
    "view_saved": N_("The view is saved, under the others."),
    "view_dropped": N_("The view is forgotten."),
    "brought": N_("It is taken in. Its ticket stands in the queue in a moment, and nothing is answered by itself."),
    "brought_before": N_("These very bytes were here before, and are taken in once."),
    "known": N_("This mail was here before, in this ticket."),
    "corrected": N_("Decided anew. What that changed stands beside the mail."),
    "browser": N_("Signed out in that browser."),
    "token_ended": N_("The key opens nothing any more."),
    "second_step_off": N_("The second step is off."),
    "required": N_("It is recorded which roles need a second step."),
    "provider_name": N_("It is recorded what the provider calls the person."),
    "limited": N_("It is recorded which mailboxes the person sees."),
}
TOLD = re.compile(r"(?:([ar])([0-9]{1,15})\.|([A-Z][A-Z0-9-]{3,40})\.)?([a-z_]{1,20})")
DAY = 86_400
DONE = {Outcome.SECONDED, Outcome.APPROVED, Outcome.DONE, Outcome.REJECTED}


class Notice(NamedTuple):
    """A sentence (English) and the ticket that it is about; by ``undo``, a path, the step can be taken back so long."""

    words: str = ""
    ticket: str = ""
    undo: str = ""
    seconds: int = 0


def notice(engine: Engine, did: str, scope: Scope = None) -> Notice:
    """What ``did`` (such as "a7.done") names; nothing for anything else, nor of mailboxes outside the ``scope``."""
    found = TOLD.fullmatch(did)
    if not found:
        return Notice()
    kind, number, ticket, what = found.groups()
    words = STEPS.get(what, "") or (OUTCOMES[Outcome(what)] if what in tuple(Outcome) else "")
    if not words or not (kind or ticket):
        return Notice(words)
    if ticket:
        known = is_ticket(engine, ticket) and sees_ticket(engine, scope, ticket)
        return Notice(words, ticket) if known else Notice()
    if not (sees_action if kind == "a" else sees_reply)(engine, scope, int(number)):
        return Notice()
    ticket = ticket_of_action(engine, int(number)) if kind == "a" else ticket_of_reply(engine, int(number))
    return Notice(words, ticket) if ticket else Notice()


def told(desk: Desk, asked: Asked) -> Notice:
    """``notice`` of what the page was told, with the way back while there is one."""
    did = asked.query.get("did", "")
    said, found = notice(desk.engine, did, asked.account.scope), TOLD.fullmatch(did)
    if not said.words or found is None or not found[1]:
        return said
    number, now = int(found[2]), desk.clock()
    if found[1] == "r" and found[4] == "cancelled" and asked.account.role.may(Role.AGENT):
        back = reinstatable(desk.engine, {number})
        return said._replace(undo=f"/reply/{number}/reinstate", seconds=DAY) if back else said
    if found[1] == "r" and found[4] in ("sent", "forwarded"):
        left = undoable_reply(desk.engine, number, asked.person, now)
        return said._replace(undo=f"/reply/{number}/undo", seconds=left) if left else said
    if found[1] == "a" and found[4] in DONE:
        left = undoable_action(desk.engine, number, asked.person, now, desk.undo_for)
        return said._replace(undo=f"/action/{number}/undo", seconds=left) if left else said
    return said
