"""What is kept no longer, by the periods of ``periods.py``; the keyed digest of an erased mail stays (domain.md 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, Engine

from processor.store import tables as t
from processor.store.erasing import erase_bytes, erase_ticket, lock_ticket, settle_erasure
from processor.store.pasts import Standing, standing_of, standings
from processor.store.periods import AUTOMATIC_DAYS
from processor.store.transaction import commit, reading

ACTOR = "retention"
COPIES = "another arrival of a letter that was erased"


@dataclass(frozen=True, slots=True)
class Due:
    """A ticket whose period is over: ``what`` goes, ``mails`` of it, and what stands in the way (``""``: nothing)."""

    ticket_id: int
    number: str
    what: Literal["all", "bytes"]
    mails: int
    why: str
    kept: str


def due(engine: Engine, now: datetime) -> list[Due]:
    """The tickets whose period is over, with those that are kept all the same; changes nothing."""
    # No period is shorter.
    old = t.ticket.c.changed_at < now - timedelta(days=AUTOMATIC_DAYS)
    with reading(engine) as conn:
        return [each for page in standings(conn, old) for standing in page for each in _due(standing, now)]


def retain(engine: Engine, now: datetime) -> list[Due]:
    """Erase what is due, each ticket in a transaction of its own; what was erased."""
    done = [found for each in due(engine, now) if not each.kept for found in _erase(engine, each.ticket_id, now)]
    if done:
        settle_erasure(engine)
    return done


def _due(standing: Standing, now: datetime) -> Iterator[Due]:
    period, today = standing.period, now.date()
    kept = "under a legal hold" if standing.held else "" if standing.handled else "still being handled"
    about = (standing.ticket_id, standing.number)
    if standing.copies:
        yield Due(*about, "all", len(standing.mail_ids), COPIES, kept)
    elif period.all_over(today):
        yield Due(*about, "all", len(standing.mail_ids), period.why, kept)
    elif standing.with_bytes and period.bytes_over(today):
        yield Due(*about, "bytes", len(standing.with_bytes), period.why, kept)


def _erase(engine: Engine, ticket_id: int, now: datetime) -> list[Due]:
    """Looked at again in the transaction that erases: a mail, an action or a hold may have come in between."""

    def work(conn: Connection) -> list[Due]:
        lock_ticket(conn, ticket_id)
        standing = standing_of(conn, ticket_id)
        found = [each for each in _due(standing, now) if not each.kept] if standing else []
        for each in found:
            if each.what == "all":
                erase_ticket(conn, ticket_id, each.why, ACTOR, now)
            elif standing:
                erase_bytes(conn, ticket_id, standing.with_bytes, each.why, ACTOR, now)
        return found

    return commit(engine, work)
