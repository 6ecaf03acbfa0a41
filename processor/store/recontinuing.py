"""A mail that continues earlier items, corrected: what it did to them is taken back before it does something else.

What later steps made of it stays: only open actions are told anew, and each waits for a person again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from processor.gate import CHANGED, GATE
from processor.store import tables as t
from processor.store.actions import resolve_held
from processor.store.columns import canonical
from processor.store.events import Happening, write_event
from processor.store.gate import behind_gate
from processor.store.people import Person
from processor.store.staff_replies import OPEN_ACTIONS
from processor.ticket import ActionState, Decision

DROPPED = "corrected"
"""How an item stands that a person's correction left nothing of."""
COMPLETES = "completes"


@dataclass(frozen=True, slots=True)
class Continuing:
    """An item of a mail that continues an earlier one (``first``), which came with the mail ``mail_id``."""

    item_id: int
    type: str
    how: str
    first: int
    mail_id: int


def continuing(conn: Connection, mail_id: int) -> list[Continuing]:
    """The items of a mail that continue earlier ones."""
    i, first = t.item.c, t.item.alias("first")
    query = select(i.id, i.type, i.how, i.continues, first.c.mail_id).join(first, first.c.id == i.continues)
    query = query.where(i.mail_id == mail_id, i.how.not_in(("", DROPPED))).order_by(i.id)
    return [Continuing(*row) for row in conn.execute(query)]


def built_upon(conn: Connection, found: Sequence[Continuing]) -> bool:
    """Whether a later mail completed what one of these completes, so that the one cannot be taken from under it."""
    i = t.item.c
    for each in found:
        later = select(i.id).where(i.continues == each.first, i.how == COMPLETES, i.id > each.item_id)
        if each.how == COMPLETES and conn.execute(later.limit(1)).first() is not None:
            return True
    return False


def take_back(conn: Connection, found: Sequence[Continuing], was: Decision, person: Person, now: datetime) -> None:
    """Let go what the mail holds, and take what it told from the open actions of the items that it continues.

    What it completed is decided anew by itself, with the mail that it came with.
    """
    for each in found:
        resolve_held(conn, each.item_id, ActionState.WAITING, 0, person, now)
    for item in (each for each in was.items if each.how):
        told = dict(item.adds)
        if item.how == COMPLETES:
            # What its request knows without it, that request's own mail tells anew.
            told |= {name: value for action in item.actions for name, value in action.facts.items()}
        if "differs" in told:
            told[GATE] = CHANGED
        for action in _open_actions(conn, item.continues):
            facts = json.loads(action.facts)
            # No correction opens the gate: what shut it is seen to by two people, outside.
            shut = {GATE} if behind_gate(conn, action) else set()
            left = {name: value for name, value in facts.items() if told.get(name) != value or name in shut}
            if left != facts:
                _tell(conn, action, left, person, now)


def tell_completing(conn: Connection, item_id: int, columns: dict[str, object]) -> None:
    """Let the answers that completed an item know of it what is known now: they tell its deadline, and begin its form."""
    i = t.item.c
    account = json.loads(str(columns["evidence"]))["account"]
    rows = conn.execute(select(i.id, i.evidence).where(i.continues == item_id, i.how == COMPLETES)).all()
    told = {name: columns[name] for name in ("org_no", "customer_no", "known")}
    for row in rows:
        evidence = canonical({**json.loads(row.evidence), "account": account})
        conn.execute(update(t.item).where(i.id == row.id).values(evidence=evidence, **told))


def _open_actions(conn: Connection, item_ids: Sequence[int]) -> list[t.AnyRow]:
    a = t.action.c
    return list(conn.execute(select(t.action).where(a.item_id.in_(item_ids), a.state.in_(OPEN_ACTIONS)).order_by(a.id)))


def _tell(conn: Connection, action: t.AnyRow, facts: dict[str, str], person: Person, now: datetime) -> None:
    held = action.state == ActionState.HELD.value
    state = action.state if held else ActionState.WAITING.value
    changed = {"version": action.version + 1, "changed_by": person.name, "changed_at": now}
    values = {"facts": canonical(facts), "state": state, **changed}
    conn.execute(update(t.action).where(t.action.c.id == action.id).values(values))
    subjects = {"ticket_id": action.ticket_id, "action_id": action.id}
    write_event(conn, Happening("action.told", person.name, now, **subjects))
