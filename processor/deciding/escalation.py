"""What staff are told of an action whose time has come: which one, when, and how to look at it.

Pure.  Nothing of the customer is in it, since a mail to a manager leaves the place where access is kept:
the ticket's number and the action's name are enough to find the rest in the queue (design.md, promise 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from processor.deciding.wording import moment_in_words

TWO_DAYS = 48
LANGUAGES = ("nb", "en")
"""What staff may be written to in."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """An open action as it is told of, ``what`` in the words of the mail's language; ``due`` is aware UTC."""

    action_id: int
    ticket_no: str
    what: str
    needs: str
    due: datetime


def letter_to_staff(action: Overdue, now: datetime, language: str = "nb") -> tuple[str, str]:
    """Subject and text in one of LANGUAGES."""
    late = now - action.due
    passed = late >= timedelta(0)
    told = {
        "what": action.what,
        "ticket": action.ticket_no,
        "action": action.action_id,
        "due": moment_in_words(action.due, language),
        "span": span(abs(late), language),
    }
    words = _WORDS[language]
    two = words["two"] if action.needs == "two_staff" else ""
    return (
        words["late" if passed else "soon"].format(**told),
        words["is_late" if passed else "is_soon"].format(**told) + "\n" + two + "\n" + words["foot"].format(**told),
    )


def span(gap: timedelta, language: str = "nb") -> str:
    """A stretch of time in whole minutes, hours or days."""
    minutes = max(1, int(gap / timedelta(minutes=1)))
    hours = minutes // 60
    count, unit = (minutes, 0) if minutes < 60 else (hours, 1) if hours < TWO_DAYS else (hours // 24, 2)
    return f"{count} {_UNITS[language][unit][count != 1]}"


_UNITS = {
    "nb": (("minutt", "minutter"), ("time", "timer"), ("dag", "dager")),
    "en": (("minute", "minutes"), ("hour", "hours"), ("day", "days")),
}
_WORDS = {
    "nb": {
        "late": "[{ticket}] Over fristen: {what}",
        "soon": "[{ticket}] Fristen nærmer seg: {what}",
        "is_late": "Oppgaven «{what}» i sak {ticket} hadde frist {due} og er ikke markert som utført. "
        "Det er {span} siden.",
        "is_soon": "Oppgaven «{what}» i sak {ticket} har frist {due}, om {span}, og er ikke markert som utført.",
        "two": "\nTo personer må godkjenne den.\n",
        "foot": "Se på saken:     processor queue show {ticket}\n"
        "Marker utført:   processor queue done a{action} --as NAVN\n\n"
        "Meldingen er sendt automatisk, og den sendes bare én gang. Opplysninger om kunden står i køen.\n",
    },
    "en": {
        "late": "[{ticket}] Overdue: {what}",
        "soon": "[{ticket}] Due soon: {what}",
        "is_late": "The task “{what}” in ticket {ticket} was due {due} and is not marked as done. That was {span} ago.",
        "is_soon": "The task “{what}” in ticket {ticket} is due {due}, in {span}, and is not marked as done.",
        "two": "\nTwo people must approve it.\n",
        "foot": "See the ticket:   processor queue show {ticket}\n"
        "Mark as done:     processor queue done a{action} --as NAME\n\n"
        "This message was sent automatically, and only once. What concerns the customer is in the queue.\n",
    },
}
