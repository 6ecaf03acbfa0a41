"""What was understood of a mail, as it stands in the form in which staff correct it; and what a correction changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Any

from processor.contract import Contract
from processor.deciding.corrected import NAMES, in_words
from processor.deciding.staff_words import STATUS
from processor.desk.action_words import SOON, action_words
from processor.desk.asking import Asked, Desk
from processor.desk.language import N_, translations
from processor.desk.wording import Wording
from processor.findings import Form, Understanding
from processor.steps.redeciding import understood
from processor.store.past import REDECIDED
from processor.store.redecidable import CannotCorrectError, standing_of
from processor.store.restoring import restored
from processor.store.ticket_view import TicketView
from processor.ticket import Context, Decision, Item

TYPES, FIELDS, RULE, DEADLINE, ACTIONS = (
    N_("Types"),
    N_("Fields"),
    N_("Rule"),
    N_("Deadline"),
    N_("Actions"),
)
AROUND = "…"
"""Stands for lines of a letter that stay as they are."""
Say = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Telling:
    """How types, words and times are told to the person who reads."""

    title: Callable[[str], str]
    say: Say
    when: Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class Beside:
    """A field that the attached form and the mail both name; ``differs`` if they do not say the same."""

    name: str
    form: str
    mail: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One thing before and after a correction, each in lines; ``what`` is a word (English)."""

    what: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corrected:
    """The last correction of a mail: by whom, when, and what it changed.

    ``letter`` are the lines of the proposed reply that differ, each with "-" or "+", and ``AROUND`` between them.
    """

    by: str
    at: datetime
    changes: tuple[Change, ...]
    reply: str
    letter: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Understood:
    """The form's values; ``stamp`` is how the mail stood when they were read.

    ``takes_up``: the mail answers what was asked for, and the values are those of the request; ``continues``: it
    repeats an earlier request or takes one back.
    """

    mail_id: int
    stamp: str
    types: tuple[str, ...]
    fields: Mapping[str, str]
    contracts: tuple[Contract, ...]
    beside: tuple[Beside, ...]
    takes_up: bool = False
    continues: bool = False


def correcting(desk: Desk, asked: Asked, view: TicketView, mail_id: int, told: str) -> dict[str, Any]:
    """What the page of a ticket needs for the form: its values, the known products, and the last correction."""
    said = translations(asked.language)
    wording = Wording(asked.language, said, desk.clock())
    rulebook = desk.rules.rulebook()
    return {
        "understood": understood_of(desk, mail_id, told, wording.say) if mail_id else None,
        "known_products": [each.name for each in rulebook.products] if rulebook else [],
        "corrected": correction_of(
            view,
            mail_id,
            Telling(lambda type: desk.rules.title(type, asked.language), wording.say, wording.when),
        ),
    }


def understood_of(desk: Desk, mail_id: int, told: str, say: Say) -> Understood | None:
    """What stands in the form; None for a mail that cannot be corrected, since it was never decided or is erased."""
    try:
        stands = standing_of(desk.engine, mail_id)
    except CannotCorrectError:
        return None
    said = understood(told, stands)
    if said is None:
        return None
    context = restored(Context, json.loads(told)["context"])
    fields = {name: value for name, (value,) in _fields(said, say).items()}
    types = tuple(each.type for each in said.requests)
    beside = tuple(_beside(said)) if said.form else ()
    return Understood(
        mail_id, stands.stamp, types, fields, context.contracts, beside, bool(stands.takes_up), bool(stands.hows)
    )


def correction_of(view: TicketView, mail_id: int, tell: Telling) -> Corrected | None:
    """The last correction of a mail, None if there was none or its words were erased."""
    found = [each for each in view.events if each.kind == REDECIDED and each.mail_id == mail_id]
    if not found or not found[-1].text:
        return None
    last, told = found[-1], json.loads(found[-1].text)
    before, after = told["before"], told
    changes = _changes(before, after, tell)
    letters = [_reply(restored(Decision, each["decision"])) for each in (before, after)]
    return Corrected(last.actor, last.at, tuple(changes), str(last.data.get("reply", "")), tuple(_letter(*letters)))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], tell: Telling) -> Iterator[Change]:
    was, now = restored(Decision, before["decision"]), restored(Decision, after["decision"])
    sides = [restored(Understanding, each["understanding"]) for each in (before, after)]
    types, fields = ([_types(each, tell) for each in sides], [_fields(each, tell.say) for each in sides])
    pairs = (
        (TYPES, types[0], types[1]),
        *((name, fields[0][name], fields[1][name]) for name in NAMES),
        (RULE, (was.rule,), (now.rule,)),
        (DEADLINE, tuple(_deadlines(was, tell.say)), tuple(_deadlines(now, tell.say))),
        (ACTIONS, tuple(_actions(was.items, tell)), tuple(_actions(now.items, tell))),
    )
    for what, one, other in pairs:
        if one != other:
            yield Change(what, tuple(filter(None, one)), tuple(filter(None, other)))


def _types(said: Understanding, tell: Telling) -> tuple[str, ...]:
    return tuple(tell.title(each.type) for each in said.requests)


def _fields(said: Understanding, say: Say) -> dict[str, tuple[str]]:
    values = {name: getattr(said.fields, name) for name in NAMES}
    return {name: (say(SOON) if value == "asap" else in_words(value),) for name, value in values.items()}


def _deadlines(decision: Decision, say: Say) -> Iterator[str]:
    found = decision.deadline
    days = [found.last_service_day] if found.last_service_day else [each.last_service_day for each in found.candidates]
    yield " / ".join(f"{day:%d.%m.%Y}" for day in days if isinstance(day, date))
    yield say(STATUS[found.status]) if found.status != "unknown" else ""


def _actions(items: tuple[Item, ...], tell: Telling) -> Iterator[str]:
    for item in items:
        for each in item.actions:
            words = f"{action_words(each.kind, tell.say)} – {tell.when(each.due)}"
            yield words + (f" ({item.org_no})" if item.org_no else "")


def _reply(decision: Decision) -> tuple[str, ...]:
    return tuple(decision.reply.text.split("\n")) if decision.reply else ()


def _letter(before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The lines that differ, with what was left out between them."""
    if before == after:
        return
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            yield " ", AROUND
            continue
        yield from (("-", line) for line in before[a:b] if line)
        yield from (("+", line) for line in after[c:d] if line)


def _beside(said: Understanding) -> Iterator[Beside]:
    """The form's fields beside those that the mail's own words name (threats T24)."""
    form = said.form or Form("")
    written: dict[str, list[str]] = {}
    for name, found in said.field_evidence:
        if found.where in ("subject", "body"):
            written.setdefault(name, []).append(found.text)
    pairs = (
        ("company", form.company),
        ("org_no", form.org_no),
        ("customer_no", form.customer_no),
        ("domains", ", ".join(form.domains)),
        ("emails", form.email),
    )
    for name, value in pairs:
        mail = ", ".join(dict.fromkeys(written.get(name, ())))
        if value or mail:
            yield Beside(name, value, mail, bool(value and mail) and _bare(value) != _bare(mail))


def _bare(value: str) -> set[str]:
    return {"".join(each.split()).casefold().removeprefix("www.") for each in value.split(",")}
