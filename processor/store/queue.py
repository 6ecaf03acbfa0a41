"""What staff see first: the queue, with the next thing to do in its first row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, and_, exists, func, or_, select

from processor.store import tables as t
from processor.store.actions import ActionResult, Outcome, approve, done, reject, set_ticket_state
from processor.store.replies import OBSERVE
from processor.store.staff_replies import (
    OPEN_ACTIONS,
    ReplyResult,
    approve_reply,
    cancel_reply,
    edit_reply,
    issue_confirmation,
    resend_reply,
)
from processor.store.ticket_view import TicketView, ticket
from processor.store.transaction import reading
from processor.ticket import ActionState, MailState, OutboxState, TicketState

__all__ = [
    "ActionResult",
    "Outcome",
    "QueueRow",
    "ReplyResult",
    "TicketView",
    "approve",
    "approve_reply",
    "cancel_reply",
    "done",
    "edit_reply",
    "issue_confirmation",
    "queue",
    "reject",
    "resend_reply",
    "set_ticket_state",
    "ticket",
]

WAITING_REPLIES = tuple(
    s.value for s in (OutboxState.DRAFT, OutboxState.HELD, OutboxState.UNKNOWN, OutboxState.FAILED, OutboxState.BOUNCED)
)
NOTE_LENGTH = 200


class QueueRow(NamedTuple):
    """One thing that waits for a person.

    ``id`` is a letter and a number: an action (a7), a reply that did not leave (r7), an open ticket
    without either (t7), a mail that was set aside (m7).  ``due`` is an action's due time; the others
    were due when they came.
    """

    id: str
    ticket_no: str
    what: str
    state: str
    due: datetime
    who: str
    note: str
    type: str = ""
    org_no: str = ""
    subject: str = ""
    needs: str = ""
    provenance: str = ""
    outcome: str = ""
    confidence: float = 0.0
    risk: int = 0


def queue(
    engine: Engine,
    *,
    only: str = "artm",
    type: str = "",
    due_before: datetime | None = None,
    search: str = "",
    limit: int = 200,
) -> list[QueueRow]:
    """What is to be done, by due time, the riskier first among equals.

    ``only`` names the letters wanted; ``type`` is a request type; ``search`` is sought in number,
    sender, company and subject.  Replies of level observe are not in it: nobody need do anything.
    """
    found: list[QueueRow] = []
    with reading(engine) as conn:
        if "a" in only:
            found += _actions(conn, type, search, limit)
        if "r" in only:
            found += _replies(conn, type, search, limit)
        if "t" in only:
            found += _tickets(conn, type, search, limit)
        if "m" in only and not type and not search:
            found += _mails(conn, limit)
    wanted = [row for row in found if due_before is None or row.due < due_before]
    return sorted(wanted, key=lambda row: (row.due, -row.risk, row.id))[:limit]


def _actions(conn: Connection, type: str, search: str, limit: int) -> Iterator[QueueRow]:
    a = t.action.c
    query = _about_ticket(t.action, a.item_id, a.kind, a.needs, a.state, a.due, a.reason)
    query = query.where(a.state.in_(OPEN_ACTIONS), *_filters(type, search)).order_by(a.due, a.id).limit(limit)
    for row in conn.execute(query):
        notes = ["the sender is not proven"] if row.provenance != "proven" else []
        if row.needs == "two_staff":
            seconded = row.state == ActionState.SECONDED.value
            notes.append("one of two people has approved" if seconded else "needs two people")
        yield _row("a", row, row.kind, row.state, row.due, "; ".join(notes), row.needs)


def _replies(conn: Connection, type: str, search: str, limit: int) -> Iterator[QueueRow]:
    o = t.outbox.c
    query = _about_ticket(t.outbox, o.item_id, o.kind, o.state, o.created_at, o.hold_reason, o.error)
    waits = and_(o.state.in_(WAITING_REPLIES), o.hold_reason != OBSERVE)
    for row in conn.execute(query.where(waits, *_filters(type, search)).order_by(o.id).limit(limit)):
        yield _row("r", row, f"{row.kind} to send", row.state, row.created_at, row.error or row.hold_reason)


def _tickets(conn: Connection, type: str, search: str, limit: int) -> Iterator[QueueRow]:
    k, i = t.ticket.c, t.item.c
    first = select(func.min(i.id)).where(i.ticket_id == k.id).correlate(t.ticket).scalar_subquery()
    listed = or_(
        exists().where(t.action.c.ticket_id == k.id, t.action.c.state.in_(OPEN_ACTIONS)),
        exists().where(
            t.outbox.c.ticket_id == k.id, t.outbox.c.state.in_(WAITING_REPLIES), t.outbox.c.hold_reason != OBSERVE
        ),
    )
    query = select(k.id, k.state, k.changed_at, *_TICKET, *_ITEM)
    query = query.select_from(t.ticket).outerjoin(t.item, i.id == first)
    query = query.where(k.state == TicketState.OPEN.value, ~listed, *_filters(type, search))
    for row in conn.execute(query.order_by(k.changed_at, k.id).limit(limit)):
        note = "no rule was sure" if row.outcome == "review" else ""
        yield _row("t", row, "read and answer", row.state, row.changed_at, note)


def _mails(conn: Connection, limit: int) -> Iterator[QueueRow]:
    m = t.mail.c
    query = select(m.id, m.account, m.folder, m.state, m.arrived_at, m.reason)
    aside = and_(m.state == MailState.SET_ASIDE.value, ~m.digest.startswith("arriving:"))
    for row in conn.execute(query.where(aside).order_by(m.id).limit(limit)):
        last_line = row.reason.strip().rpartition("\n")[2][:NOTE_LENGTH]
        place = f"{row.account}/{row.folder}"
        yield QueueRow(f"m{row.id}", "", "mail set aside", row.state, row.arrived_at, place, last_line)


_TICKET = tuple(t.ticket.c[name] for name in ("number", "sender", "company", "subject", "provenance", "outcome"))
_ITEM = tuple(t.item.c[name] for name in ("type", "org_no", "confidence", "risk"))


def _about_ticket(table: Table, item_id: ColumnElement[int], *columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    query = select(table.c.id, *columns, *_TICKET, *_ITEM).select_from(table)
    return query.join(t.ticket, t.ticket.c.id == table.c.ticket_id).outerjoin(t.item, t.item.c.id == item_id)


def _filters(type: str, search: str) -> list[ColumnElement[bool]]:
    k = t.ticket.c
    filters: list[ColumnElement[bool]] = [t.item.c.type == type] if type else []
    places = (k.number, k.sender, k.company, k.subject)
    return filters + ([or_(*(place.icontains(search, autoescape=True) for place in places))] if search else [])


def _row(letter: str, row: t.AnyRow, what: str, state: str, due: datetime, note: str, needs: str = "") -> QueueRow:
    return QueueRow(
        id=f"{letter}{row.id}",
        ticket_no=row.number,
        what=what,
        state=state,
        due=due,
        who=row.company or row.sender,
        note=note[:NOTE_LENGTH],
        type=row.type or "",
        org_no=row.org_no or "",
        subject=row.subject,
        needs=needs,
        provenance=row.provenance,
        outcome=row.outcome,
        confidence=row.confidence or 0.0,
        risk=row.risk or 0,
    )
