"""Who is away, and to whom what they have taken on goes meanwhile: to a colleague, or back to everybody."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, delete, insert, select, update

from processor.store import tables as t
from processor.store.accounts import Role, account_of
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.transaction import commit, reading
from processor.store.visible import Scope, within

PREFIX = "absence/"
OSLO = ZoneInfo("Europe/Oslo")
HANDED = "ticket.handed_over"
BACKWARDS = "the last day lies before the first"
OVER = "the last day is over"
NOT_ONE = "nobody of that name may take tickets on"
REASONS = (BACKWARDS, OVER, NOT_ONE)


class CannotBeAwayError(Exception):
    """Nothing is changed; the words, one of REASONS, say why."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Days in Oslo, both counted.  ``to`` is a person's id, 0 for everybody; what was taken on after ``made_at``, in
    the absence itself, stays with whoever took it."""

    person_id: int
    since: date
    until: date
    to: int
    made_at: datetime


def set_absence(
    engine: Engine, person_id: int, since: date, until: date, to: int, actor: Person, now: datetime
) -> None:
    """Say that somebody is away, in place of what was said before; CannotBeAwayError for what cannot be."""
    if until < since:
        raise CannotBeAwayError(BACKWARDS)
    if until < now.astimezone(OSLO).date():
        raise CannotBeAwayError(OVER)
    if to and (to == person_id or not _may_take(engine, to)):
        raise CannotBeAwayError(NOT_ONE)
    value = json.dumps({"since": since.isoformat(), "until": until.isoformat(), "to": to, "at": now.isoformat()})
    commit(engine, lambda conn: _put(conn, person_id, value, actor, now))


def end_absence(engine: Engine, person_id: int, actor: Person, now: datetime) -> None:
    """Somebody is back; what was handed over stays where it went."""
    commit(engine, lambda conn: _put(conn, person_id, "", actor, now))


def absence_of(source: Engine | Connection, person_id: int) -> Absence | None:
    """When somebody is away, None for never."""
    return next((each for each in absences(source) if each.person_id == person_id), None)


def absences(source: Engine | Connection) -> list[Absence]:
    """Everybody who is or will be away."""
    s = t.setting.c
    with reading(source) as conn:
        rows = conn.execute(select(s.name, s.value).where(s.name.startswith(PREFIX, autoescape=True))).all()
    return [_read(int(row.name.removeprefix(PREFIX)), json.loads(row.value)) for row in rows]


def hand_over(engine: Engine, now: datetime) -> int:
    """Move what those hold who are away today, and forget absences that are over; how many tickets moved."""
    today, all_ = now.astimezone(OSLO).date(), absences(engine)
    moved = 0
    away = {each.person_id for each in all_ if each.since <= today <= each.until}
    for each in all_:
        if each.until < today:
            commit(engine, lambda conn, gone=each: _forget(conn, gone.person_id))  # type: ignore[misc]
        elif each.person_id in away:
            moved += commit(engine, lambda conn, one=each: _move(conn, one, away, now))  # type: ignore[misc]
    return moved


def _move(conn: Connection, each: Absence, away: set[int], now: datetime) -> int:
    h = t.ticket_holder.c
    begun = max(each.made_at, datetime.combine(each.since, time(), OSLO))
    held = select(h.ticket_id).where(h.person_id == each.person_id, h.at <= begun).order_by(h.ticket_id)
    to = account_of(conn, each.to) if each.to and each.to not in away else None
    taker = to if to and to.active and to.role.may(Role.AGENT) else None
    tickets = list(conn.execute(held).scalars())
    for ticket_id in tickets:
        # Whoever is limited to some mailboxes is given nothing of the others.
        theirs = taker is not None and _sees(conn, taker.scope, ticket_id)
        mine = (h.ticket_id == ticket_id, h.person_id == each.person_id)
        if theirs and taker:
            conn.execute(update(t.ticket_holder).where(*mine).values(person_id=taker.person.id, at=now))
        else:
            conn.execute(delete(t.ticket_holder).where(*mine))
        data = {"from": each.person_id, "to": each.to if theirs else 0}
        write_event(conn, Happening(HANDED, "clock", now, ticket_id=ticket_id, data=data))
    return len(tickets)


def _sees(conn: Connection, scope: Scope, ticket_id: int) -> bool:
    k = t.ticket.c
    return conn.execute(select(k.id).where(k.id == ticket_id, *within(scope, k.id))).first() is not None


def _put(conn: Connection, person_id: int, value: str, actor: Person, now: datetime) -> None:
    _forget(conn, person_id)
    if value:
        conn.execute(insert(t.setting).values(name=f"{PREFIX}{person_id}", value=value))
    told = json.loads(value) if value else {}
    data = {"person": person_id, **told}
    write_event(conn, Happening("person.absent" if value else "person.back", actor.name, now, data=data))


def _forget(conn: Connection, person_id: int) -> None:
    conn.execute(delete(t.setting).where(t.setting.c.name == f"{PREFIX}{person_id}"))


def _may_take(engine: Engine, person_id: int) -> bool:
    found = account_of(engine, person_id)
    return found is not None and found.active and found.role.may(Role.AGENT)


def _read(person_id: int, told: dict[str, str | int]) -> Absence:
    since, until = (date.fromisoformat(str(told[name])) for name in ("since", "until"))
    return Absence(person_id, since, until, int(told["to"]), datetime.fromisoformat(str(told["at"])))
