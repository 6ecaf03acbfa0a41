"""The gate before rights: what must have been done before an action behind it is approved, and how it is closed otherwise.

No rules file, page or command opens it: approving itself asks here.  In this order: nothing stands against it in its
facts, the register knows a number to call back, somebody has called it, the customer's other contacts were told, and
the time since then has passed.  Each step counts for one version of the action, so that a change asks for all anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, insert, select

from processor.gate import CUSTOMER, gated, shut
from processor.store import tables as t
from processor.store.accounts import Role
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.settings import setting
from processor.store.transaction import commit, reading
from processor.ticket import ActionState, OutboxState

WAIT_HOURS = "gate_wait_hours"
DEFAULT_WAIT, LEAST_WAIT, MOST_WAIT = 4.0, 1.0, 720.0
CALLED, NOTICED, OUTSIDE = "called", "noticed", "outside"
NOTICE = "notice"
"""The kind of a row of the outbox that tells a contact."""
LEFT = (OutboxState.SENT.value, OutboxState.UNKNOWN.value)
ENDED = (*LEFT, OutboxState.FAILED.value, OutboxState.BOUNCED.value, OutboxState.CANCELLED.value)
OPEN = (ActionState.WAITING.value, ActionState.SECONDED.value)


@dataclass(frozen=True, slots=True)
class CallBack:
    """Whom to call back about an action, by the contract register alone; ``phone`` is "" where it knows none."""

    customer_no: str
    name: str
    phone: str
    contacts: tuple[str, ...]


def behind_gate(conn: Connection, row: t.AnyRow) -> bool:
    """Whether an action (its row) is behind the gate."""
    kind = conn.execute(select(t.item.c.type).where(t.item.c.id == row.item_id)).scalar()
    return gated(kind or "", row.kind)


def objection(conn: Connection, row: t.AnyRow, now: datetime, *, last: bool) -> str:
    """Why an action behind the gate may not be approved yet, "" if it may; ``last``: by the second person."""
    facts = facts_of(row)
    if against := shut(facts):
        return f"the gate is shut: {against}; it can only be closed as handled outside"
    if not (whom := call_back_of(conn, facts)).phone:
        return f"the register has no number to call customer {whom.customer_no} back; close it as handled outside"
    done = _steps(conn, row)
    if CALLED not in done:
        return f"call {whom.name} back first, on {whom.phone}, and say so: processor queue gate called a{row.id}"
    if not last:
        return ""
    if NOTICED not in done:
        return "the customer's other contacts are not told yet"
    told = told_at(conn, row, done[NOTICED])
    if isinstance(told, str):
        return told
    if now < (free := told + _wait(conn)):
        left = max(1, int((free - now).total_seconds() / 60))
        return f"the waiting time is not over: {left // 60} h {left % 60} min are left for the customer to object"
    return ""


def call_back(engine: Engine, action_id: int) -> CallBack | None:
    """Whom to call back about an action; None if there is no such action behind the gate."""
    with reading(engine) as conn:
        row = row_behind(conn, action_id)
        return call_back_of(conn, facts_of(row)) if row is not None else None


def called(engine: Engine, action_id: int, person: Person, said: str, now: datetime) -> str:
    """Note that the customer was called back on the register's number and confirmed it; why not, or ""."""
    return commit(engine, lambda conn: _called(conn, action_id, person, said, now))


def wait_hours(source: Engine | Connection) -> float:
    """Hours between telling the customer's contacts and the second approval."""
    return float(setting(source, WAIT_HOURS, str(DEFAULT_WAIT)))


def note_step(conn: Connection, row: t.AnyRow, step: str, person: Person | None, now: datetime) -> None:
    """Write down a step for the action as it is now."""
    who = person.id if person else None
    conn.execute(insert(t.gate_step).values(action_id=row.id, version=row.version, step=step, person_id=who, at=now))


