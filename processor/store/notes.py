"""What staff write on a ticket for one another, and who has taken it on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, select, update

from processor.masking import masked
from processor.store import tables as t
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.transaction import commit, reading, writing

NOTED = "ticket.noted"
LONGEST_NOTE = 10_000


def note_ticket(engine: Engine, ticket_id: int, words: str, person: Person, now: datetime) -> bool:
    """Write a note, which customers never see; False for an empty one or an unknown ticket."""
    words = masked(words.strip())[:LONGEST_NOTE]
    if not words:
        return False
    with writing(engine) as conn:
        changed = update(t.ticket).where(t.ticket.c.id == ticket_id).values(changed_at=now)
        if not conn.execute(changed).rowcount:
            return False
        write_event(conn, Happening(NOTED, person.name, now, ticket_id=ticket_id, text=words))
        return True


def take_ticket(engine: Engine, ticket_id: int, person: Person, now: datetime) -> str:
    """Take a ticket on; returns who holds it now: somebody else where they were first, ``""`` if there is none such."""

    def work(conn: Connection) -> str:
        holder = holder_of(conn, ticket_id)
        if holder or conn.execute(select(t.ticket.c.id).where(t.ticket.c.id == ticket_id)).first() is None:
            return holder
        conn.execute(insert(t.ticket_holder).values(ticket_id=ticket_id, person_id=person.id, at=now))
        write_event(conn, Happening("ticket.taken", person.name, now, ticket_id=ticket_id))
        return person.name

    return commit(engine, work)


def leave_ticket(engine: Engine, ticket_id: int, person: Person, now: datetime) -> bool:
    """Let a ticket go, whoever holds it; False if nobody does."""
    with writing(engine) as conn:
        if not conn.execute(delete(t.ticket_holder).where(t.ticket_holder.c.ticket_id == ticket_id)).rowcount:
            return False
        write_event(conn, Happening("ticket.left", person.name, now, ticket_id=ticket_id))
        return True


def holder_of(source: Engine | Connection, ticket_id: int) -> str:
    """Who has taken a ticket on, ``""`` for nobody."""
    h = t.ticket_holder.c
    query = select(t.person.c.name).join(t.ticket_holder, h.person_id == t.person.c.id)
    with reading(source) as conn:
        return conn.execute(query.where(h.ticket_id == ticket_id)).scalar() or ""
