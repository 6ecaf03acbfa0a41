"""Mail that a person takes in: kept like any other, in a folder of its own that no server has."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from processor.masking import masked
from processor.store import tables as t
from processor.store.events import Happening, write_event
from processor.store.keep import Arrival, Kept, keep_in
from processor.store.people import Person
from processor.store.transaction import commit, reading
from processor.store.watermarks import mark_arrivals_done

BY_HAND = "(by hand)"
"""The folder; no server has one of this name."""
TAKEN_IN = "mail.by_hand"
MOST_UID = 2**31


@dataclass(frozen=True, slots=True)
class Brought:
    """What a person takes in: for which mailbox, its bytes, when it arrived (aware), on what it came, who says so."""

    account: str
    raw: bytes
    arrived_at: datetime
    source: str
    said_by: str
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Landed:
    """Whether it is new to us, and the ticket that it has already, ``""`` for none yet."""

    mail_id: int
    new: bool
    ticket_no: str


@dataclass(frozen=True, slots=True)
class Told:
    """How a mail came in by hand: by whom and when it was taken in, on what it came and who says when it arrived."""

    by: str
    at: datetime
    source: str
    said_by: str


def take_in(engine: Engine, brought: Brought, person: Person, now: datetime) -> Landed:
    """Keep it, once: the same bytes again, or those that were fetched, are another arrival of the same mail."""
    # The bytes name the place, so that a second upload is no second arrival.
    uid = int.from_bytes(hashlib.sha256(brought.raw).digest()[:4], "big") % MOST_UID + 1
    size = len(brought.raw)
    arrival = Arrival(brought.account, BY_HAND, 1, uid, brought.arrived_at, size, brought.raw, purpose=brought.purpose)
    (kept,) = commit(engine, lambda conn: _keep(conn, arrival, brought, person, now))
    # No server waits to be told.
    mark_arrivals_done(engine, brought.account, BY_HAND, 1, {uid}, now)
    with reading(engine) as conn:
        query = select(t.ticket.c.number).join(t.mail, t.mail.c.ticket_id == t.ticket.c.id)
        number = conn.execute(query.where(t.mail.c.id == kept.mail_id)).scalar()
    return Landed(kept.mail_id, kept.new, number or "")


def told_of(source: Engine | Connection, mail_ids: Collection[int]) -> dict[int, Told]:
    """How each of these mails was taken in, for those that a person brought."""
    e, x = t.event.c, t.event_text.c
    query = select(e.mail_id, e.actor, e.at, e.data, x.text).outerjoin_from(t.event, t.event_text, x.event_id == e.id)
    with reading(source) as conn:
        rows = conn.execute(query.where(e.mail_id.in_(mail_ids), e.kind == TAKEN_IN).order_by(e.id.desc())).all()
    return {row.mail_id: Told(row.actor, row.at, json.loads(row.data)["source"], row.text or "") for row in rows}


def _keep(conn: Connection, arrival: Arrival, brought: Brought, person: Person, now: datetime) -> list[Kept]:
    kept = keep_in(conn, [arrival], now)
    data = {"source": brought.source, "new": kept[0].new, "arrived_at": brought.arrived_at}
    happened = Happening(
        TAKEN_IN, person.name, now, mail_id=kept[0].mail_id, data=data, text=masked(brought.said_by)[:500]
    )
    write_event(conn, happened)
    return kept
