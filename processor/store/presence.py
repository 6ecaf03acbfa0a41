"""Who has a ticket open just now: rows that end by themselves, since a browser that is gone says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from processor.store import tables as t
from processor.store.transaction import commit, reading, writing

SEEN_FOR = timedelta(seconds=40)
"""How long a row lasts; whoever still looks renews it well before."""


def look_at(engine: Engine, ticket_id: int, person_id: int, now: datetime) -> None:
    """Say that a person has a ticket open."""
    p = t.ticket_presence.c
    mine = (p.ticket_id == ticket_id, p.person_id == person_id)

    def work(conn: Connection) -> None:
        conn.execute(delete(t.ticket_presence).where(p.until <= now))
        renewed = conn.execute(update(t.ticket_presence).where(*mine).values(until=now + SEEN_FOR))
        if not renewed.rowcount:
            row = {"ticket_id": ticket_id, "person_id": person_id, "until": now + SEEN_FOR}
            conn.execute(insert(t.ticket_presence), row)

    commit(engine, work)


def look_away(engine: Engine, ticket_id: int, person_id: int) -> None:
    """Say that a person has closed a ticket."""
    p = t.ticket_presence.c
    with writing(engine) as conn:
        conn.execute(delete(t.ticket_presence).where(p.ticket_id == ticket_id, p.person_id == person_id))


def present(source: Engine | Connection, now: datetime) -> Mapping[str, tuple[tuple[int, str], ...]]:
    """Who looks at which ticket (by its number), as (person, name) in the order of their names."""
    p, k, who = t.ticket_presence.c, t.ticket.c, t.person.c
    query = (
        select(k.number, who.id, who.name)
        .join_from(t.ticket_presence, t.ticket, k.id == p.ticket_id)
        .join(t.person, who.id == p.person_id)
        .where(p.until > now)
        .order_by(who.name)
    )
    found: dict[str, tuple[tuple[int, str], ...]] = {}
    with reading(source) as conn:
        for row in conn.execute(query):
            found[row.number] = (*found.get(row.number, ()), (row.id, row.name))
    return found


def newest_event(source: Engine | Connection) -> int:
    """The number of the newest event of the trail, which grows with everything that is done; 0 for none."""
    with reading(source) as conn:
        return int(conn.execute(select(func.max(t.event.c.id))).scalar() or 0)


def ticket_stamp(source: Engine | Connection, number: str) -> tuple[int | None, datetime | None]:
    """A ticket's id, and when it was last changed; (None, None) if there is none of that number."""
    k = t.ticket.c
    with reading(source) as conn:
        row = conn.execute(select(k.id, k.changed_at).where(k.number == number)).first() if number else None
    return (row.id, row.changed_at) if row else (None, None)
