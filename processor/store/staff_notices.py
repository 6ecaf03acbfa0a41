"""Notices that staff asked for: what they want, what is urgent and not yet told, and the mail in the outbox, once.

A notice stands in the outbox at the most urgent ticket it names.  What was written is known by the row's Message-ID,
and what is urgent by a row for each person and action, so that a restart and a second daemon tell nobody again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, insert, select, text

from processor.store import tables as t
from processor.store.accounts import Role
from processor.store.context import bounded_address
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.ticket_tables import OPEN
from processor.store.transaction import commit, reading
from processor.store.visible import Scope, scope_of, within
from processor.ticket import ActionState, OutboxState

DIGEST, URGENT = "digest", "urgent"
ACTOR = "clock"
TOLD_KEPT = timedelta(days=30)
APART = timedelta(hours=1)
"""Two urgent mails to one person are so far apart at least; what came meanwhile stands in the next."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to be written; ``scope`` is what they may see, ``language`` "" where they chose none."""

    person: Person
    language: str
    scope: Scope
    address: str = ""
    digest: bool = False
    urgent: bool = False
    quiet_from: int = 20
    quiet_to: int = 7

    def quiet(self, hour: int) -> bool:
        """Whether nothing urgent is to be written at this hour of Oslo's clock."""
        if self.quiet_from <= self.quiet_to:
            return self.quiet_from <= hour < self.quiet_to
        return hour >= self.quiet_from or hour < self.quiet_to


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open action of the queue."""

    action_id: int
    ticket_id: int
    ticket_no: str
    kind: str
    due: datetime


@dataclass(frozen=True, slots=True)
class StaffLetter:
    """A notice ready for the outbox; ``about`` are the actions it names, the most urgent first."""

    kind: str
    subject: str
    text: str
    language: str
    message_id: str
    envelope_from: str
    about: Sequence[Waiting]


def wishes(engine: Engine) -> list[Wish]:
    """What those who are with us want, but for who wants nothing."""
    w = t.notice_wish.c
    with reading(engine) as conn:
        rows = conn.execute(_people().where(w.digest.is_(True) | w.urgent.is_(True)).order_by(t.person.c.id))
        return [_wish(row) for row in rows]


def wish_of(engine: Engine, person_id: int) -> Wish | None:
    """What one person wants, None for nothing ever said."""
    with reading(engine) as conn:
        row = conn.execute(_people().where(t.person.c.id == person_id)).first()
        return _wish(row) if row else None


def set_wish(engine: Engine, wish: Wish, now: datetime) -> None:
    """Keep what a person wants; the event does not say the address."""
    values = {
        "address": wish.address,
        "digest": wish.digest,
        "urgent": wish.urgent,
        "quiet_from": wish.quiet_from,
        "quiet_to": wish.quiet_to,
    }

    def work(conn: Connection) -> None:
        w = t.notice_wish
        if not conn.execute(w.update().where(w.c.person_id == wish.person.id).values(values)).rowcount:
            conn.execute(insert(w).values(person_id=wish.person.id, **values))
        told = {"digest": wish.digest, "urgent": wish.urgent}
        write_event(conn, Happening("person.notices", wish.person.name, now, data=told))

    commit(engine, work)


def waiting(
    engine: Engine,
    wish: Wish,
    until: datetime,
    since: datetime,
    ours: Collection[str],
    most: int,
) -> list[Waiting]:
    """Open actions due after ``since`` and until ``until`` that the person sees and was not told of.

    Not those of tickets that ``ours`` opened: what a robot answers to a notice makes no notice.
    """
    a, k, n = t.action.c, t.ticket.c, t.notice_told.c
    told = select(n.action_id).where(n.person_id == wish.person.id, n.action_id == a.id).exists()
    query = (
        select(a.id, k.id.label("ticket_id"), k.number, a.kind, a.due)
        .join_from(t.action, t.ticket, k.id == a.ticket_id)
        .where(text(f"action.{OPEN}"), a.state != ActionState.HELD.value, a.due > since, a.due <= until, ~told)
        .where(func.lower(k.sender).not_in(sorted(ours)), *within(wish.scope, k.id))
        .order_by(a.due, a.id)
        .limit(most)
    )
    with reading(engine) as conn:
        return [Waiting(r.id, r.ticket_id, r.number, r.kind, r.due) for r in conn.execute(query)]


def write_notice(engine: Engine, wish: Wish, letter: StaffLetter, now: datetime) -> bool:
    """Put a notice into the outbox; False if it was written before, or another urgent one within the last hour."""
    return commit(engine, lambda conn: _write(conn, wish, letter, now))


def written(engine: Engine, message_id: str) -> bool:
    """Whether a notice of this Message-ID was written."""
    with reading(engine) as conn:
        return _written(conn, message_id)


def _write(conn: Connection, wish: Wish, letter: StaffLetter, now: datetime) -> bool:
    o, recipient = t.outbox.c, bounded_address(wish.address)
    lately = select(o.id).where(o.recipient == recipient, o.kind == URGENT, o.created_at > now - APART).limit(1)
    if _written(conn, letter.message_id) or (letter.kind == URGENT and conn.execute(lately).first()):
        return False
    first = letter.about[0]
    row = {
        "ticket_id": first.ticket_id,
        "ticket_no": first.ticket_no,
        "kind": letter.kind,
        "state": OutboxState.READY.value,
        "automatic": False,
        "recipient": recipient,
        "to_addr": wish.address,
        "envelope_from": letter.envelope_from,
        "subject": letter.subject,
        "text": letter.text,
        "language": letter.language,
        "message_id": letter.message_id,
        "created_at": now,
        "changed_at": now,
    }
    outbox_id = int(conn.execute(insert(t.outbox).returning(o.id), row).scalar_one())
    if letter.kind == URGENT:
        n = t.notice_told
        conn.execute(delete(n).where(n.c.at < now - TOLD_KEPT))
        conn.execute(
            insert(n), [{"person_id": wish.person.id, "action_id": each.action_id, "at": now} for each in letter.about]
        )
    data = {"person": wish.person.id, "actions": len(letter.about)}
    write_event(
        conn, Happening(f"notice.{letter.kind}", ACTOR, now, ticket_id=first.ticket_id, outbox_id=outbox_id, data=data)
    )
    return True


def _written(conn: Connection, message_id: str) -> bool:
    o = t.outbox.c
    return conn.execute(select(o.id).where(o.message_id == message_id)).first() is not None


def _people() -> Select[tuple[Any, ...]]:
    """Those who are with us, with what they want."""
    p, w = t.person.c, t.notice_wish.c
    columns = (p.id, p.name, p.role, p.language, p.mailboxes, w.address, w.digest, w.urgent, w.quiet_from, w.quiet_to)
    return select(*columns).join(t.notice_wish, w.person_id == p.id).where(p.active.is_(True))


def _wish(row: t.AnyRow) -> Wish:
    scope = None if row.role == Role.ADMIN.value else scope_of(row.mailboxes)
    wanted = (row.address, row.digest, row.urgent, row.quiet_from, row.quiet_to)
    return Wish(Person(row.id, row.name), row.language, scope, *wanted)
