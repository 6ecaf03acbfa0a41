"""Items and their actions, written for a batch of decided mails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection

from processor.store import tables as t
from processor.store.columns import canonical
from processor.store.continuing import action_row, continue_item, known_columns
from processor.store.decided import Landing, Record
from processor.store.inserting import insert_for_ids, insert_rows
from processor.ticket import Item

PROVENANCE_RISK = {"proven": 0, "unproven": 2, "forged": 3}


def insert_items(conn: Connection, fresh: Sequence[tuple[Record, Landing]]) -> dict[int, list[int]]:
    """Write items with their actions; gives each mail's item ids in the decision's order."""
    each = [(r, landing, item) for r, landing in fresh for item in r.decision.items]
    if not each:
        return {}
    item_ids = insert_for_ids(conn, t.item, [item_row(r, landing, item) for r, landing, item in each])
    found: dict[int, list[int]] = defaultdict(list)
    actions: list[dict[str, object]] = []
    for (r, landing, item), item_id in zip(each, item_ids, strict=True):
        found[r.mail_id].append(item_id)
        # What completes or repeats an item has no action of its own: the first one's is told.
        if item.how in ("", "withdraws", "may_withdraw"):
            actions += [action_row(r, landing, action, item_id) for action in item.actions]
        if item.how:
            continue_item(conn, r, landing, item, item_id)
    insert_rows(conn, t.action, actions)
    return found


def item_row(r: Record, landing: Landing, item: Item) -> dict[str, object]:
    """A new item's columns."""
    return {
        "ticket_id": landing.ticket_id,
        "mail_id": r.mail_id,
        "type": item.type,
        "how": item.how,
        "continues": item.continues[0] if item.continues else None,
        "arrived_at": item.arrival,
        **known_columns(item),
        "confidence": item.confidence,
        "risk": _risk(r, item),
        "evidence": canonical(
            {
                "requests": [q.evidence for q in r.understanding.requests if q.type == item.type],
                "fields": r.understanding.field_evidence,
                "account": item.account,
            }
        ),
    }


def _risk(r: Record, item: Item) -> int:
    dangerous = 4 if any(action.needs == "two_staff" for action in item.actions) else 0
    return dangerous + PROVENANCE_RISK[r.decision.provenance.result] + (r.decision.outcome == "review")
