"""A ticket on one page: the mail, what was understood of it, and what will happen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from starlette.responses import Response

from processor.desk.answering import page
from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.conversation import conversation, withdrawn
from processor.desk.mail_pages import html_of, images_of, is_program
from processor.desk.mailbox_rights import only_seen
from processor.desk.marking import Passage, Span, marked, passages
from processor.desk.notices import told
from processor.desk.prepared import writing
from processor.desk.present import others_present
from processor.desk.proposals import Proposal, day_of, proposal
from processor.desk.queue_pages import view_of
from processor.desk.timeline import Timeline, timeline
from processor.desk.understood import correcting
from processor.desk.warnings import brought, warnings
from processor.message import Extracted, Message
from processor.pipeline import read_mail
from processor.steps.letters import CannotError
from processor.store.gate_view import Standing, gate_standing
from processor.store.notes import holder_of
from processor.store.other_tickets import other_tickets
from processor.store.past import past_mails
from processor.store.queue import ticket as stored_ticket
from processor.store.queue_page import Key
from processor.store.recontinuing import DROPPED
from processor.store.reinstating import reinstatable
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.ticket_view import ActionView, ItemView, TicketView

KINDS = ("requests", "fields")


@dataclass(frozen=True, slots=True)
class Shown:
    """The mail that is shown, with its evidence marked; ``message`` is None where its bytes are gone, or do not open: then ``fault``."""

    mail_id: int
    message: Message | None
    subject: object
    passages: list[Passage]
    because: tuple[str, ...]
    provenance: str
    programs: frozenset[str]
    told: str = ""
    fault: str = ""
    pictures: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What a person typed or chose in a form that came to nothing, so that it is there again."""

    action: int = 0
    reply: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    detail: str = ""
    mail: int = 0
    by: str = ""
    at: datetime | None = None


def ticket(desk: Desk, asked: Asked) -> Response:
    """The page of a ticket."""
    return show(desk, asked, asked.params["number"].strip().upper())


def letter(desk: Desk, asked: Asked) -> Response:
    """The letter that an action would send, for the day that is being typed."""
    try:
        proposed = proposal(desk, asked.number("action"), day_of(asked.query.get("last_day", "")))
    except CannotError as cannot:
        proposed = Proposal(cannot=str(cannot))
    return page(desk, asked, "letter.html", proposed=proposed)


def show(desk: Desk, asked: Asked, number: str, kept: Kept | None = None, status: int = 200) -> Response:
    """The page of a ticket; ``kept`` is what a form that was refused held."""
    view = stored_ticket(desk.engine, number)
    if view is None:
        raise Refusal(404, "There is no such ticket.")
    view = only_seen(desk.engine, view, asked.account.scope)
    kept = kept or Kept()
    action = _focus(view, asked, kept)
    item = next((each for each in view.items if action is not None and each.id == action.item_id), None)
    item = item or next((each for each in view.items if each.how != DROPPED), None)
    shown = _shown(desk, view, asked, item)
    proposed = _proposed(desk, action, kept)
    kin, more = other_tickets(desk.engine, number, asked.account.scope)
    values: dict[str, Any] = {
        "ticket": view,
        "action": action,
        "item": item,
        "shown": shown,
        "proposed": proposed,
        "timeline": _timeline(view, item, desk),
        "warnings": [
            *brought(desk.engine, view),
            *warnings(view, item, action, shown.provenance if shown else "", asked.person.name),
        ],
        "entries": conversation(view),
        "withdrawn": withdrawn(view),
        "reinstatable": reinstatable(desk.engine, [each.id for each in withdrawn(view)]),
        "others": [each for each in view.actions if action is None or each.id != action.id],
        "holder": holder_of(desk.engine, view.id),
        "present": others_present(desk, asked, desk.lookout.look()).get(view.number, ()),
        "gate": _gate(desk, action),
        "now": desk.clock(),
        "kept": kept,
        "forward_to": desk.config.desk.forward_to,
        "several": len([each for each in view.mails if not each.duplicate]) > 1,
        "kin": kin,
        "more_kin": more,
        "notice": told(desk, asked),
        "view": view_of(asked),
        "key": _key(action, item, view),
        "title": desk.rules.title,
        "titles": desk.rules.titles(),
        "twins": desk.rules.twins(),
        "open_states": OPEN_ACTIONS,
        **writing(desk, asked, view, shown.mail_id if shown else 0, item.id if item else None, kept.fields),
        **correcting(desk, asked, view, shown.mail_id if shown else 0, shown.told if shown else ""),
    }
    return page(desk, asked, "ticket.html", status, **values)


