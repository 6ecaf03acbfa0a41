"""What staff who asked for it are written: the queue in the morning, and what is urgent.

Pure.  Nothing of any customer is in it: numbers, our own names of actions, ticket numbers and due times, and where
the rest is to be seen by those who may (design.md, promise 5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from processor.deciding.wording import moment_in_words

LANGUAGES = ("nb", "en")
MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Named:
    """An action as it is named to staff, ``what`` in the words of their language; ``due`` is aware UTC."""

    ticket_no: str
    what: str
    due: datetime


def digest(counts: Mapping[str, int], desk: str, language: str, personal: bool = True) -> tuple[str, str]:
    """Subject and text of the morning's word; ``counts`` by the queue's views, ``desk`` its address or "".

    One that is not ``personal`` goes into a chat: nobody there can turn it off.
    """
    words = _WORDS[language]
    lines = [f"{count:>6}  {words[name]}" for name in VIEWS if (count := counts.get(name, 0))]
    subject = words["digest"].format(all=counts.get("all", 0), urgent=counts.get("urgent", 0))
    foot = _foot(f"{desk}/queue" if desk else "", words)
    return subject, "\n".join([words["now"], "", *lines, "", *(foot if personal else foot[:-1])]).rstrip() + "\n"


def urgent(actions: Sequence[Named], now: datetime, desk: str, language: str) -> tuple[str, str]:
    """Subject and text of one mail about all of these actions, the most urgent first."""
    words = _WORDS[language]
    first = actions[0]
    subject = words["one"].format(ticket=first.ticket_no)
    if len(actions) > 1:
        subject = words["several"].format(n=len(actions))
    lines = []
    for each in actions[:MOST_NAMED]:
        said = words["late" if each.due <= now else "soon"].format(due=moment_in_words(each.due, language))
        lines.append(f"[{each.ticket_no}] {each.what}: {said}")
        lines += [f"    {desk}/ticket/{each.ticket_no}"] if desk else []
    if len(actions) > MOST_NAMED:
        lines.append(words["more"].format(n=len(actions) - MOST_NAMED))
    return subject, "\n".join([*lines, "", *_foot(f"{desk}/queue?view=urgent" if desk else "", words)]) + "\n"


def _foot(link: str, words: Mapping[str, str]) -> list[str]:
    return [*([words["see"].format(link=link)] if link else []), words["foot"]]


VIEWS = ("all", "urgent", "terminations", "codes", "review", "unsent", "mine")
_WORDS: Mapping[str, Mapping[str, str]] = {
    "nb": {
        "digest": "Køen i dag: {all} venter, {urgent} haster",
        "now": "Slik står køen nå:",
        "all": "venter på en person",
        "urgent": "har frist innen et døgn, eller er over fristen",
        "terminations": "oppsigelser som skal registreres",
        "codes": "gjelder engangskoder, rettigheter eller tilgang",
        "review": "der programmet var i tvil",
        "unsent": "svar som venter, feilet eller kom tilbake",
        "mine": "har du tatt på deg",
        "one": "[{ticket}] Haster",
        "several": "{n} oppgaver haster",
        "late": "fristen var {due}",
        "soon": "fristen er {due}",
        "more": "… og {n} til.",
        "see": "Se køen: {link}",
        "foot": "Du får denne meldingen fordi du har bedt om den på kontosiden din, og der kan du også slå den av. "
        "Opplysninger om kunden står i køen.",
    },
    "en": {
        "digest": "The queue today: {all} waiting, {urgent} urgent",
        "now": "This is how the queue stands:",
        "all": "wait for a person",
        "urgent": "are due within a day, or overdue",
        "terminations": "notices to be registered",
        "codes": "about one-time codes, rights or access",
        "review": "where the program was in doubt",
        "unsent": "replies that wait, failed or came back",
        "mine": "are yours",
        "one": "[{ticket}] Urgent",
        "several": "{n} actions are urgent",
        "late": "was due {due}",
        "soon": "is due {due}",
        "more": "… and {n} more.",
        "see": "See the queue: {link}",
        "foot": "You get this because you asked for it on your account page, where you can also turn it off. "
        "What concerns the customer is in the queue.",
    },
}
