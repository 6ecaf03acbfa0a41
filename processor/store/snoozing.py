"""Letting a ticket sleep: it leaves the queue, and comes back by its time, by a new mail, or when an action is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, func, select, update

from processor.store import tables as t
from processor.store.events import Happening, write_event, write_events
from processor.store.people import Person
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.transaction import commit
from processor.ticket import TicketState

LONGEST = timedelta(days=366)
MAY = (TicketState.OPEN.value, TicketState.WITH_CUSTOMER.value, TicketState.SNOOZED.value)
PAST = "the time must lie ahead, within a year"
NOT_OPEN = "it is closed, merged, or unknown"


@dataclass(frozen=True, slots=True)
class Snoozed:
    """Until when it sleeps (aware UTC), or why it does not.  ``earlier`` than asked for, since an action is due then."""

    until: datetime | None
    why: str = ""
    earlier: bool = False


def snooze(engine: Engine, ticket_no: str, until: datetime, person: Person, now: datetime) -> Snoozed:
    """Let a ticket sleep; never beyond the time at which its next open action is due."""
    if not now < until <= now + LONGEST:
        return Snoozed(None, PAST)
    return commit(engine, lambda conn: _snooze(conn, ticket_no, until, person, now))


def wake_tickets(engine: Engine, now: datetime) -> int:
    """Bring the tickets back whose time has come; how many they were."""
    k = t.ticket.c
    over = (k.state == TicketState.SNOOZED.value, k.snoozed_until <= now)

    def work(conn: Connection) -> int:
        opened = {"state": TicketState.OPEN.value, "snoozed_until": None, "changed_at": now}
        woken = conn.execute(update(t.ticket).where(*over).values(opened).returning(k.id)).scalars().all()
        write_events(conn, [Happening("ticket.woken", "clock", now, ticket_id=each) for each in sorted(woken)])
        return len(woken)

    return commit(engine, work)


def _snooze(conn: Connection, ticket_no: str, until: datetime, person: Person, now: datetime) -> Snoozed:
    k, a = t.ticket.c, t.action.c
    ticket_id = conn.execute(select(k.id).where(k.number == ticket_no)).scalar()
    next_due = select(func.min(a.due)).where(a.ticket_id == ticket_id, a.state.in_(OPEN_ACTIONS), a.due > now)
    due = conn.execute(next_due).scalar()
    at = min(until, due) if due else until
    values = {"state": TicketState.SNOOZED.value, "snoozed_until": at, "changed_at": now}
    slept = conn.execute(update(t.ticket).where(k.id == ticket_id, k.state.in_(MAY)).values(values))
    if ticket_id is None or not slept.rowcount:
        return Snoozed(None, NOT_OPEN)
    data = {"until": at.isoformat()}
    write_event(conn, Happening("ticket.snoozed", person.name, now, ticket_id=ticket_id, data=data))
    return Snoozed(at, earlier=at < until)
