"""A mail that a person corrected, recorded as it was decided anew: its items and actions change where they stand.

What a correction makes different waits for a person again, so that nobody's yes stands for what they never saw.  What
has left is never called back, and a reply that a person has written is left to them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from processor.gate import CHANGED as CHANGED_SINCE
from processor.gate import GATE
from processor.store import tables as t
from processor.store.actions import resolve_held
from processor.store.columns import canonical
from processor.store.continuing import action_row, continue_item
from processor.store.corrections import RETYPED
from processor.store.decided import Landing, OvertakenRequestError, Record
from processor.store.events import Happening, write_event
from processor.store.gate import behind_gate
from processor.store.items import item_row
from processor.store.past import REDECIDED
from processor.store.people import Person
from processor.store.recontinuing import DROPPED, built_upon, continuing, take_back, tell_completing
from processor.store.redecidable import BUILT_UPON, CHANGED, CONTINUES, CannotCorrectError, free, items_of, standing_of
from processor.store.redecided_reply import reply_anew
from processor.store.repeating import revive_repeats
from processor.store.search import find_also
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.transaction import commit
from processor.ticket import Action, ActionState, Decision, Item, TicketState

KEPT_COLUMNS = ("ticket_id", "mail_id", "how", "continues", "arrived_at", "follow_up_at")
OWN = ("", "withdraws", "may_withdraw")
"""How an item stands that has actions of its own."""


@dataclass(frozen=True, slots=True)
class Redecided:
    """What came of it: how many actions are new, changed and dropped, and what became of the reply.

    ``mail_id`` is the mail that was decided anew: of an answer that completed a request, the one that it came with.
    """

    new: int
    changed: int
    dropped: int
    reply: str
    mail_id: int = 0


@dataclass(frozen=True, slots=True)
class Anew:
    """A mail as it is decided anew: ``before`` is the JSON that was stored with the decision until now, ``changed``
    what the person corrected."""

    record: Record
    before: str
    changed: tuple[str, ...] = ()


def record_anew(engine: Engine, r: Record, before: str, seen: str, changed: Sequence[str], person: Person) -> Redecided:
    """Record a mail as it was decided anew, in one transaction; CannotCorrectError where that cannot be.

    ``before`` is the JSON that was stored with the decision until now, ``changed`` what the person corrected.
    """
    return commit(engine, lambda conn: _record(conn, Anew(r, before, tuple(changed)), seen, person))


def record_continuing(
    engine: Engine, anew: Anew, seen: str, firsts: Sequence[Anew], was: Decision, person: Person
) -> Redecided:
    """Record a mail that continued earlier ones as it was decided anew, in one transaction.

    What it did to them until now (``was``) is taken back first; ``firsts`` are the mails whose requests it completed,
    decided without it.
    """

    def work(conn: Connection) -> Redecided:
        r = anew.record
        ticket_id = free(conn, r.mail_id, seen, person)
        found = continuing(conn, r.mail_id)
        if built_upon(conn, found):
            raise CannotCorrectError(BUILT_UPON)
        take_back(conn, found, was, person, r.now)
        own = update(t.item).where(t.item.c.id.in_([each.item_id for each in found]))
        # Each is a request of its own, until it is seen what it continues now.
        conn.execute(own.values(how="", continues=None, arrived_at=None))
        for each in firsts:
            _record(conn, each, standing_of(conn, each.record.mail_id).stamp, person)
        try:
            return _write(conn, anew, ticket_id, person)
        except OvertakenRequestError as overtaken:
            raise CannotCorrectError(CHANGED) from overtaken

    return commit(engine, work)


def _record(conn: Connection, anew: Anew, seen: str, person: Person) -> Redecided:
    ticket_id = free(conn, anew.record.mail_id, seen, person)
    if continuing(conn, anew.record.mail_id):
        raise CannotCorrectError(CONTINUES)
    return _write(conn, anew, ticket_id, person)


def _write(conn: Connection, anew: Anew, ticket_id: int, person: Person) -> Redecided:
    r, before, changed = anew.record, anew.before, anew.changed
    landing = Landing(ticket_id, r.ticket_no, fresh=True)
    was = items_of(conn, r.mail_id)
    pairs, left = _paired(r.decision.items, was)
    told = json.loads(before)
    usual = {name for each in told["decision"]["items"] for action in each["actions"] for name in action["facts"]}
    counts = {"new": 0, "changed": 0, "dropped": 0}
    ids = []
    for item, row in pairs:
        item_id = _place(conn, r, landing, item, row)
        ids.append(item_id)
        _actions(conn, r, landing, item, item_id, usual, person, counts)
        if item.how:
            continue_item(conn, r, landing, item, item_id)
    for row in left:
        _drop(conn, _open(conn, row.id), person, r.now, counts)
        gone = {"how": DROPPED, "continues": None, "asks": "", "follow_up_at": None}
        conn.execute(update(t.item).where(t.item.c.id == row.id).values(gone))
    find_also(
        conn, r.mail_id, (*r.decision.fields.org_no, *r.decision.fields.customer_no, r.decision.fields.company or "")
    )
    reply = reply_anew(conn, r, ticket_id, ids[0] if ids else None, person)
    _tell(conn, r, ticket_id, told, [row.type for row in was], changed, person, {**counts, "reply": reply})
    return Redecided(counts["new"], counts["changed"], counts["dropped"], reply, r.mail_id)


def _paired(
    items: Iterable[Item], was: Sequence[t.AnyRow]
) -> tuple[list[tuple[Item, t.AnyRow | None]], list[t.AnyRow]]:
    """Each new item with the old one that it is now: of its type and organisation, else of its type alone."""
    left = list(was)
    pairs: list[tuple[Item, t.AnyRow | None]] = []
    for item in items:
        alike = [row for row in left if row.type == item.type]
        row = next((row for row in alike if row.org_no == item.org_no), alike[0] if alike else None)
        if row is not None:
            left.remove(row)
        pairs.append((item, row))
    return pairs, left


def _place(conn: Connection, r: Record, landing: Landing, item: Item, row: t.AnyRow | None) -> int:
    columns = item_row(r, landing, item)
    if row is None:
        return int(conn.execute(insert(t.item).returning(t.item.c.id), columns).scalar_one())
    values = {name: value for name, value in columns.items() if name not in KEPT_COLUMNS}
    # A request keeps the time of its notice; one that continues another by now has the other's.
    values |= {name: columns[name] for name in ("how", "continues")}
    if item.how or not row.arrived_at:
        values["arrived_at"] = columns["arrived_at"]
    if not item.asks:
        # Whoever lacks nothing is reminded of nothing.
        values["follow_up_at"] = None
    conn.execute(update(t.item).where(t.item.c.id == row.id).values(values))
    tell_completing(conn, row.id, columns)
    return int(row.id)


def _actions(
    conn: Connection,
    r: Record,
    landing: Landing,
    item: Item,
    item_id: int,
    usual: set[str],
    person: Person,
    counts: dict[str, int],
) -> None:
    """The item's actions as they are decided now; ``usual`` are the facts that a decision gives."""
    waiting = {row.kind: row for row in _open(conn, item_id)}
    # What completes or repeats another has none: the other's is told.
    for action in item.actions if item.how in OWN else ():
        row = waiting.pop(action.kind, None)
        if row is None:
            conn.execute(insert(t.action), action_row(r, landing, action, item_id))
            counts["new"] += 1
        elif _change(conn, row, action, usual, person, r.now):
            counts["changed"] += 1
    _drop(conn, waiting.values(), person, r.now, counts)


