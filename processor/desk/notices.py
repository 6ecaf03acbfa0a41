"""What the last step came to, told on the page after it: named by what was done, so that nobody can put words there."""

from __future__ import annotations

import re

from sqlalchemy.engine import Engine

from processor.desk.language import N_
from processor.desk.words import OUTCOMES
from processor.store.actions import Outcome
from processor.store.standing import ticket_of_action, ticket_of_reply

STEPS = {
    "sent": N_("The reply goes out."),
    "edited": N_("The reply is changed."),
    "cancelled": N_("The reply is withdrawn."),
    "noted": N_("The note is written."),
    "taken": N_("You have taken it on."),
    "left": N_("It is free for others."),
    "closed": N_("The ticket is closed."),
    "retyped": N_("It is recorded what the mail is."),
    "language": N_("The language is changed."),
    "password": N_("The password is changed. Other browsers are signed out."),
}
TOLD = re.compile(r"(?:([ar])([0-9]{1,15})\.)?([a-z_]{1,20})")


def notice(engine: Engine, did: str) -> tuple[str, str]:
    """The sentence and the ticket that ``did`` (such as "a7.done") names; ("", "") for anything else."""
    found = TOLD.fullmatch(did)
    if not found:
        return "", ""
    kind, number, what = found.groups()
    words = STEPS.get(what, "") or (OUTCOMES[Outcome(what)] if what in tuple(Outcome) else "")
    if not words or not kind:
        return words, ""
    ticket = ticket_of_action(engine, int(number)) if kind == "a" else ticket_of_reply(engine, int(number))
    return (words, ticket) if ticket else ("", "")
