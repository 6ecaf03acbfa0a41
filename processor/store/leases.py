"""Leases on PostgreSQL: which daemon lives, and which of several reads a mailbox; by the database's clock alone.

A fence number makes them safe, whatever the clocks say: every write of a mailbox's reader asks first, in its own
transaction, whether the lease still has the fence that it was given.  The asking locks the row against whoever
would take the lease over, but not against its renewal; so a reader that wakes up late writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Interval,
    Table,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    update,
)

from processor.store import tables as t
from processor.store.lines import called
from processor.store.sweep import Swept, claimed_by, sweep
from processor.store.transaction import GUARD, reading, writing
from processor.store.work import free_claims
from processor.ticket import MailState, OutboxState

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert

MAILBOX, DAEMON = "mailbox/", "daemon/"
UNDER_WAY = (OutboxState.READY.value, OutboxState.RETRY.value, OutboxState.SENDING.value)
CHANNEL, WORD = "processor", "lease"


class LeaseLostError(Exception):
    """Another daemon reads the mailbox now: what was about to be written is the other's to write."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as it stands; ``alive`` by the database's clock, times aware UTC."""

    name: str
    holder: str
    fence: int
    hands: int
    taken_at: datetime
    until: datetime
    alive: bool


@dataclass(frozen=True, slots=True)
class Buried:
    """What a dead daemon had in hand: mails that others decide, replies in doubt, others that leave again.

    Not ``whole`` while the server still takes it for in the middle of a commit.
    """

    holder: str
    mails: int
    replies: Swept
    whole: bool


def has_leases(engine: Engine) -> bool:
    """Whether several daemons may work on the store."""
    return engine.dialect.name == "postgresql"


def live(engine: Engine, holder: str, hands: int, seconds: float) -> None:
    """Say that the daemon lives, with so many workers, for ``seconds`` from now."""
    row = _insert(t.lease).values(
        name=DAEMON + holder, holder=holder, fence=1, hands=hands, taken_at=_NOW, until=_from_now(seconds)
    )
    with writing(engine) as conn:
        conn.execute(row.on_conflict_do_update(index_elements=["name"], set_={"until": _from_now(seconds)}))


def take(engine: Engine, account: str, holder: str, seconds: float, grace: float = 0.0) -> int | None:
    """Take the mailbox's lease if it is free, or was for ``grace`` seconds; the fence, None where another reads it."""
    lease, name = t.lease.c, MAILBOX + account
    free = (
        select(lease.name)
        .where(lease.name == name, lease.until <= _from_now(-grace))
        # A reader in the middle of a commit reads it, whatever the time.
        .with_for_update(skip_locked=True)
    )
    values = {"holder": holder, "taken_at": _NOW, "until": _from_now(seconds)}
    with writing(engine) as conn:
        first = _insert(t.lease).values(name=name, fence=1, hands=0, **values).on_conflict_do_nothing()
        taken = conn.execute(first.returning(lease.fence)).scalar()
        if taken is None:
            found = update(t.lease).where(lease.name.in_(free)).values(fence=lease.fence + 1, **values)
            taken = conn.execute(found.returning(lease.fence)).scalar()
    return taken


def renew(engine: Engine, account: str, fence: int, seconds: float) -> bool:
    """Keep the mailbox's lease for ``seconds`` from now; False when another took it."""
    with writing(engine) as conn:
        kept = conn.execute(update(t.lease).where(_at(account, fence)).values(until=_from_now(seconds)))
        return kept.rowcount == 1


def let_go(engine: Engine, account: str, fence: int) -> None:
    """End the mailbox's lease now, and tell the other daemons."""
    with writing(engine) as conn:
        ended = conn.execute(update(t.lease).where(_at(account, fence)).values(until=_NOW))
        if ended.rowcount:
            _tell(conn)


def fenced(engine: Engine, account: str, fence: int, seen: Callable[[], None]) -> Engine:
    """The store for the mailbox's reader: each of its transactions that writes raises LeaseLostError once the lease
    is another's.  ``seen`` is called at each, as a sign of life."""
    lease = select(t.lease.c.name).where(_at(account, fence)).with_for_update(read=True, key_share=True)

    def guard(conn: Connection) -> None:
        seen()
        if conn.execute(lease).first() is None:
            raise LeaseLostError(account)

    return engine.execution_options(**{GUARD: guard})


def leave(engine: Engine, holder: str, now: datetime) -> Buried:
    """A daemon ends: what it had in hand is free at once, and no other daemon's claim is touched."""
    return _bury(engine, holder, now)


def bury(engine: Engine, holder: str, now: datetime, grace: float = 0.0) -> list[Buried]:
    """Free what daemons had in hand that are dead, or were for ``grace`` seconds; ``holder`` lives, and asks."""
    lease = t.lease.c
    dead = select(lease.holder).where(
        lease.name.startswith(DAEMON), lease.until <= _from_now(-grace), lease.holder != holder
    )
    with reading(engine) as conn:
        found = list(conn.execute(dead).scalars())
        for each in found:
            conn.execute(_END, {"name": called(each)})
    return [_bury(engine, each, now) for each in found]


def leases(engine: Engine) -> list[Lease]:
    """All leases, daemons' first; none on SQLite."""
    if not has_leases(engine):
        return []
    with reading(engine) as conn:
        query = select(t.lease, (t.lease.c.until > _NOW).label("alive")).order_by(t.lease.c.name)
        return [Lease(**row._mapping) for row in conn.execute(query)]


def _bury(engine: Engine, holder: str, now: datetime) -> Buried:
    mails = free_claims(engine, holder)
    replies = sweep(engine, now, worker=holder)
    # A row that it is still holding in a commit, until that is over or ended, is freed at another turn.
    held = or_(
        exists().where(t.mail.c.state == MailState.KEPT.value, claimed_by(t.mail, holder)),
        exists().where(t.outbox.c.state.in_(UNDER_WAY), claimed_by(t.outbox, holder)),
    )
    # Last, so that a death in between leaves it to the next one, for whom there is nothing left to free.
    with writing(engine) as conn:
        gone = conn.execute(delete(t.lease).where(t.lease.c.name == DAEMON + holder, ~held))
        if gone.rowcount:
            _tell(conn)
    return Buried(holder, mails, replies, bool(gone.rowcount))


def _insert(table: Table) -> Insert:
    # Imported where it is used: there are no leases on SQLite, where the dialect's types are so much dead weight.
    from sqlalchemy.dialects.postgresql import insert

    return insert(table)


def _at(account: str, fence: int) -> ColumnElement[bool]:
    return (t.lease.c.name == MAILBOX + account) & (t.lease.c.fence == fence)


def _from_now(seconds: float) -> ColumnElement[datetime]:
    return _NOW + literal(timedelta(seconds=seconds), Interval)


def _tell(conn: Connection) -> None:
    conn.execute(
        text("SELECT pg_notify(:channel, current_schema() || :word)"), {"channel": CHANNEL, "word": f" {WORD}"}
    )


# Of the dead, what stands still in the middle of a transaction and waits for its next word: the server's own clock does
# not run where a batch was cut off in the middle, and the rows would be held until TCP gives up.  What waits for a
# standby is let alone: it would be committed here and perhaps not there.
_END = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
    " AND xact_start IS NOT NULL AND wait_event = 'ClientRead'"
    " AND (application_name = :name OR starts_with(application_name, :name || '/'))"
)
# Not now(), which stands still within a transaction.
_NOW: ColumnElement[datetime] = func.clock_timestamp(type_=DateTime(timezone=True))
