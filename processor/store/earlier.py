"""The earlier items that a mail may continue: those of its ticket, and those of the same customer."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, or_, select

from processor.store import tables as t
from processor.store.context import bounded_address
from processor.store.prepared import Query
from processor.store.restoring import restored
from processor.store.staff_replies import OPEN_ACTIONS
from processor.ticket import ActionState, Earlier, Known, TicketState

MOST = 50
_NEWEST = Query(select(func.coalesce(func.max(t.item.c.id), 0)))
OVER = {ActionState.REJECTED.value, ActionState.SUPERSEDED.value}
OSLO = ZoneInfo("Europe/Oslo")


@dataclass(frozen=True, slots=True)
class Found:
    """An earlier item and the ticket in which it lies."""

    item: Earlier
    ticket_id: int
    ticket_no: str
    ticket_sender: str


def items_of_ticket(conn: Connection, ticket_id: int) -> list[Found]:
    """The items of a ticket that stand by themselves and are not over, oldest first."""
    return _found(conn, t.item.c.ticket_id == ticket_id)


def items_of_customer(
    conn: Connection, types: Collection[str], org_nos: Collection[str], customer_nos: Collection[str], sender: str
) -> list[Found]:
    """The items of these types with one of the numbers, or in a ticket of the sender; the newest MOST, oldest first."""
    if not types:
        return []
    i = t.item.c
    who: list[ColumnElement[bool]] = [i.org_no.in_(sorted(org_nos))] if org_nos else []
    who += [i.customer_no.in_(sorted(customer_nos))] if customer_nos else []
    who += [t.ticket.c.sender == bounded_address(sender)] if sender else []
    return _found(conn, i.type.in_(sorted(types)), or_(*who)) if who else []


def newest_item(conn: Connection) -> int:
    """The id of the newest item, 0 if there is none."""
    return int(_NEWEST.value(conn))


def _found(conn: Connection, *conditions: ColumnElement[bool]) -> list[Found]:
    i, k = t.item.c, t.ticket.c
    query = (
        select(t.item, k.number, k.sender, k.state.label("ticket_state"))
        .join_from(t.item, t.ticket, i.ticket_id == k.id)
        .where(i.how == "", i.arrived_at.is_not(None), k.state != TicketState.MERGED.value, *conditions)
        .order_by(i.id.desc())
        .limit(MOST)
    )
    rows = list(reversed(conn.execute(query).all()))
    actions = _actions(conn, [row.id for row in rows])
    return [
        Found(_earlier(row, actions.get(row.id, [])), row.ticket_id, row.number, row.sender)
        for row in rows
        if not _over(actions.get(row.id, []))
    ]


def _actions(conn: Connection, item_ids: Sequence[int]) -> dict[int, list[t.AnyRow]]:
    found: dict[int, list[t.AnyRow]] = {}
    if item_ids:
        for row in conn.execute(select(t.action).where(t.action.c.item_id.in_(item_ids)).order_by(t.action.c.id)):
            found.setdefault(row.item_id, []).append(row)
    return found


def _over(actions: Sequence[t.AnyRow]) -> bool:
    return bool(actions) and all(each.state in OVER for each in actions)


def _earlier(row: t.AnyRow, actions: Sequence[t.AnyRow]) -> Earlier:
    waiting = any(each.state in OPEN_ACTIONS for each in actions)
    return Earlier(
        item_id=row.id,
        type=row.type,
        org_no=row.org_no,
        rule=row.rule,
        template=row.template,
        confidence=row.confidence,
        arrival=row.arrived_at,
        known=restored(Known, json.loads(row.known)) if row.known else Known(),
        asks=tuple(row.asks.split()),
        open=waiting or (not actions and row.ticket_state != TicketState.CLOSED.value),
        stands="; ".join(_stands(each, row.number) for each in actions if each.state not in OVER),
    )


def _stands(action: t.AnyRow, ticket_no: str) -> str:
    """An action for staff: "a3 register_termination in VS-7K3M-9QX4: done by Kari, 27.11.2026"."""
    said = f"a{action.id} {action.kind} in {ticket_no}: {ActionState(action.state).in_words}"
    by = f" by {action.changed_by}, {action.changed_at.astimezone(OSLO):%d.%m.%Y}" if action.changed_by else ""
    return said + (by if action.state != ActionState.WAITING.value else "")
