"""Times in which a mailbox was not read: noticed when it is read again, and noted on what came meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, insert, select, update

from processor.store import tables as t
from processor.store.transaction import commit, reading

LEAST = timedelta(hours=2)
"""A shorter pause is a restart, or a program that is run by the hour."""


@dataclass(frozen=True, slots=True)
class Outage:
    """When an account's folders were not read; aware UTC."""

    account: str
    began: datetime
    ended: datetime

    @property
    def hours(self) -> int:
        """Its length in whole hours, at least 1."""
        return max(1, round((self.ended - self.began) / timedelta(hours=1)))


def unread_since(engine: Engine, account: str, now: datetime, poll: timedelta = timedelta(0)) -> datetime | None:
    """When the folders were last read, if that is longer ago than LEAST (or three polls); else None."""
    with reading(engine) as conn:
        seen = conn.execute(select(t.mailbox.c.seen_at).where(t.mailbox.c.account == account)).scalar()
    return seen if seen is not None and now - seen >= max(LEAST, 3 * poll) else None


def note_outage(engine: Engine, account: str, began: datetime, now: datetime) -> Outage:
    """The account can be read again: an outage ends, which is noted before what came meanwhile is decided."""
    commit(engine, lambda conn: _note_outage(conn, account, began, now))
    return Outage(account, began, now)


def note_read(engine: Engine, account: str, now: datetime) -> None:
    """The folders were read to their ends."""
    commit(engine, lambda conn: _seen(conn, account, now))


def outages(source: Engine | Connection, accounts: Collection[str], since: datetime) -> list[Outage]:
    """The accounts' outages that ended after ``since``."""
    o = t.outage.c
    query = select(o.account, o.began_at, o.ended_at).where(o.account.in_(sorted(accounts)), o.ended_at >= since)
    with reading(source) as conn:
        return [Outage(*row) for row in conn.execute(query.order_by(o.id))]


def outage_of(known: Sequence[Outage], account: str, arrival: datetime) -> Outage | None:
    """The outage in which a mail arrived."""
    return next((each for each in known if each.account == account and each.began <= arrival <= each.ended), None)


def _note_outage(conn: Connection, account: str, began: datetime, now: datetime) -> None:
    conn.execute(insert(t.outage).values(account=account, began_at=began, ended_at=now))
    # Noted once, also if this reading fails on its way.
    _seen(conn, account, now)


def _seen(conn: Connection, account: str, now: datetime) -> None:
    conn.execute(update(t.mailbox).where(t.mailbox.c.account == account).values(seen_at=now))