def person_of_step(conn: Connection, row: t.AnyRow, step: str) -> int | None:
    """Who took a step for the action as it is now, None if nobody has."""
    g = t.gate_step.c
    this = (g.action_id == row.id) & (g.version == row.version) & (g.step == step)
    return conn.execute(select(g.person_id).where(this)).scalar()


def _called(conn: Connection, action_id: int, person: Person, said: str, now: datetime) -> str:
    row = row_behind(conn, action_id)
    if row is None or row.state not in OPEN:
        return "there is no such open action behind the gate"
    if not _may_call(conn, person):
        return "nobody of that name may do so"
    facts = facts_of(row)
    if against := shut(facts):
        return f"the gate is shut: {against}"
    whom = call_back_of(conn, facts)
    if not whom.phone:
        return f"the register has no number to call customer {whom.customer_no} back"
    if CALLED in _steps(conn, row):
        return "somebody has called already"
    note_step(conn, row, CALLED, person, now)
    subjects = {"ticket_id": row.ticket_id, "action_id": row.id}
    text = f"{whom.phone}: {' '.join(said.split())[:500]}"
    write_event(conn, Happening("gate.called", person.name, now, **subjects, data={"version": row.version}, text=text))
    return ""


def _may_call(conn: Connection, person: Person) -> bool:
    p = t.person.c
    role = conn.execute(select(p.role).where(p.id == person.id, p.active.is_(True))).scalar()
    return role is not None and Role(role).may(Role.AGENT)


def row_behind(conn: Connection, action_id: int) -> t.AnyRow | None:
    """The row of an action, if it is behind the gate."""
    row = conn.execute(select(t.action).where(t.action.c.id == action_id)).first()
    return row if row is not None and behind_gate(conn, row) else None


def facts_of(row: t.AnyRow) -> Mapping[str, str]:
    """What was written down with an action."""
    facts: Mapping[str, str] = json.loads(row.facts or "{}")
    return facts


def call_back_of(conn: Connection, facts: Mapping[str, str]) -> CallBack:
    """The number and contacts of a customer whose lines of the register agree; no number where they do not."""
    c, number = t.contract.c, facts.get(CUSTOMER, "")
    rows = conn.execute(select(c.name, c.phone).where(c.customer_no == number).order_by(c.product)).all()
    phones = {row.phone for row in rows if row.phone}
    name = rows[0].name if rows else ""
    return CallBack(number, name, phones.pop() if len(phones) == 1 else "", contacts_of(conn, number))


def contacts_of(conn: Connection, customer_no: str) -> tuple[str, ...]:
    """The addresses that the register names for a customer."""
    c = t.contract.c
    found = conn.execute(select(c.contacts).where(c.customer_no == customer_no, c.contacts != "").order_by(c.product))
    return tuple(dict.fromkeys(word for text in found.scalars() for word in text.split()))


def notice_name(action_id: int, version: int) -> str:
    """How the notices about one version of an action are marked in the outbox, where a reply names its template."""
    return f"gate/{action_id}/{version}"


def told_at(conn: Connection, row: t.AnyRow, noticed: datetime) -> datetime | str:
    """When the last notice left, from which the waiting time counts; or why nobody can be said to be told."""
    o = t.outbox.c
    query = select(o.state, o.changed_at).where(o.template == notice_name(row.id, row.version), o.kind == NOTICE)
    notices = conn.execute(query.where(o.ticket_id == row.ticket_id)).all()
    if any(each.state not in ENDED for each in notices):
        return "the notice to the customer's other contacts has not left yet"
    arrived: list[datetime] = [each.changed_at for each in notices if each.state in LEFT]
    if notices and not arrived:
        return "the notice reached none of the customer's other contacts; close it as handled outside"
    return max([noticed, *arrived])


def _steps(conn: Connection, row: t.AnyRow) -> dict[str, datetime]:
    g = t.gate_step.c
    query = select(g.step, g.at).where(g.action_id == row.id, g.version == row.version)
    return {each.step: each.at for each in conn.execute(query)}


def _wait(conn: Connection) -> timedelta:
    return timedelta(hours=wait_hours(conn))
