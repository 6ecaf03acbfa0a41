"""The parts of a decision to one letter.

Checked fields alone enter a letter: nothing of the sender's free text does (threat T35).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from processor.deciding import wording
from processor.deciding.case import Case
from processor.deciding.domains import aligned
from processor.deciding.lacking import lacking
from processor.deciding.looked_up import lookup_values
from processor.deciding.quantity import asked
from processor.rulebook import RenderError, ReplyKind, Row
from processor.ticket import Reply

LAYOUT = "general/letter"
NEUTRAL = "general/received"
WEIGHT: Mapping[ReplyKind, int] = {"receipt": 0, "answer": 1, "question": 2, "confirmation": 3}
FALLBACK = "nb"
NAMES = {"nb": "bokmål", "nn": "nynorsk", "en": "English", "sv": "Swedish", "da": "Danish"}
NUMBER = re.compile(r"[0-9]{3,12}")
INVOICE = re.compile(r"(?:INV)?[0-9]{3,12}")
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9\-]{0,40}[a-z0-9])?\.){1,4}[a-z]{2,12}")
PRODUCT = re.compile(r"[^\W_][\w .&\-]{1,60}")


@dataclass(frozen=True, slots=True)
class Part:
    """A row's reply as it goes into the letter, with the organisations that it speaks of."""

    row: Row
    org_nos: tuple[str, ...] = ()


def compose(parts: Sequence[Part], case: Case) -> Reply:
    """Render the parts as one letter to the sender, the main part first; raises RenderError."""
    language = _language([part.row.reply for part in parts], case)
    values = _values(case, language) | {"asks": _asks(parts, case)}
    rendered = [_rendered(part.row.reply, part.org_nos, values, language, case) for part in parts]
    kind = max((part.row.reply_kind for part in parts), key=WEIGHT.__getitem__)
    return _letter(rendered, parts[0].row.reply, kind, values, language, case)


def neutral(case: Case) -> Reply:
    """The receipt that says nothing of what we understood, nor of whose mail it is; raises RenderError."""
    language = _language([NEUTRAL], case)
    values = _silent_values(case, language)
    return _letter([_rendered(NEUTRAL, (), values, language, case)], NEUTRAL, "receipt", values, language, case)


def confirmation(
    template: str,
    case: Case,
    last_day: date,
    access_until: date | None = None,
    corrects: datetime | None = None,
) -> Reply:
    """The letter that says what staff have registered; raises RenderError.

    Only *done* by a person releases one (design.md); ``last_day`` is what that person registered.  One that
    corrects another names when that one was sent (aware).
    """
    language = _language([template], case)
    values = _values(case, language) | {
        "last_day": wording.in_words(last_day, language),
        "access_until": wording.in_words(access_until, language) if access_until else "",
        "corrects": wording.moment_in_words(corrects, language) if corrects else "",
    }
    part = _rendered(template, case.understanding.fields.org_no, values, language, case)
    return _letter([part], template, "confirmation", values, language, case)


def _rendered(
    template: str, org_nos: Sequence[str], values: Mapping[str, object], language: str, case: Case
) -> dict[str, str]:
    numbers = tuple(filter(None, map(wording.org_no_in_words, org_nos)))
    own: dict[str, object] = {"org_nos": numbers, "org_no": wording.org_nos_in_words(numbers, language)}
    if len(numbers) > 1:
        # One company's name before the numbers of several would be wrong.
        own["company"] = ""
    heading, body, _ = case.rulebook.render(
        template, language, {**values, **own, **lookup_values(org_nos, case, language)}
    )
    return {"heading": heading, "body": body}


def _letter(
    parts: list[dict[str, str]],
    template: str,
    kind: ReplyKind,
    values: Mapping[str, object],
    language: str,
    case: Case,
) -> Reply:
    if case.message.sender is None:
        raise RenderError("nobody to write to")
    heading, number = parts[0]["heading"], case.context.ticket_no
    subject = f"[{number}] {heading}" if number else heading
    _, text, html = case.rulebook.render(LAYOUT, language, {**values, "parts": parts, "subject": subject})
    return Reply(template, kind, language, case.message.sender.spec, subject, text, html)


def _language(templates: Sequence[str], case: Case) -> str:
    """The writer's language if every part exists in it; else bokmål, which every part has."""
    wanted, languages = case.understanding.language, case.rulebook.languages
    return wanted if all(wanted in languages.get(each, ()) for each in templates) else FALLBACK


def fallback(reply: Reply | None, case: Case) -> str:
    """Why the letter is not in the language of the mail, in a sentence; "" where it is."""
    wanted = case.understanding.language
    if reply is None or reply.language == wanted:
        return ""
    return f"The letter has no {NAMES[wanted]} text, so it is answered in {NAMES[reply.language]}."


def _values(case: Case, language: str) -> dict[str, object]:
    """The values of a part and of the layout; the templates' documentation lists them."""
    understanding, sender = case.understanding, case.message.sender
    fields = understanding.fields
    company = wording.company_in_words(fields.company)
    customer_no = wording.strict(fields.customer_no, NUMBER, 1)
    domain = sender.domain if sender else ""
    return _silent_values(case, language) | {
        "company": company,
        "products": wording.strict(fields.products, PRODUCT, 8),
        "invoice_nos": wording.strict(fields.invoice_no, INVOICE),
        "customer_no": customer_no[0] if customer_no else "",
        # A stranger's domain would be a link of theirs in our letter.
        "domains": tuple(each for each in wording.strict(fields.domains, DOMAIN) if aligned(each, domain)),
        "users": fields.users,
        "calculations": tuple(
            wording.calculation_in_words(each, language) for each in asked(case.message, understanding).calculations
        ),
        "plural": bool(company or fields.org_no) or (domain not in case.rulebook.public_domains),
        "name": wording.first_name(sender.name) if sender else "",
        "flags": understanding.flags,
        "topics": understanding.topics,
    }


def _silent_values(case: Case, language: str) -> dict[str, object]:
    """The values of a letter that says nothing of what was understood, nor of whose mail it is."""
    context = case.context
    answered = wording.moment_in_words(context.arrival, language)
    return {
        "ticket_no": context.ticket_no,
        "received": wording.moment_in_words(case.since, language) if case.since else answered,
        "answered": answered,
        "company": "",
        "products": (),
        "invoice_nos": (),
        "customer_no": "",
        "domains": (),
        "users": 0,
        "calculations": (),
        "plural": False,
        "name": "",
        "team": context.team,
        "flags": (),
        "topics": (),
        "asks": (),
        "last_day": "",
        "access_until": "",
        "corrects": "",
    }


def _asks(parts: Sequence[Part], case: Case) -> tuple[str, ...]:
    """What the parts ask for, each once, without what the mail says already."""
    return lacking((ask for part in parts for ask in part.row.asks), case)
