"""What staff see: the queue, the next thing to do first, and a ticket with all that belongs to it."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, func, or_, select

from processor.store import tables as t
from processor.store.action_result import ActionResult, Outcome
from processor.store.actions import approve, done, reject, set_ticket_state
from processor.store.replies import OBSERVE, UNDO
from processor.store.restoring import restored
from processor.store.staff_replies import OPEN_ACTIONS, approve_reply, cancel_reply, edit_reply, issue_confirmation
from processor.store.ticket_view import DECIDED, TicketView, ticket, withheld_of
from processor.store.transaction import reading
from processor.store.visible import Scope, within
from processor.ticket import Deadline, OutboxState, TicketState

__all__ = [
    "ActionResult",
    "Outcome",
    "QueueRow",
    "TicketView",
    "Unsent",
    "approve",
    "approve_reply",
    "cancel_reply",
    "done",
    "edit_reply",
    "issue_confirmation",
    "queue",
    "reject",
    "set_ticket_state",
    "ticket",
    "unsent",
]

UNSENT = (OutboxState.DRAFT, OutboxState.HELD, OutboxState.UNKNOWN, OutboxState.FAILED, OutboxState.BOUNCED)
WAITED_OUT = (OBSERVE, UNDO)
"""Why a reply is held that needs nobody: it never leaves, or it leaves by itself in a few seconds."""
NOTICE = "termination"


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One thing to do: an open action, or an open ticket without one (``action_id`` and ``due`` are None then).

    ``withheld`` names the guard that took away the reply to the ticket's newest mail, ``""`` if none did.
    ``deadline`` is the notice's under a known contract, None where none is known.
    """

    ticket_id: int
    ticket_no: str
    ticket_state: TicketState
    sender: str
    company: str
    subject: str
    provenance: str
    outcome: str
    type: str
    org_no: str
    confidence: float
    risk: int
    action_id: int | None
    action_kind: str
    needs: str
    action_state: str
    due: datetime | None
    drafts: int
    withheld: str
    deadline: Deadline | None = None
    snoozed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unsent:
    """A reply that waits for a person: it did not leave by itself, or we do not know whether it arrived."""

    outbox_id: int
    ticket_no: str
    state: OutboxState
    kind: str
    to: str
    subject: str
    reason: str
    at: datetime


def queue(
    engine: Engine,
    *,
    type: str | None = None,
    needs: str | None = None,
    state: str | None = None,
    due_before: datetime | None = None,
    search: str = "",
    limit: int = 200,
) -> list[QueueRow]:
    """What is to be done, by due time, the riskier first among equals; tickets without an action last.

    ``state`` is an action's; ``search`` is sought in number, sender, company and subject.
    """
    a, i, k = t.action.c, t.item.c, t.ticket.c
    filters: list[ColumnElement[bool]] = []
    filters += [i.type == type] if type is not None else []
    filters += [a.needs == needs] if needs is not None else []
    filters += [a.state == state] if state is not None else []
    filters += [a.due < due_before] if due_before is not None else []
    filters += [_contains(search)] if search else []
    query = _queue_query().where(or_(a.id.is_not(None), k.state == TicketState.OPEN.value), awake(), *filters)
    ordered = query.order_by(a.due.nulls_last(), func.coalesce(i.risk, 0).desc(), k.id, a.id).limit(limit)
    with reading(engine) as conn:
        return to_rows(conn, conn.execute(ordered).all())


def unsent(engine: Engine, limit: int = 200, scope: Scope = None) -> list[Unsent]:
    """Replies that are drafts, held, unknown, failed or bounced, oldest first; not what waits for nobody (WAITED_OUT)."""
    o = t.outbox.c
    query = select(o.id, o.ticket_no, o.state, o.kind, o.to_addr, o.subject, o.hold_reason, o.error, o.changed_at)
    query = (
        query.where(o.state.in_([s.value for s in UNSENT]), o.hold_reason.not_in(WAITED_OUT))
        .where(*within(scope, o.ticket_id))
        .order_by(o.id)
        .limit(limit)
    )
    with reading(engine) as conn:
        return [
            Unsent(
                r.id,
                r.ticket_no,
                OutboxState(r.state),
                r.kind,
                r.to_addr,
                r.subject,
                r.error or r.hold_reason,
                r.changed_at,
            )
            for r in conn.execute(query)
        ]


