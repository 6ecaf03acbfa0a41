"""What is said of an alarm: to a person who is woken by it, in Norwegian or English, and as values for a program.

Nothing of a customer is ever named: a ticket's number is the most that leaves for a chat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from processor.alarm import Alarm, Event

OSLO = ZoneInfo("Europe/Oslo")
PAGE = "docs/operate/alarms.md"

WHAT: Mapping[str, Mapping[str, str]] = {
    "nb": {
        "oldest_mail": "En e-post har ligget ubehandlet siden {since}",
        "mailbox_unread": "Postkassen {subject} er ikke lest siden {since}",
        "login_failed": "Innloggingen til postkassen {subject} er blitt avvist siden {since}",
        "delivery_failing": "Ingen svar er kommet av gårde siden {since}",
        "breaker_open": "Sikringen stoppet alle automatiske svar {since}",
        "unknown_replies": "{count} svar kan være sendt eller ikke: ingen vet det",
        "deadline_near": "{count} oppsigelser har frist nå, og ingen har tatt dem",
        "disk_full": "Disken er nesten full: {free} ledig",
        "lease_lost": "Ingen har lest postkassen {subject} siden {since}",
        "token_ending": "Innloggingen til {subject} utløper {until}",
        "reconciliation_old": "Postkassen {subject} er ikke avstemt siden {since}",
    },
    "en": {
        "oldest_mail": "A mail has been waiting undecided since {since}",
        "mailbox_unread": "The mailbox {subject} has not been read since {since}",
        "login_failed": "The mailbox {subject} has refused our login since {since}",
        "delivery_failing": "No reply has left since {since}",
        "breaker_open": "The breaker stopped all automatic answers {since}",
        "unknown_replies": "{count} replies may have been sent or not: nobody knows",
        "deadline_near": "{count} terminations are due now, and nobody has taken them on",
        "disk_full": "The disk is nearly full: {free} free",
        "lease_lost": "Nobody has read the mailbox {subject} since {since}",
        "token_ending": "The login of {subject} ends {until}",
        "reconciliation_old": "The mailbox {subject} has not been reconciled since {since}",
    },
}
ONE = {
    "nb": {
        "unknown_replies": "Ett svar kan være sendt eller ikke: ingen vet det",
        "deadline_near": "Én oppsigelse har frist nå, og ingen har tatt den",
    },
    "en": {
        "unknown_replies": "One reply may have been sent or not: nobody knows",
        "deadline_near": "One termination is due now, and nobody has taken it on",
    },
}
FIRST: Mapping[str, Mapping[str, str]] = {
    "nb": {
        "oldest_mail": "Se med «processor status» om programmet arbeider, og i loggen etter «worker ended».",
        "mailbox_unread": "Kjør «processor doctor»: svarer tjeneren?",
        "login_failed": "Er passordet byttet? Skriv det nye der config.toml peker; det tas i bruk uten omstart.",
        "delivery_failing": "Kjør «processor doctor». Svarene venter i utboksen, og ingenting er tapt.",
        "breaker_open": "Se med «processor queue list» hva som utløste den, før «processor resume-answers».",
        "unknown_replies": "Se i mappen Sendt, og så «processor queue list».",
        "deadline_near": "Åpne sakene: {tickets}",
        "disk_full": "Rydd plass der databasen ligger. Uten plass tas ingen e-post inn, men den ligger trygt på tjeneren.",
        "lease_lost": "Går programmet på noen av maskinene, og når det databasen? Sist leste {holder}.",
        "token_ending": "Noen må logge inn på nytt: «processor login {subject}».",
        "reconciliation_old": "Se med «processor status» om programmet når postkassen.",
    },
    "en": {
        "oldest_mail": "See by `processor status` whether the program works, and the log for “worker ended”.",
        "mailbox_unread": "Run `processor doctor`: does the server answer?",
        "login_failed": "Was the password changed? Write the new one where config.toml points; no restart is needed.",
        "delivery_failing": "Run `processor doctor`. The replies wait in the outbox, and nothing is lost.",
        "breaker_open": "See by `processor queue list` what set it off, before `processor resume-answers`.",
        "unknown_replies": "Look into the Sent folder, then at `processor queue list`.",
        "deadline_near": "Open the tickets: {tickets}",
        "disk_full": "Make room where the database lies. Without it no mail is taken in, and none is lost.",
        "lease_lost": "Does the program run on any machine, and reach the database? {holder} read it last.",
        "token_ending": "Somebody must sign in anew: `processor login {subject}`.",
        "reconciliation_old": "See by `processor status` whether the program reaches the mailbox.",
    },
}
GONE = {
    "nb": "Innloggingen til {subject} kan ikke brukes: noen må logge inn på nytt",
    "en": "The login of {subject} cannot be used: somebody must sign in anew",
}
EVENTS = {
    "nb": {"raised": "ALARM", "repeated": "FORTSATT ALARM", "cleared": "OVER", "test": "PRØVE"},
    "en": {"raised": "ALARM", "repeated": "STILL ALARM", "cleared": "OVER", "test": "TEST"},
}
OTHER = {
    "nb": {
        "said": "Tjeneren sier: {said}",
        "since": "Alarmen gikk {raised}.",
        "over": "Alarmen gikk {raised} og er over {at}.",
        "page": "Hva den betyr og hva du gjør: {page}",
        "test": "Dette er en prøve",
        "test text": "En prøve av alarmene, bedt om med «processor alarms test». Ingenting er galt.",
    },
    "en": {
        "said": "The server says: {said}",
        "since": "The alarm was raised {raised}.",
        "over": "The alarm was raised {raised} and is over {at}.",
        "page": "What it means and what to do: {page}",
        "test": "This is a test",
        "test text": "A test of the alarms, asked for by `processor alarms test`. Nothing is wrong.",
    },
}


@dataclass(frozen=True, slots=True)
class Message:
    """What is told; ``id`` is the same at each try, so that a receiver knows one that comes twice."""

    id: str
    event: Event
    alarm: Alarm | None
    title: str
    text: str
    raised_at: datetime
    at: datetime

    @property
    def values(self) -> dict[str, object]:
        """As a program reads it."""
        return {
            "id": self.id,
            "event": self.event,
            "alarm": self.alarm.kind if self.alarm else "",
            "subject": self.alarm.subject if self.alarm else "",
            "title": self.title,
            "text": self.text,
            "facts": dict(self.alarm.facts) if self.alarm else {},
            "raised_at": self.raised_at.isoformat(),
            "at": self.at.isoformat(),
        }


def message(name: str, alarm: Alarm, event: Event, raised_at: datetime, at: datetime, language: str) -> Message:
    """What is said of an alarm.  ``name`` is the message's id; times are aware, and told in Oslo's."""
    told, lines = OTHER[language], []
    if event == "cleared":
        lines.append(told["over"].format(raised=_when(raised_at, language), at=_when(at, language)))
    else:
        lines.append(_filled(FIRST[language][alarm.kind], alarm, language))
        if alarm.facts.get("said"):
            lines.append(told["said"].format(said=alarm.facts["said"]))
        lines.append(told["since"].format(raised=_when(raised_at, language)))
    lines.append(told["page"].format(page=f"{PAGE}#{alarm.kind}"))
    title = f"{EVENTS[language][event]}: {headline(alarm, language)}"
    return Message(name, event, alarm, title, "\n".join(lines), raised_at, at)


def test_message(name: str, at: datetime, language: str) -> Message:
    """What is said to try the ways."""
    told = OTHER[language]
    return Message(name, "test", None, f"{EVENTS[language]['test']}: {told['test']}", told["test text"], at, at)


def headline(alarm: Alarm, language: str) -> str:
    """An alarm in one line, without whether it is raised or over."""
    one = ONE[language].get(alarm.kind) if alarm.facts.get("count") == "1" else None
    if alarm.kind == "token_ending" and not alarm.facts.get("until"):
        one = GONE[language]
    return _filled(one or WHAT[language][alarm.kind], alarm, language)


def _filled(text: str, alarm: Alarm, language: str) -> str:
    facts = {name: _said(name, value, language) for name, value in alarm.facts.items()}
    return text.format(subject=alarm.subject, **facts)


def _said(name: str, value: str, language: str) -> str:
    if name in ("since", "until") and value:
        return _when(datetime.fromisoformat(value), language)
    if name == "free":
        said = f"{int(value) / 1e9:.1f} GB"
        return said.replace(".", ",") if language == "nb" else said
    return value


def _when(at: datetime, language: str) -> str:
    here = at.astimezone(OSLO)
    return f"{here:%d.%m. kl. %H.%M}" if language == "nb" else f"{here:%d.%m. %H:%M}"
