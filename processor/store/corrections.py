"""What people have said a mail is: recorded as events, read back as labels to train from.

A mail counts as judged when somebody named its types (``mail.retyped``, the latest one counts), or
when every request that was understood led to an action that somebody approved.  A rejected action says
that it was not to be done, not what the mail was, so it judges nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Engine, func, select, update

from processor.ciphers import DamagedError
from processor.store import tables as t
from processor.store.actions import resolve_held
from processor.store.events import Happening, write_event, write_events
from processor.store.people import Person
from processor.store.repeating import revive_repeats
from processor.store.sealed import opened, with_keys
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.transaction import commit, reading
from processor.ticket import ActionState, MailState

RETYPED = "mail.retyped"
DECIDED = "mail.decided"
APPROVED = {ActionState.APPROVED.value, ActionState.DONE.value}


@dataclass(frozen=True, slots=True)
class Retyped:
    """What came of it: ``refused`` says why nothing was changed, ``superseded`` counts the actions that fell."""

    refused: str = ""
    superseded: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """A mail that a person has judged: what it asks for, main request first, or its automatic kind.

    ``name`` is made of the keyed digest of the bytes, so it is the same at every reading.  ``withheld``
    names the guard that took the mail's reply away.
    """

    mail_id: int
    name: str
    types: tuple[str, ...]
    automatic: str | None
    language: str
    purpose: str
    withheld: str
    how: Literal["corrected", "confirmed"]
    raw: bytes


def retype(
    engine: Engine, mail_id: int, types: Sequence[str], automatic: str | None, person: Person, now: datetime
) -> Retyped:
    """Record what a person says that a mail is; its open actions of other types are superseded.

    Naming what it was taken for already confirms it.  ``types`` is empty for automatic mail.
    """
    return commit(engine, lambda conn: _retype(conn, mail_id, tuple(types), automatic, person, now))


def mails_of(engine: Engine, ticket_no: str) -> list[int]:
    """The mails of a ticket but for equal letters, oldest first."""
    m = t.mail.c
    query = select(m.id).join(t.ticket, m.ticket_id == t.ticket.c.id)
    with reading(engine) as conn:
        found = conn.execute(query.where(t.ticket.c.number == ticket_no, m.duplicate.is_(False)).order_by(m.id))
        return list(found.scalars())


def judged(engine: Engine) -> Iterator[Judged]:
    """The judged mails whose bytes are whole and were not erased, oldest first, one at a time."""
    with reading(engine) as conn:
        said = _corrected(conn)
        confirmed = _confirmed(conn)
        about = _about(conn, sorted(said.keys() | confirmed.keys()))
        for row in about:
            types, automatic = said.get(row.id) or (confirmed[row.id], None)
            raw = _whole(conn, row.id)
            if raw is not None:
                withheld = json.loads(row.data).get("withheld", "") if row.data else ""
                how: Literal["corrected", "confirmed"] = "corrected" if row.id in said else "confirmed"
                name = f"staff-{row.digest[:16]}"
                yield Judged(row.id, name, types, automatic, row.language, row.purpose, withheld, how, raw)


def _retype(
    conn: Connection, mail_id: int, types: tuple[str, ...], automatic: str | None, person: Person, now: datetime
) -> Retyped:
    m, p, i = t.mail.c, t.person.c, t.item.c
    mail = conn.execute(select(m.state, m.ticket_id, m.duplicate).where(m.id == mail_id)).first()
    if mail is None or mail.state != MailState.DECIDED.value or mail.ticket_id is None:
        return Retyped("there is no such mail, or it is not decided")
    if mail.duplicate:
        return Retyped("it is another arrival of an equal letter: name the first one")
    if conn.execute(select(p.id).where(p.id == person.id, p.active.is_(True))).first() is None:
        return Retyped("nobody of that name may correct")
    was = conn.execute(select(i.type).where(i.mail_id == mail_id).order_by(i.id)).scalars().all()
    fallen = _supersede(conn, mail_id, types, person, now)
    data = {"types": list(types), "automatic": automatic, "was": list(dict.fromkeys(was)), "person": person.id}
    write_event(conn, Happening(RETYPED, person.name, now, mail_id=mail_id, ticket_id=mail.ticket_id, data=data))
    conn.execute(update(t.ticket).where(t.ticket.c.id == mail.ticket_id).values(changed_at=now))
    return Retyped("", fallen)


def _supersede(conn: Connection, mail_id: int, types: tuple[str, ...], person: Person, now: datetime) -> int:
    """Take the open actions of what the mail is not out of the queue; what such a withdrawal held, waits again."""
    a, i = t.action.c, t.item.c
    others = select(i.id).where(i.mail_id == mail_id, i.type.not_in(types))
    fallen = conn.execute(
        update(t.action)
        .where(a.item_id.in_(others), a.state.in_(OPEN_ACTIONS))
        .values(state=ActionState.SUPERSEDED.value, changed_by=person.name, changed_at=now)
        .returning(a.id, a.ticket_id, a.item_id)
    ).all()
    for row in fallen:
        resolve_held(conn, row.item_id, ActionState.WAITING, row.id, person, now)
        revive_repeats(conn, row.id, person.name, now)
    kind = f"action.{ActionState.SUPERSEDED.value}"
    write_events(conn, [Happening(kind, person.name, now, ticket_id=row.ticket_id, action_id=row.id) for row in fallen])
    return len(fallen)


def _corrected(conn: Connection) -> dict[int, tuple[tuple[str, ...], str | None]]:
    """What was last said of each mail."""
    e = t.event.c
    rows = conn.execute(select(e.mail_id, e.data).where(e.kind == RETYPED).order_by(e.id))
    found = {row.mail_id: json.loads(row.data) for row in rows}
    return {mail_id: (tuple(data["types"]), data["automatic"]) for mail_id, data in found.items()}


def _confirmed(conn: Connection) -> dict[int, tuple[str, ...]]:
    """The types of the mails of which somebody approved an action for every request."""
    a, i = t.action.c, t.item.c
    query = select(i.mail_id, i.id, i.type, a.state).outerjoin_from(t.item, t.action, a.item_id == i.id).order_by(i.id)
    states: dict[int, dict[str, set[str]]] = {}
    for row in conn.execute(query):
        states.setdefault(row.mail_id, {}).setdefault(row.type, set()).add(row.state or "")
    return {mail: tuple(types) for mail, types in states.items() if all(each <= APPROVED for each in types.values())}


def _about(conn: Connection, mail_ids: list[int]) -> list[t.AnyRow]:
    m, k, e = t.mail.c, t.ticket.c, t.event.c
    first = select(func.min(e.id)).where(e.mail_id == m.id, e.kind == DECIDED).correlate(t.mail).scalar_subquery()
    query = (
        select(m.id, m.digest, m.purpose, k.language, e.data)
        .join_from(t.mail, t.ticket, m.ticket_id == k.id)
        .outerjoin(t.event, e.id == first)
        .where(m.duplicate.is_(False))
        .order_by(m.id)
    )
    wanted = set(mail_ids)
    return [row for row in conn.execute(query) if row.id in wanted]


def _whole(conn: Connection, mail_id: int) -> bytes | None:
    r = t.raw_mail.c
    query = with_keys(select(r.content).join_from(t.mail, t.raw_mail).where(r.mail_id == mail_id, r.whole.is_(True)))
    row = conn.execute(query).first()
    try:
        return (opened(conn, row, row.content) or None) if row else None
    except DamagedError:
        # Nothing is learnt from it, and everything from the others.
        return None
