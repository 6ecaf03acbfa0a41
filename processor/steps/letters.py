"""Letters that no new mail brings about: what staff confirm.  The first mail is read once more for them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.engine import Engine

from processor.config import Config
from processor.deciding.authenticity import judge
from processor.deciding.calendar import OSLO
from processor.deciding.case import Case
from processor.deciding.compose import confirmation
from processor.deciding.identity import reply_message_id
from processor.findings import Understanding
from processor.message import Extracted
from processor.pipeline import read_mail
from processor.rulebook import RenderError, Rulebook
from processor.store.confirming import GONE, LEFT, About, about_item
from processor.store.restoring import restored
from processor.store.staff_replies import Letter
from processor.ticket import Context


class CannotError(Exception):
    """The letter cannot be made; the words are for staff."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What staff have registered, as they give it."""

    last_day: date
    access_until: date | None = None


def template_of(rulebook: Rulebook, about: About, action_kind: str) -> str:
    """The confirmation that leaves when an action of this kind is done, ``""`` for none."""
    kind = rulebook.types.get(about.type)
    rows = [row for row in kind.rows if row.name == about.rule] if kind else []
    return next((each.confirm for row in rows for each in row.actions if each.kind == action_kind), "")


def case_of(about: About, rulebook: Rulebook) -> Case:
    """The case of an item's first mail, with all that is known by now; raises CannotError for an erased one."""
    if about.fault:
        raise CannotError(f"the mail's bytes are {about.fault}, so nothing can be written about it")
    if not about.raw or not about.told:
        raise CannotError("the mail is erased, so nothing can be written about it")
    stored = json.loads(about.told)
    context = restored(Context, stored["context"])
    known = about.known
    fields = replace(known.fields, org_no=(about.org_no,)) if about.org_no else known.fields
    said = restored(Understanding, stored["understanding"])
    understanding = replace(said, fields=fields, role=known.role, topics=known.topics)
    # Its files were read when it was decided; a letter needs its header alone.
    message = read_mail(about.raw, lambda *_: Extracted())
    own = rulebook.own_addresses | {each.lower() for each in context.own_addresses}
    provenance = judge(message, context.authserv_ids, own, context.signatures)
    return Case(message, understanding, provenance, context, rulebook, own, since=about.arrival)


def _check_days(facts: Facts, about: About) -> None:
    """Raise CannotError for days that can hardly be meant: a slip of the pen would stand in a letter."""
    last, until = facts.last_day, facts.access_until
    if about.arrival and last < (came := about.arrival.astimezone(OSLO).date()):
        raise CannotError(f"the last day, {last:%d.%m.%Y}, lies before the notice came, {came:%d.%m.%Y}")
    if until and until < last:
        raise CannotError(f"the access would end, {until:%d.%m.%Y}, before the last day, {last:%d.%m.%Y}")


def confirming(engine: Engine, config: Config, rulebook: Rulebook, item_id: int, template: str, facts: Facts) -> Letter:
    """The confirmation of an item; raises CannotError.  A second one names the one before, which it corrects."""
    about = about_item(engine, item_id)
    if about is None:
        raise CannotError("there is no such item")
    case = case_of(about, rulebook)
    if case.provenance.result == "forged":
        raise CannotError(f"the sender is forged: {case.provenance.why}")
    _check_days(facts, about)
    waiting = [each for each in about.issued if each.state not in LEFT | GONE]
    if waiting:
        raise CannotError(f"r{waiting[0].outbox_id} has not left yet; reject it first")
    before = [each for each in about.issued if each.state in LEFT]
    corrects = before[-1].at if before else None
    try:
        reply = confirmation(template, case, facts.last_day, facts.access_until, corrects)
    except RenderError as error:
        raise CannotError(f"the letter cannot be made: {error}") from error
    issue = 1 + max((each.issue for each in about.issued), default=0)
    smtp = config.smtp
    domain = smtp.from_address.rpartition("@")[2] if smtp else "processor.invalid"
    name = f"confirmation/{about.type}/{about.org_no}/{issue}"
    message_id = reply_message_id(config.key, case.message.letter, name, domain)
    return Letter(item_id, "confirmation", issue, reply, message_id, smtp.envelope_from if smtp else "")
