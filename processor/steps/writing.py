"""What a person writes to a customer: a question for exactly what is lacking, a saved reply, or their own words.

Questions and saved replies are the operator's templates, in the customer's language: ``templates/saved/`` holds what
staff choose from, and a gap in it is ``[…]``.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.engine import Engine

from processor.config import Config
from processor.deciding.case import Case
from processor.deciding.compose import Part, compose
from processor.deciding.identity import reply_message_id
from processor.deciding.lacking import lacking
from processor.findings import Understanding
from processor.masking import masked
from processor.message import Extracted
from processor.pipeline import read_mail
from processor.rulebook import RenderError, Row, Rulebook
from processor.steps.letters import CannotError, case_of
from processor.store.confirming import About, about_item
from processor.store.drafting import Draft
from processor.store.forwarding import File
from processor.store.past import past_mails
from processor.store.restoring import restored
from processor.store.staff_replies import Letter
from processor.ticket import Known, Reply

SAVED = "saved/"
GAP = "[…]"
NOTHING_LACKS = "the rules ask for nothing that the customer has not told"
NO_RULES = "the rules cannot be read just now"
FORGED = "the sender is forged, so nothing is written to them"
NOBODY = "the mail names nobody to write to"
NO_WORDS = "write a subject and a text"
OPEN_GAP = "fill in what stands as […]"
NO_MAIL = "there is no such mail, or its bytes are gone"
NO_SAVED = "there is no such saved reply"
REASONS = (NOTHING_LACKS, NO_RULES, FORGED, NOBODY, NO_WORDS, OPEN_GAP, NO_MAIL, NO_SAVED)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Words to begin from; ``asks`` is what a question asks for."""

    subject: str
    text: str
    language: str
    asks: tuple[str, ...] = ()


def question(engine: Engine, rulebook: Rulebook | None, item_id: int) -> Prepared:
    """The question for what an item lacks by its rule; CannotError where there is nothing to ask."""
    about = about_item(engine, item_id)
    if rulebook is None or about is None:
        raise CannotError(NO_RULES if rulebook is None else NOTHING_LACKS)
    case = _not_forged(case_of(about, rulebook))
    row = _row(about, rulebook)
    asks = lacking(row.asks, case) if row else ()
    if row is None or not asks or not row.reply:
        raise CannotError(NOTHING_LACKS)
    return _prepared(Part(row, (about.org_no,) if about.org_no else ()), case, asks)


def saved(engine: Engine, rulebook: Rulebook | None, mail_id: int, name: str) -> Prepared:
    """A saved reply as it begins for this mail's customer; CannotError for one that is unknown or fails."""
    if rulebook is None:
        raise CannotError(NO_RULES)
    template = f"{SAVED}{name}"
    if template not in rulebook.languages:
        raise CannotError(NO_SAVED)
    row = Row(template, "", lambda _: True, template, "answer", ())
    return _prepared(Part(row), _not_forged(_case(engine, rulebook, mail_id)), ())


def saved_names(rulebook: Rulebook | None) -> list[str]:
    """The saved replies there are."""
    found = rulebook.languages if rulebook else {}
    return sorted(name.removeprefix(SAVED) for name in found if name.startswith(SAVED))


def in_own_words(made: Letter, text: str) -> Letter:
    """A letter as a person has changed its text; the same where they changed nothing, CannotError for an open gap."""
    text = text.replace("\r\n", "\n").strip()[:50_000]
    if not text or text == made.reply.text.strip():
        return made
    if GAP in text:
        raise CannotError(OPEN_GAP)
    return replace(made, reply=replace(made.reply, text=f"{masked(text)}\n", html=""))


def letter(
    engine: Engine,
    config: Config,
    mail_id: int,
    words: tuple[str, str],
    files: Sequence[File],
    item_id: int | None = None,
    asks: tuple[str, ...] = (),
) -> Draft:
    """A person's letter (subject and text) to the writer of a mail, ready to be drafted; CannotError, in words."""
    subject, text = " ".join(words[0].split())[:500], words[1].strip()
    if not subject or not text:
        raise CannotError(NO_WORDS)
    if GAP in text or GAP in subject:
        raise CannotError(OPEN_GAP)
    stored = next(iter(past_mails(engine, mail_id, mail_id, None, history=True)), None)
    if stored is None or stored.raw is None:
        raise CannotError(NO_MAIL)
    message = read_mail(stored.raw, lambda *_: Extracted())
    if message.sender is None:
        raise CannotError(NOBODY)
    if _forged(stored.told):
        raise CannotError(FORGED)
    if stored.ticket_no not in subject:
        subject = f"[{stored.ticket_no}] {subject}"
    smtp = config.smtp
    domain = smtp.from_address.rpartition("@")[2] if smtp else "processor.invalid"
    reply = Reply("", "question" if asks else "answer", "", message.sender.spec, subject, f"{text}\n", "")
    return Draft(
        mail_id=mail_id,
        reply=reply,
        # Two letters of the same words are two letters.
        message_id=reply_message_id(config.key, message.letter, f"written/{secrets.token_hex(8)}", domain),
        envelope_from=smtp.envelope_from if smtp else "",
        message=message,
        files=tuple(files),
        item_id=item_id,
        asks=asks,
    )


def _row(about: About, rulebook: Rulebook) -> Row | None:
    kind = rulebook.types.get(about.type)
    return next((row for row in kind.rows if row.name == about.rule), None) if kind else None


def _prepared(part: Part, case: Case, asks: tuple[str, ...]) -> Prepared:
    try:
        reply = compose([part], case)
    except RenderError as error:
        raise CannotError(f"the letter cannot be made: {error}") from error
    return Prepared(reply.subject, reply.text, reply.language, asks)


def _not_forged(case: Case) -> Case:
    if case.provenance.result == "forged":
        raise CannotError(FORGED)
    return case


def _case(engine: Engine, rulebook: Rulebook, mail_id: int) -> Case:
    stored = next(iter(past_mails(engine, mail_id, mail_id, None, history=True)), None)
    if stored is None or stored.raw is None or not stored.told:
        raise CannotError(NO_MAIL)
    said = restored(Understanding, json.loads(stored.told)["understanding"])
    known = Known(said.fields, said.role, said.topics)
    return case_of(About(0, "", "", "", known, None, stored.raw, stored.told, None, ()), rulebook)


def _forged(told: str) -> bool:
    return bool(told) and json.loads(told)["decision"]["provenance"]["result"] == "forged"