def _gate(desk: Desk, action: ActionView | None) -> Standing | None:
    """How far an open action behind the gate has come."""
    return gate_standing(desk.engine, action.id) if action and action.state.value in OPEN_ACTIONS else None


def _focus(view: TicketView, asked: Asked, kept: Kept) -> ActionView | None:
    """The action that the page is about: the one asked for, else the first that is open."""
    wanted = str(kept.action) if kept.action else asked.query.get("action", "")
    by_id = {str(each.id): each for each in view.actions}
    still_open = (each for each in view.actions if each.state.value in OPEN_ACTIONS)
    return by_id.get(wanted) or next(still_open, None)


def _key(action: ActionView | None, item: ItemView | None, view: TicketView) -> str:
    """Behind which row of the queue the next ticket comes."""
    return str(Key(action.due, item.risk if item else 0, action.id) if action else Key(None, 0, view.id))


def _shown(desk: Desk, view: TicketView, asked: Asked, item: ItemView | None) -> Shown | None:
    ids = [each.id for each in view.mails if not each.duplicate]
    wanted = asked.query.get("mail", "")
    usual = item.mail_id if item else (ids[-1] if ids else 0)
    mail_id = next((each for each in ids if str(each) == wanted), usual)
    stored = next(iter(past_mails(desk.engine, mail_id, mail_id, None, history=True)), None)
    if stored is None:
        return None
    told = json.loads(stored.told) if stored.told else {}
    decision = told.get("decision", {})
    because = tuple(decision.get("because", ()))
    provenance = decision.get("provenance", {}).get("why", "")
    if stored.raw is None:
        return Shown(mail_id, None, "", [], because, provenance, frozenset(), stored.told, stored.fault)
    message = read_mail(stored.raw, lambda *_: Extracted())
    spans = [span for each in view.items if each.mail_id == mail_id for span in _spans(each)]
    subject = marked(message.subject, 0, len(message.subject), [s for place, s in spans if place == "subject"])
    body = passages(message, [span for place, span in spans if place == "body"])
    programs = frozenset(each.digest for each in message.attachments if is_program(each))
    pictures = message.has_html and bool(images_of(html_of(stored.raw)))
    return Shown(mail_id, message, subject, body, because, provenance, programs, stored.told, pictures=pictures)


def _spans(item: ItemView) -> list[tuple[str, Span]]:
    """Where the evidence of an item lies: in the subject or the body."""
    found = [(each, "for", each["rule"]) for spans in item.evidence.get("requests", []) for each in spans]
    found += [(each, "field", name) for name, each in item.evidence.get("fields", [])]
    places = ("subject", "body")
    return [
        (each["where"], Span(each["start"], each["end"], kind, why))
        for each, kind, why in found
        if each["where"] in places and each["end"] > each["start"] and each.get("weight", 1.0) > 0
    ]


def _proposed(desk: Desk, action: ActionView | None, kept: Kept) -> Proposal:
    if action is None or action.state.value not in OPEN_ACTIONS:
        return Proposal()
    try:
        wanted = day_of(kept.fields.get("last_day", ""))
        until = day_of(kept.fields.get("access_until", ""))
    except CannotError:
        # The step has said why; what the button promises stays what it was, with what was typed in its field.
        return replace(proposal(desk, action.id), reply=None)
    return proposal(desk, action.id, wanted, until)


def _timeline(view: TicketView, item: ItemView | None, desk: Desk) -> Timeline | None:
    deadline = item.account.deadline if item and item.account else None
    arrived = min((each.arrived_at for each in view.mails), default=view.opened_at)
    return timeline(deadline, arrived, desk.clock()) if deadline else None
