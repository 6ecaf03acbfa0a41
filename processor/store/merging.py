"""Two tickets made one, and one made two: what a mail brought goes along with it, and the trail stays where it was.

A merged ticket keeps its number, which leads to the one that it went into, as does later mail of its thread.  Events
are never moved, since they are sealed: ``story.py`` reads them together.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, exists, func, insert, or_, select, update

from processor.store import tables as t
from processor.store.context import bounded_address, is_ticket, whole_ticket
from processor.store.events import Happening, write_events
from processor.store.landing import drop_approvals
from processor.store.people import Person
from processor.store.transaction import commit
from processor.ticket import TicketState

MERGED, ABSORBED, SPLIT, SPLIT_OFF = "ticket.merged", "ticket.absorbed", "ticket.split", "ticket.split_off"
UNKNOWN = "there is no such ticket"
ITSELF = "a ticket is not merged into itself"
BEFORE = "it is merged already"
NOT_MERGED = "it is not merged into another"
BARE = "it has no mail"
HELD = "it is under a legal hold"
ONLY_MAIL = "it is the only mail of its ticket"
NO_MAIL = "there is no such mail in a ticket"
REASONS = (UNKNOWN, ITSELF, BEFORE, NOT_MERGED, BARE, HELD, ONLY_MAIL, NO_MAIL)


class CannotMergeError(Exception):
    """Nothing was changed; the words, one of REASONS, say why."""


@dataclass(frozen=True, slots=True)
class Apart:
    """The ticket that a mail gets of its own: its number, and whose the mail is."""

    number: str
    sender: str
    subject: str


def merge(engine: Engine, source_no: str, target_no: str, person: Person, now: datetime) -> str:
    """Put a ticket into another one (or the one that this went into); the other's number, or CannotMergeError.

    What two people must approve waits for both again, in either, since what the first one saw has changed.
    """
    return commit(engine, lambda conn: _merge(conn, source_no, target_no, person, now))


def unmerge(engine: Engine, source_no: str, person: Person, now: datetime) -> str:
    """Take a merge back: what came with the ticket goes back to it; the other's number, or CannotMergeError."""
    return commit(engine, lambda conn: _unmerge(conn, source_no, person, now))


def split(engine: Engine, mail_id: int, apart: Apart, person: Person, now: datetime) -> None:
    """Give one of a ticket's mails a ticket of its own; CannotMergeError where it is the only one."""
    commit(engine, lambda conn: _split(conn, mail_id, apart, person, now))


def _merge(conn: Connection, source_no: str, target_no: str, person: Person, now: datetime) -> str:
    k = t.ticket.c
    source = _locked(conn, source_no)
    if source.merged_into is not None:
        raise CannotMergeError(BEFORE)
    target = _locked(conn, whole_ticket(conn, _locked(conn, target_no).id).number)
    if source.id == target.id:
        raise CannotMergeError(ITSELF)
    _require_free(conn, source.id, target.id)
    mails = list(
        conn.execute(select(t.mail.c.id).where(t.mail.c.ticket_id == source.id).order_by(t.mail.c.id)).scalars()
    )
    if not mails:
        raise CannotMergeError(BARE)
    _carry(conn, mails, target.id)
    merged = {"state": TicketState.MERGED.value, "merged_into": target.id, "snoozed_until": None, "changed_at": now}
    conn.execute(update(t.ticket).where(k.id == source.id).values(merged))
    conn.execute(delete(t.ticket_holder).where(t.ticket_holder.c.ticket_id == source.id))
    awake = target.state == TicketState.SNOOZED.value or source.state == TicketState.OPEN.value
    _changed(conn, target.id, person, now, open_it=awake)
    facts = {"mails": mails, "was": source.state}
    write_events(
        conn,
        [
            Happening(MERGED, person.name, now, ticket_id=source.id, data={**facts, "into": target.id}),
            Happening(ABSORBED, person.name, now, ticket_id=target.id, data={"mails": mails, "from": source.id}),
        ],
    )
    return str(target.number)


def _unmerge(conn: Connection, source_no: str, person: Person, now: datetime) -> str:
    k, m = t.ticket.c, t.mail.c
    source = _locked(conn, source_no)
    if source.merged_into is None:
        raise CannotMergeError(NOT_MERGED)
    target = whole_ticket(conn, source.id)
    _require_free(conn, source.id, target.id)
    told = _last(conn, source.id, MERGED)
    # What was split off, or erased, since does not come back.
    there = select(m.id).where(m.id.in_(told["mails"]), m.ticket_id == target.id).order_by(m.id)
    mails = list(conn.execute(there).scalars())
    if not mails:
        raise CannotMergeError(BARE)
    _carry(conn, mails, source.id)
    again = {"state": TicketState.OPEN.value, "merged_into": None, "split_from": target.id}
    conn.execute(update(t.ticket).where(k.id == source.id).values(again))
    _changed(conn, source.id, person, now)
    _changed(conn, target.id, person, now)
    _note_split(conn, target.id, source.id, mails, person, now)
    return str(target.number)


