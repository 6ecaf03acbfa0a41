"""What a mail changes in earlier items: it completes one, repeats one, or puts what it takes back on hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, insert, select, update

from processor.gate import CHANGED, GATE, of_gate
from processor.store import tables as t
from processor.store.columns import canonical
from processor.store.decided import Landing, OvertakenRequestError, Record
from processor.store.events import Happening, write_event
from processor.store.staff_replies import OPEN_ACTIONS
from processor.ticket import Action, ActionState, Item

ACTOR = "record"


def continue_item(conn: Connection, r: Record, landing: Landing, item: Item, item_id: int) -> None:
    """Change what the item continues; ``item_id`` is its own row, which keeps its evidence."""
    if item.how == "completes":
        _complete(conn, r, landing, item)
    elif item.how == "repeats":
        rows = _open_actions(conn, item.continues)
        if not rows and _had_actions(conn, item.continues):
            # Staff were quicker: it repeats nothing now, and is decided anew.  One whose rule asks for no
            # action is repeated all the same, and would be for ever.
            raise OvertakenRequestError(r.mail_id)
        for row in rows:
            # What is said otherwise may be what was approved.
            anew = "differs" in item.adds
            _tell(conn, r, row, {**item.adds, **({GATE: CHANGED} if anew else {})}, anew=anew)
        if item.asks:
            asked = {"asks": " ".join(item.asks), "follow_up_at": item.follow_up_at}
            conn.execute(update(t.item).where(t.item.c.id.in_(item.continues)).values(asked))
    elif item.how == "withdraws":
        for row in _open_actions(conn, item.continues):
            _hold(conn, r, row, item, item_id)
    elif item.how == "may_withdraw":
        for row in _open_actions(conn, item.continues):
            # Whoever approved it did not know, and looks again; nothing is held on a guess.
            _tell(conn, r, row, item.adds, anew=True)
    data = {"how": item.how, "item": item_id, "items": list(item.continues)}
    write_event(
        conn, Happening("item.continued", ACTOR, r.now, mail_id=r.mail_id, ticket_id=landing.ticket_id, data=data)
    )


def known_columns(item: Item) -> dict[str, object]:
    """The columns of an item that say what its customer has told and still lacks.

    What one that repeats another lacks is the other's to wait for.
    """
    numbers = item.known.fields.customer_no
    joins = item.how == "repeats"
    return {
        "org_no": item.org_no,
        "customer_no": numbers[0] if numbers else "",
        "rule": item.rule,
        "template": item.template,
        "known": canonical(item.known),
        "asks": "" if joins else " ".join(item.asks),
        "follow_up_at": None if joins else item.follow_up_at,
    }


def action_row(r: Record, landing: Landing, action: Action, item_id: int) -> dict[str, object]:
    """A new action's columns."""
    return {
        "ticket_id": landing.ticket_id,
        "item_id": item_id,
        "kind": action.kind,
        "needs": action.needs,
        "state": ActionState.WAITING.value,
        "due": action.due,
        "facts": canonical(dict(action.facts)),
        "changed_at": r.now,
    }


def _complete(conn: Connection, r: Record, landing: Landing, item: Item) -> None:
    """The first item gets what it lacked; its action stays, is told the new facts, and is due anew."""
    (first,) = item.continues
    conn.execute(update(t.item).where(t.item.c.id == first).values(known_columns(item)))
    waiting = {row.kind: row for row in _open_actions(conn, item.continues)}
    for action in item.actions:
        row = waiting.pop(action.kind, None)
        if row is None:
            conn.execute(insert(t.action), action_row(r, landing, action, first))
        else:
            _tell(
                conn,
                r,
                row,
                {**action.facts, **json.loads(row.facts), **item.adds, **of_gate(action.facts)},
                anew=True,
                due=action,
            )
    for row in waiting.values():
        # The rule that holds now asks for something else.
        _change(conn, r, row, {"state": ActionState.SUPERSEDED.value}, "action.superseded")


def _tell(
    conn: Connection, r: Record, row: t.AnyRow, facts: Mapping[str, str], *, anew: bool, due: Action | None = None
) -> None:
    values: dict[str, object] = {"facts": canonical({**json.loads(row.facts), **facts})}
    if due is not None:
        values["due"] = max(row.due, due.due)
    if anew and row.state != ActionState.HELD.value:
        values["state"] = ActionState.WAITING.value
    _change(conn, r, row, values, "action.told")


def _hold(conn: Connection, r: Record, row: t.AnyRow, item: Item, item_id: int) -> None:
    facts = canonical({**json.loads(row.facts), **item.adds})
    values = {"facts": facts, "state": ActionState.HELD.value, "held_by": item_id}
    _change(conn, r, row, values, "action.held")


def _open_actions(conn: Connection, item_ids: Sequence[int]) -> list[t.AnyRow]:
    a = t.action.c
    query = select(t.action).where(a.item_id.in_(item_ids), a.state.in_(OPEN_ACTIONS)).order_by(a.id)
    return list(conn.execute(query.with_for_update()))


def _had_actions(conn: Connection, item_ids: Sequence[int]) -> bool:
    a = t.action.c
    return conn.execute(select(a.id).where(a.item_id.in_(item_ids)).limit(1)).first() is not None


def _change(conn: Connection, r: Record, row: t.AnyRow, values: Mapping[str, object], event: str) -> None:
    a = t.action.c
    changed = {"version": a.version + 1, "changed_by": ACTOR, "changed_at": r.now, **values}
    conn.execute(update(t.action).where(a.id == row.id).values(changed))
    subjects = {"mail_id": r.mail_id, "ticket_id": row.ticket_id, "action_id": row.id}
    write_event(conn, Happening(event, ACTOR, r.now, **subjects))
