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

from processor.store import tables as t
from processor.store.actions import resolve_held
from processor.store.columns import canonical
from processor.store.continuing import action_row
from processor.store.corrections import RETYPED
from processor.store.decided import Landing, Record
from processor.store.events import Happening, write_event
from processor.store.items import item_row
from processor.store.past import DECIDED, REDECIDED
from processor.store.people import Person
from processor.store.redecided_reply import reply_anew
from processor.store.repeating import revive_repeats
from processor.store.search import find_also
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.transaction import commit, reading
from processor.ticket import Action, ActionState, Item, MailState, TicketState

UNKNOWN = "there is no such mail, or it is not decided"
COPY = "it is another arrival of an equal letter: name the first one"
NOBODY = "nobody of that name may correct"
CONTINUES = "it continues an earlier mail: correct that one, or say that this is something else"
DONE = "an action of it is done already, and a correction changes nothing that was done"
CHANGED = "somebody changed it since you looked"
REASONS = (UNKNOWN, COPY, NOBODY, CONTINUES, DONE, CHANGED)
DROPPED = "corrected"
"""How an item stands that a person's correction left nothing of."""
KEPT_COLUMNS = ("ticket_id", "mail_id", "how", "continues", "arrived_at", "follow_up_at")


class CannotCorrectError(Exception):
    """Nothing was changed; the words say why.  ``by`` and ``at``: who was here before, and when."""

    def __init__(self, words: str, by: str = "", at: datetime | None = None) -> None:
        super().__init__(words)
        self.by, self.at = by, at


@dataclass(frozen=True, slots=True)
class Standing:
    """How a mail stands: its ticket, the level it was decided at, what is known of its items (JSON), and a stamp
    that is another one as soon as it was decided anew or one of its actions changed."""

    ticket_id: int
    level: str
    known: tuple[str, ...]
    stamp: str


@dataclass(frozen=True, slots=True)
class Redecided:
    """What came of it: how many actions are new, changed and dropped, and what became of the reply."""

    new: int
    changed: int
    dropped: int
    reply: str


def standing_of(source: Engine | Connection, mail_id: int) -> Standing:
    """How a mail stands; CannotCorrectError for one that was never decided."""
    e, i, a = t.event.c, t.item.c, t.action.c
    decided = select(e.id, e.ticket_id, e.data).where(e.mail_id == mail_id, e.kind.in_((DECIDED, REDECIDED)))
    with reading(source) as conn:
        latest = conn.execute(decided.order_by(e.id.desc()).limit(1)).first()
        if latest is None:
            raise CannotCorrectError(UNKNOWN)
        ticket_id = conn.execute(select(t.mail.c.ticket_id).where(t.mail.c.id == mail_id)).scalar()
        known = (
            conn.execute(select(i.known).where(i.mail_id == mail_id, i.how != DROPPED).order_by(i.id)).scalars().all()
        )
        actions = conn.execute(
            select(a.id, a.version, a.state).join(t.item, i.id == a.item_id).where(i.mail_id == mail_id).order_by(a.id)
        ).all()
    stamp = ".".join([str(latest.id), *(f"{row.id}-{row.version}-{row.state}" for row in actions)])
    return Standing(ticket_id or 0, json.loads(latest.data).get("level", ""), tuple(known), stamp)


def record_anew(engine: Engine, r: Record, before: str, seen: str, changed: Sequence[str], person: Person) -> Redecided:
    """Record a mail as it was decided anew, in one transaction; CannotCorrectError where that cannot be.

    ``before`` is the JSON that was stored with the decision until now, ``changed`` what the person corrected.
    """
    return commit(engine, lambda conn: _record(conn, r, before, seen, changed, person))


def _record(conn: Connection, r: Record, before: str, seen: str, changed: Sequence[str], person: Person) -> Redecided:
    ticket_id = _free(conn, r.mail_id, seen, person)
    landing = Landing(ticket_id, r.ticket_no, fresh=True)
    was = _items(conn, r.mail_id)
    pairs, left = _paired(r.decision.items, was)
    told = json.loads(before)
    usual = {name for each in told["decision"]["items"] for action in each["actions"] for name in action["facts"]}
    counts = {"new": 0, "changed": 0, "dropped": 0}
    ids = []
    for item, row in pairs:
        item_id = _place(conn, r, landing, item, row)
        ids.append(item_id)
        _actions(conn, r, landing, item, item_id, usual, person, counts)
    for row in left:
        _drop(conn, _open(conn, row.id), person, r.now, counts)
        gone = {"how": DROPPED, "asks": "", "follow_up_at": None}
        conn.execute(update(t.item).where(t.item.c.id == row.id).values(gone))
    find_also(
        conn, r.mail_id, (*r.decision.fields.org_no, *r.decision.fields.customer_no, r.decision.fields.company or "")
    )
    reply = reply_anew(conn, r, ticket_id, ids[0] if ids else None, person)
    _tell(conn, r, ticket_id, told, [row.type for row in was], changed, person, {**counts, "reply": reply})
    return Redecided(counts["new"], counts["changed"], counts["dropped"], reply)


def _free(conn: Connection, mail_id: int, seen: str, person: Person) -> int:
    """The mail's ticket, if it may be corrected now; locks the mail."""
    m, p, i, a, e = t.mail.c, t.person.c, t.item.c, t.action.c, t.event.c
    query = select(m.state, m.ticket_id, m.duplicate).where(m.id == mail_id)
    mail = conn.execute(query.with_for_update()).first()
    if mail is None or mail.state != MailState.DECIDED.value or mail.ticket_id is None:
        raise CannotCorrectError(UNKNOWN)
    if mail.duplicate:
        raise CannotCorrectError(COPY)
    if conn.execute(select(p.id).where(p.id == person.id, p.active.is_(True))).first() is None:
        raise CannotCorrectError(NOBODY)
    if standing_of(conn, mail_id).stamp != seen:
        mine = (e.ticket_id == mail.ticket_id, e.kind.in_((REDECIDED, *(f"action.{each}" for each in ActionState))))
        last = conn.execute(select(e.actor, e.at).where(*mine).order_by(e.id.desc()).limit(1)).first()
        raise CannotCorrectError(CHANGED, *((last.actor, last.at) if last else ()))
    if conn.execute(select(i.id).where(i.mail_id == mail_id, i.how.not_in(("", DROPPED))).limit(1)).first():
        raise CannotCorrectError(CONTINUES)
    done = select(a.id).join(t.item, i.id == a.item_id).where(i.mail_id == mail_id, a.state == ActionState.DONE.value)
    if conn.execute(done.limit(1)).first():
        raise CannotCorrectError(DONE)
    return int(mail.ticket_id)


def _items(conn: Connection, mail_id: int) -> list[t.AnyRow]:
    i = t.item.c
    return list(conn.execute(select(t.item).where(i.mail_id == mail_id, i.how != DROPPED).order_by(i.id)))


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
    if not item.asks:
        # Whoever lacks nothing is reminded of nothing.
        values["follow_up_at"] = None
    conn.execute(update(t.item).where(t.item.c.id == row.id).values(values))
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
    for action in item.actions:
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
