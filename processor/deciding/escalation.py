"""What staff are told of an action whose time has come: which one, when, and how to look at it.

Pure.  Nothing of the customer is in it, since a mail to a manager leaves the place where access is kept:
the ticket's number and the action's name are enough to find the rest in the queue (design.md, promise 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from processor.deciding.wording import moment_in_words

LANGUAGE = "nb"
TWO_DAYS = 48


@dataclass(frozen=True, slots=True)
class Overdue:
    """An open action as it is told of; ``due`` is aware UTC."""

    action_id: int
    ticket_no: str
    kind: str
    needs: str
    due: datetime


def letter_to_staff(action: Overdue, now: datetime) -> tuple[str, str]:
    """Subject and text, in bokmål."""
    late = now - action.due
    passed = late >= timedelta(0)
    what = action.kind.replace("_", " ")
    subject = f"[{action.ticket_no}] {'Over fristen' if passed else 'Fristen nærmer seg'}: {what}"
    moment = moment_in_words(action.due, LANGUAGE)
    stand = (
        f"Oppgaven «{what}» i sak {action.ticket_no} hadde frist {moment} og er ikke markert som utført. "
        f"Det er {span(late)} siden."
        if passed
        else f"Oppgaven «{what}» i sak {action.ticket_no} har frist {moment}, om {span(-late)}, "
        "og er ikke markert som utført."
    )
    two = "\nTo personer må godkjenne den.\n" if action.needs == "two_staff" else ""
    text = (
        f"{stand}\n{two}\n"
        f"Se på saken:     processor queue show {action.ticket_no}\n"
        f"Marker utført:   processor queue done a{action.action_id} --as NAVN\n\n"
        "Meldingen er sendt automatisk, og den sendes bare én gang. Opplysninger om kunden står i køen.\n"
    )
    return subject, text


def span(gap: timedelta) -> str:
    """A stretch of time in whole minutes, hours or days."""
    minutes = max(1, int(gap / timedelta(minutes=1)))
    if minutes < 60:
        return f"{minutes} {'minutt' if minutes == 1 else 'minutter'}"
    hours = minutes // 60
    if hours < TWO_DAYS:
        return f"{hours} {'time' if hours == 1 else 'timer'}"
    return f"{hours // 24} dager"
