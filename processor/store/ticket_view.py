"""A ticket with all that belongs to it, as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, select

from processor.store import tables as t
from processor.store.colleagues import ColleagueView, colleague_views
from processor.store.context import whole_ticket
from processor.store.events import Event
from processor.store.restoring import restored
from processor.store.story import story
from processor.store.transaction import reading
from processor.ticket import Account, ActionState, MailState, OutboxState, TicketState

DECIDED = "mail.decided"
NO_REPLY = "no_reply"


@dataclass(frozen=True, slots=True)
class MailView:
    """One mail of the ticket; ``duplicate`` is another arrival of an equal letter.

    ``withheld`` names the guard that took its reply away, ``""`` if none did.  It arrived during an outage of
    ``outage_hours``, 0 outside of one.  It names the ticket ``may_belong_to`` and may not join it.  ``own``: we, or a
    colleague, wrote it, which an archive told.
    """

    id: int
    state: MailState
    message_id: str | None
    account: str
    folder: str
    arrived_at: datetime
    size: int
    duplicate: bool
    withheld: str
    outage_hours: int = 0
    may_belong_to: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class ItemView:
    """``evidence`` has the spans that spoke for the type under ``requests``, and those of ``fields``.

    ``account`` is the customer by the register with the deadline, None where neither was asked for.
    """

    id: int
    mail_id: int
    type: str
    org_no: str
    rule: str
    template: str
    confidence: float
    risk: int
    evidence: Mapping[str, Any]
    account: Account | None
    how: str = ""
    continues: int | None = None
    asks: tuple[str, ...] = ()
    follow_up_at: datetime | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """One person's yes."""

    person: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ActionView:
    """``version`` is what an approval must name; ``approvals`` are those of this version."""

    id: int
    item_id: int
    kind: str
    needs: str
    state: ActionState
    due: datetime
    facts: Mapping[str, str]
    version: int
    reason: str
    changed_by: str
    changed_at: datetime
    approvals: tuple[ApprovalView, ...]


@dataclass(frozen=True, slots=True)
class ReplyView:
    """One outbox row of the ticket, with its words."""

    id: int
    item_id: int | None
    kind: str
    issue: int
    state: OutboxState
    hold_reason: str
    approved_by: str
    to: str
    subject: str
    text: str
    html: str
    template: str
    language: str
    message_id: str
    created_at: datetime
    changed_at: datetime
    error: str
    response: str


@dataclass(frozen=True, slots=True)
class TicketView:
    """The ticket, its parts in the order in which they came."""

    id: int
    number: str
    state: TicketState
    sender: str
    company: str
    subject: str
    language: str
    provenance: str
    outcome: str
    version: int
    opened_at: datetime
    changed_at: datetime
    mails: tuple[MailView, ...]
    items: tuple[ItemView, ...]
    actions: tuple[ActionView, ...]
    replies: tuple[ReplyView, ...]
    events: tuple[Event, ...]
    merged_into: str = ""
    snoozed_until: datetime | None = None
    colleagues: tuple[ColleagueView, ...] = ()


def ticket(source: Engine | Connection, ticket_no: str) -> TicketView | None:
    """Everything about a ticket, oldest first; None if there is no such number."""
    with reading(source) as conn:
        row = conn.execute(select(t.ticket).where(t.ticket.c.number == ticket_no)).first()
        if row is None:
            return None
        happened = story(conn, row.id)
        decided = {each.mail_id: each.data for each in happened if each.kind == DECIDED}
        return TicketView(
            id=row.id,
            number=row.number,
            state=TicketState(row.state),
            sender=row.sender,
            company=row.company,
            subject=row.subject,
            language=row.language,
            provenance=row.provenance,
            outcome=row.outcome,
            version=row.version,
            opened_at=row.opened_at,
            changed_at=row.changed_at,
            mails=tuple(_mail(r, decided.get(r.id, {})) for r in conn.execute(_of(t.mail, row.id))),
            items=tuple(_item(r) for r in conn.execute(_of(t.item, row.id))),
            actions=_actions(conn, row.id),
            replies=tuple(_reply(r) for r in conn.execute(_of(t.outbox, row.id))),
            events=tuple(happened),
            merged_into=whole_ticket(conn, row.id).number if row.merged_into else "",
            snoozed_until=row.snoozed_until,
            colleagues=colleague_views(conn, row.id),
        )


def _of(table: Table, ticket_id: int) -> Select[*tuple[Any, ...]]:
    return select(table).where(table.c.ticket_id == ticket_id).order_by(table.c.id)


def withheld_of(decided: Mapping[str, Any]) -> str:
    """The guard that a DECIDED event's data names, but for a rule that meant to send nothing."""
    guard = str(decided.get("withheld", ""))
    return "" if guard == NO_REPLY else guard


def _mail(r: t.AnyRow, decided: Mapping[str, Any]) -> MailView:
    where = (r.id, MailState(r.state), r.message_id, r.account, r.folder, r.arrived_at, r.size, r.duplicate)
    told = (withheld_of(decided), int(decided.get("outage_hours", 0)), str(decided.get("may_belong_to", "")))
    return MailView(*where, *told, r.own)


def _item(r: t.AnyRow) -> ItemView:
    evidence = json.loads(r.evidence)
    told = evidence.get("account")
    account = restored(Account, told) if told else None
    said = (r.id, r.mail_id, r.type, r.org_no, r.rule, r.template, r.confidence, r.risk, evidence, account)
    return ItemView(*said, r.how, r.continues, tuple(r.asks.split()), r.follow_up_at, r.answered_at)


def _actions(conn: Connection, ticket_id: int) -> tuple[ActionView, ...]:
    p = t.approval.c
    given = (
        select(p.action_id, p.version, p.at, t.person.c.name)
        .join_from(t.approval, t.person)
        .join(t.action, t.action.c.id == p.action_id)
        .where(t.action.c.ticket_id == ticket_id)
        .order_by(p.id)
    )
    approvals = conn.execute(given).all()
    return tuple(
        ActionView(
            id=r.id,
            item_id=r.item_id,
            kind=r.kind,
            needs=r.needs,
            state=ActionState(r.state),
            due=r.due,
            facts=json.loads(r.facts),
            version=r.version,
            reason=r.reason,
            changed_by=r.changed_by,
            changed_at=r.changed_at,
            approvals=tuple(
                ApprovalView(g.name, g.at) for g in approvals if (g.action_id, g.version) == (r.id, r.version)
            ),
        )
        for r in conn.execute(_of(t.action, ticket_id))
    )


def _reply(r: t.AnyRow) -> ReplyView:
    return ReplyView(
        id=r.id,
        item_id=r.item_id,
        kind=r.kind,
        issue=r.issue,
        state=OutboxState(r.state),
        hold_reason=r.hold_reason,
        approved_by=r.approved_by,
        to=r.to_addr,
        subject=r.subject,
        text=r.text,
        html=r.html,
        template=r.template,
        language=r.language,
        message_id=r.message_id,
        created_at=r.created_at,
        changed_at=r.changed_at,
        error=r.error,
        response=r.response,
    )