def _split(conn: Connection, mail_id: int, apart: Apart, person: Person, now: datetime) -> None:
    m, k = t.mail.c, t.ticket.c
    row = conn.execute(select(m.ticket_id, m.outcome, m.duplicate).where(m.id == mail_id)).first()
    if row is None or row.ticket_id is None or row.duplicate:
        raise CannotMergeError(NO_MAIL)
    old = conn.execute(select(t.ticket).where(k.id == row.ticket_id).with_for_update()).one()
    _require_free(conn, old.id)
    others = exists().where(m.ticket_id == old.id, m.id != mail_id, m.duplicate.is_(False))
    if not conn.execute(select(others)).scalar():
        raise CannotMergeError(ONLY_MAIL)
    values = {
        "number": apart.number,
        "state": TicketState.OPEN.value,
        "sender": bounded_address(apart.sender),
        "subject": apart.subject,
        "language": old.language,
        "provenance": _authenticity(conn, mail_id),
        "outcome": row.outcome,
        "opened_at": now,
        "changed_at": now,
        "split_from": old.id,
    }
    new = int(conn.execute(insert(t.ticket).returning(k.id), values).scalar_one())
    _carry(conn, [mail_id], new)
    _changed(conn, old.id, person, now)
    drop_approvals(conn, new, person.name, now)
    _note_split(conn, old.id, new, [mail_id], person, now)


def free_number(engine: Engine, numbers: Sequence[str]) -> str:
    """The first of these numbers that no ticket has; raises LookupError when all are taken."""
    for each in numbers:
        if not is_ticket(engine, each):
            return each
    raise LookupError("no number is free")


def _locked(conn: Connection, number: str) -> t.AnyRow:
    row = conn.execute(select(t.ticket).where(t.ticket.c.number == number).with_for_update()).first()
    if row is None:
        raise CannotMergeError(UNKNOWN)
    return row


def _require_free(conn: Connection, *ticket_ids: int) -> None:
    h = t.legal_hold.c
    if conn.execute(select(h.ticket_id).where(h.ticket_id.in_(ticket_ids))).first() is not None:
        raise CannotMergeError(HELD)


def _carry(conn: Connection, mails: Sequence[int], ticket_id: int) -> None:
    """Let what these mails brought belong to a ticket; ids stay, and so does everything that names them."""
    i, o = t.item.c, t.outbox.c
    items = list(conn.execute(select(i.id).where(i.mail_id.in_(mails))).scalars())
    there = {"ticket_id": ticket_id}
    conn.execute(update(t.mail).where(t.mail.c.id.in_(mails)).values(there))
    conn.execute(update(t.item).where(i.id.in_(items)).values(there))
    conn.execute(update(t.action).where(t.action.c.item_id.in_(items)).values(there))
    conn.execute(update(t.outbox).where(or_(o.mail_id.in_(mails), o.item_id.in_(items))).values(there))
    for table in (t.letter, t.search_text, t.colleague_reply):
        conn.execute(update(table).where(table.c.mail_id.in_(mails)).values(there))


def _changed(conn: Connection, ticket_id: int, person: Person, now: datetime, open_it: bool = False) -> None:
    """What somebody saw of it is not all of it any more, or not any more."""
    k = t.ticket.c
    state = {"state": TicketState.OPEN.value, "snoozed_until": None} if open_it else {}
    conn.execute(update(t.ticket).where(k.id == ticket_id).values(version=k.version + 1, changed_at=now, **state))
    drop_approvals(conn, ticket_id, person.name, now)


def _note_split(conn: Connection, old: int, new: int, mails: Sequence[int], person: Person, now: datetime) -> None:
    write_events(
        conn,
        [
            Happening(SPLIT, person.name, now, ticket_id=old, data={"mails": list(mails), "into": new}),
            Happening(SPLIT_OFF, person.name, now, ticket_id=new, data={"mails": list(mails), "from": old}),
        ],
    )


def _last(conn: Connection, ticket_id: int, kind: str) -> dict[str, list[int]]:
    e = t.event.c
    newest = select(func.max(e.id)).where(e.ticket_id == ticket_id, e.kind == kind).scalar_subquery()
    found: dict[str, list[int]] = json.loads(conn.execute(select(e.data).where(e.id == newest)).scalar_one())
    return found


def _authenticity(conn: Connection, mail_id: int) -> str:
    e = t.event.c
    query = select(e.data).where(e.mail_id == mail_id, e.kind == "mail.decided").order_by(e.id.desc()).limit(1)
    told = conn.execute(query).scalar()
    return str(json.loads(told).get("authenticity", "")) if told else ""