def _change(conn: Connection, row: t.AnyRow, action: Action, usual: set[str], person: Person, now: datetime) -> bool:
    """Whether the action is another one now; then every approval of it falls."""
    old: Mapping[str, str] = json.loads(row.facts)
    # What later mails told it stays.
    told = {name: value for name, value in old.items() if name not in usual}
    facts = {**told, **action.facts}
    if old.get(GATE) == CHANGED_SINCE and behind_gate(conn, row):
        # What the customer said otherwise later shut the gate, and no correction opens it.
        facts[GATE] = CHANGED_SINCE
    if facts == old and action.needs == row.needs and action.due == row.due:
        return False
    state = row.state if row.state == ActionState.HELD.value else ActionState.WAITING.value
    values = {"facts": canonical(facts), "needs": action.needs, "due": action.due, "state": state}
    changed = {"version": row.version + 1, "changed_by": person.name, "changed_at": now}
    conn.execute(update(t.action).where(t.action.c.id == row.id).values(values | changed))
    write_event(conn, Happening("action.told", person.name, now, ticket_id=row.ticket_id, action_id=row.id))
    return True


def _open(conn: Connection, item_id: int) -> list[t.AnyRow]:
    a = t.action.c
    return list(conn.execute(select(t.action).where(a.item_id == item_id, a.state.in_(OPEN_ACTIONS)).order_by(a.id)))


def _drop(conn: Connection, rows: Iterable[t.AnyRow], person: Person, now: datetime, counts: dict[str, int]) -> None:
    for row in rows:
        values = {"state": ActionState.SUPERSEDED.value, "changed_by": person.name, "changed_at": now}
        conn.execute(update(t.action).where(t.action.c.id == row.id).values(values))
        resolve_held(conn, row.item_id, ActionState.WAITING, row.id, person, now)
        revive_repeats(conn, row.id, person.name, now)
        kind = f"action.{ActionState.SUPERSEDED.value}"
        write_event(conn, Happening(kind, person.name, now, ticket_id=row.ticket_id, action_id=row.id))
        counts["dropped"] += 1


def _tell(
    conn: Connection,
    r: Record,
    ticket_id: int,
    told: Mapping[str, object],
    was: Sequence[str],
    changed: Sequence[str],
    person: Person,
    counts: Mapping[str, object],
) -> None:
    about = Happening(REDECIDED, person.name, r.now, mail_id=r.mail_id, ticket_id=ticket_id)
    if "types" in changed:
        types = [each.type for each in r.understanding.requests]
        named = {"types": types, "automatic": None, "was": list(dict.fromkeys(was)), "person": person.id}
        write_event(conn, replace(about, kind=RETYPED, data=named))
    data: dict[str, object] = {
        "outcome": r.decision.outcome,
        "rule": r.decision.rule,
        "level": r.level.value,
        "rules": r.decision.version,
        "changed": list(changed),
        **counts,
    }
    text: dict[str, object] = {"understanding": r.understanding, "context": r.context, "decision": r.decision}
    text["before"] = {name: told[name] for name in ("understanding", "decision")}
    write_event(conn, replace(about, data=data, text=canonical(text)))
    k = t.ticket.c
    values = {"company": r.decision.fields.company or "", "outcome": r.decision.outcome, "changed_at": r.now}
    conn.execute(update(t.ticket).where(k.id == ticket_id).values(values | {"version": k.version + 1}))
    if counts["new"]:
        answered = (TicketState.CLOSED.value, TicketState.WITH_CUSTOMER.value)
        again = update(t.ticket).where(k.id == ticket_id, k.state.in_(answered))
        conn.execute(again.values(state=TicketState.OPEN.value))