def awake() -> ColumnElement[bool]:
    """The condition of a ticket that it does not sleep."""
    return t.ticket.c.state != TicketState.SNOOZED.value


def _queue_query() -> Select[*tuple[object, ...]]:
    a, i, k = t.action.c, t.item.c, t.ticket.c
    # Without an open action, the ticket's first item speaks for it.
    first = select(func.min(i.id)).where(i.ticket_id == k.id).correlate(t.ticket).scalar_subquery()
    return (
        select(*columns())
        .select_from(t.ticket)
        .outerjoin(t.action, and_(a.ticket_id == k.id, a.state.in_(OPEN_ACTIONS)))
        .outerjoin(t.item, i.id == func.coalesce(a.item_id, first))
    )


def columns() -> list[ColumnElement[Any]]:
    """What a row of the queue is made of, out of the tables ticket, item and action."""
    a, i, k, o = t.action.c, t.item.c, t.ticket.c, t.outbox.c
    drafts = select(func.count()).where(o.ticket_id == k.id, o.state == OutboxState.DRAFT.value).scalar_subquery()
    about = [
        k.id.label("ticket_id"),
        k.number,
        k.state.label("ticket_state"),
        k.sender,
        k.company,
        k.subject,
        k.snoozed_until,
    ]
    found = [k.provenance, k.outcome, i.id.label("item_id"), i.type, i.org_no, i.confidence, i.risk]
    return [*about, *found, a.id.label("action_id"), a.kind, a.needs, a.state, a.due, drafts.label("drafts")]


def to_rows(conn: Connection, rows: Sequence[t.AnyRow]) -> list[QueueRow]:
    """Rows of ``columns`` with what the events and the contracts tell about them."""
    withheld = _withheld(conn, {row.ticket_id for row in rows})
    deadlines = deadlines_of(conn, {row.item_id for row in rows if row.type == NOTICE})
    return [_queue_row(row, withheld.get(row.ticket_id, ""), deadlines.get(row.item_id)) for row in rows]


def _withheld(conn: Connection, ticket_ids: Collection[int]) -> dict[int, str]:
    """The guard that took away the reply to each ticket's newest mail."""
    e = t.event.c
    newest = select(func.max(e.id)).where(e.ticket_id.in_(ticket_ids), e.kind == DECIDED).group_by(e.ticket_id)
    query = select(e.ticket_id, e.data).where(e.id.in_(newest))
    return {row.ticket_id: withheld_of(json.loads(row.data)) for row in conn.execute(query)}


def deadlines_of(conn: Connection, item_ids: Collection[int]) -> dict[int, Deadline]:
    """The deadline of each notice whose contract is known; that of an answer that completed it comes before its own."""
    i = t.item.c
    mine = or_(i.id.in_(item_ids), and_(i.continues.in_(item_ids), i.how == "completes"))
    found = {}
    for row in conn.execute(select(i.id, i.how, i.continues, i.evidence).where(mine).order_by(i.id)):
        account = json.loads(row.evidence).get("account") or {}
        if (told := account.get("deadline")) and told["status"] != "unknown":
            found[row.continues if row.how == "completes" else row.id] = restored(Deadline, told)
    return found


def _contains(words: str) -> ColumnElement[bool]:
    k = t.ticket.c
    places = (k.number, k.sender, k.company, k.subject)
    return or_(*(place.icontains(words, autoescape=True) for place in places))


def _queue_row(row: t.AnyRow, withheld: str, deadline: Deadline | None) -> QueueRow:
    return QueueRow(
        ticket_id=row.ticket_id,
        ticket_no=row.number,
        ticket_state=TicketState(row.ticket_state),
        sender=row.sender,
        company=row.company,
        subject=row.subject,
        provenance=row.provenance,
        outcome=row.outcome,
        type=row.type or "",
        org_no=row.org_no or "",
        confidence=row.confidence or 0.0,
        risk=row.risk or 0,
        action_id=row.action_id,
        action_kind=row.kind or "",
        needs=row.needs or "",
        action_state=row.state or "",
        due=row.due,
        drafts=row.drafts,
        withheld=withheld,
        deadline=deadline,
        snoozed_until=row.snoozed_until,
    )
