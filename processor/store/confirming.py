"""What a confirmation is made of: the item, its first mail and decision, and the confirmations before it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, func, or_, select

from processor.ciphers import NotOpenedError
from processor.store import tables as t
from processor.store.past import DECIDED, REDECIDED
from processor.store.restoring import restored
from processor.store.sealed import opened, with_keys
from processor.store.transaction import reading
from processor.ticket import Account, ActionState, Deadline, Known, OutboxState

LEFT = {OutboxState.SENDING, OutboxState.SENT, OutboxState.UNKNOWN, OutboxState.BOUNCED}
GONE = {OutboxState.CANCELLED, OutboxState.FAILED}


@dataclass(frozen=True, slots=True)
class Issued:
    """An earlier confirmation of the item; ``at`` is when it left, or last changed."""

    outbox_id: int
    issue: int
    state: OutboxState
    at: datetime


@dataclass(frozen=True, slots=True)
class About:
    """An item that is to be confirmed.  ``raw`` and ``told`` are empty where the mail was erased.

    ``fault`` says why ``raw`` is empty where the bytes are there and do not open.
    """

    item_id: int
    type: str
    org_no: str
    rule: str
    known: Known
    arrival: datetime | None
    raw: bytes
    told: str
    deadline: Deadline | None
    issued: tuple[Issued, ...]
    fault: str = ""


def about_item(source: Engine | Connection, item_id: int) -> About | None:
    """All that a letter about an item needs, None if there is no such item."""
    i, e, r = t.item.c, t.event.c, t.raw_mail.c
    told = (
        select(t.event_text.c.text)
        .join(t.event, e.id == t.event_text.c.event_id)
        .where(e.mail_id == i.mail_id, e.kind.in_((DECIDED, REDECIDED)))
        .order_by(e.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = with_keys(
        select(t.item, r.content, r.whole, told.label("told"))
        .join_from(t.item, t.mail, t.mail.c.id == i.mail_id)
        .outerjoin(t.raw_mail, r.mail_id == i.mail_id)
    )
    with reading(source) as conn:
        row = conn.execute(query.where(i.id == item_id)).first()
        if row is None:
            return None
        raw, fault = b"", ""
        try:
            raw = opened(conn, row, row.content) if row.content and row.whole else b""
        except NotOpenedError as error:
            fault = str(error)
        return About(
            item_id=row.id,
            type=row.type,
            org_no=row.org_no,
            rule=row.rule,
            known=restored(Known, json.loads(row.known)) if row.known else Known(),
            arrival=row.arrived_at,
            raw=raw,
            fault=fault,
            told=row.told or "",
            deadline=_deadline(conn, item_id),
            issued=_issued(conn, item_id),
        )


def item_of_action(source: Engine | Connection, action_id: int) -> tuple[int, str] | None:
    """The item of an action and the action's kind."""
    with reading(source) as conn:
        row = conn.execute(select(t.action.c.item_id, t.action.c.kind).where(t.action.c.id == action_id)).first()
    return (row.item_id, row.kind) if row else None


def confirmed_actions(engine: Engine, ticket_no: str) -> list[int]:
    """For each item of a ticket with a confirmation, the last of its actions that is done."""
    a, o, k = t.action.c, t.outbox.c, t.ticket.c
    confirmed = select(o.item_id).where(o.kind == "confirmation", o.item_id.is_not(None))
    query = (
        select(func.max(a.id))
        .join(t.ticket, k.id == a.ticket_id)
        .where(k.number == ticket_no, a.state == ActionState.DONE.value, a.item_id.in_(confirmed))
        .group_by(a.item_id)
    )
    with reading(engine) as conn:
        return sorted(conn.execute(query).scalars())


def _deadline(conn: Connection, item_id: int) -> Deadline | None:
    """The item's deadline by a contract: the newest of the mails that make it up."""
    i = t.item.c
    mine = or_(i.id == item_id, (i.continues == item_id) & (i.how == "completes"))
    for (evidence,) in conn.execute(select(i.evidence).where(mine).order_by(i.id.desc())):
        account = json.loads(evidence or "{}").get("account")
        found = restored(Account, account).deadline if account else None
        if found is not None and found.last_service_day:
            return found
    return None


def _issued(conn: Connection, item_id: int) -> tuple[Issued, ...]:
    o = t.outbox.c
    query = select(o.id, o.issue, o.state, o.attempted_at, o.changed_at).where(
        o.item_id == item_id, o.kind == "confirmation"
    )
    return tuple(
        Issued(row.id, row.issue, OutboxState(row.state), row.attempted_at or row.changed_at)
        for row in conn.execute(query.order_by(o.issue))
    )
