"""Mails that wait to be decided, claimed so that no two workers hold the same one.

A mail that was tried before comes alone: one that kills the process takes no other with it, and after
two tries alone it is set aside for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, bindparam, select, update

from processor.ciphers import DamagedError
from processor.masking import masked
from processor.store import tables as t
from processor.store.claims import moments
from processor.store.events import Happening, write_event, write_events
from processor.store.fair import FREE, oldest, with_others
from processor.store.keep_stream import forget_halves
from processor.store.prepared import Query
from processor.store.sealed import opened, with_keys
from processor.store.sharing import work_share
from processor.store.sweep import claimed_by
from processor.store.transaction import commit, writing
from processor.ticket import MailState

LEASE = timedelta(minutes=5)
# Once among others, which proves nothing against it, and twice alone.
TRIES = 3
WORN_OUT = f"not decided after {TRIES} tries, the last two alone"
BATCH_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Pending:
    """A mail to decide.  ``tries`` counts this one too; ``arrival_time`` is INTERNALDATE, else when it was kept."""

    mail_id: int
    raw: bytes
    arrival_time: datetime
    account: str
    folder: str
    purpose: str
    junk: bool
    tries: int


def pending(engine: Engine, limit: int, worker: str, now: datetime) -> list[Pending]:
    """Claim up to ``limit`` mails for ``worker``, oldest arrival first with a share for each
    mailbox and for senders in turn, for LEASE.

    What a notice's deadline is cannot be known before it is read, and of two the older one is nearer to it.

    Fewer come when they are large together.  A mail that was tried TRIES times is set aside instead.
    """
    return commit(engine, lambda conn: _pending(conn, limit, worker, now))


def set_aside(engine: Engine, mail_id: int, reason: str, now: datetime) -> bool:
    """Leave a mail to a person; False if it was decided or set aside already.

    A traceback may quote the mail, so private numbers in ``reason`` are hidden.
    """
    with writing(engine) as conn:
        return _set_aside(conn, [mail_id], masked(reason), now) == 1


def give_back(engine: Engine, mail_ids: Sequence[int], worker: str) -> None:
    """Return claimed mails untried, when a worker stops or the world (not the mail) failed."""
    if not mail_ids:
        return
    with writing(engine) as conn:
        conn.execute(
            update(t.mail)
            .where(t.mail.c.id.in_(mail_ids), t.mail.c.claimed_by == worker, t.mail.c.state == MailState.KEPT.value)
            .values(claimed_by=None, claimed_until=None, tries=t.mail.c.tries - 1)
        )


def free_claims(engine: Engine, worker: str, *, tried: bool = True) -> int:
    """Return all that a worker, or a daemon's workers, claimed and will not work off; says how many mails.

    They count as ``tried`` where one of them may be what ended it.  One that it is just recording stays.
    """
    m = t.mail.c
    claimed = select(m.id).where(m.state == MailState.KEPT.value, claimed_by(t.mail, worker)).order_by(m.id)
    freed = update(t.mail).where(m.id.in_(claimed.with_for_update(skip_locked=True)))
    values = {"claimed_by": None, "claimed_until": None, "tries": m.tries if tried else m.tries - 1}
    with writing(engine) as conn:
        return conn.execute(freed.values(values)).rowcount


def retry_mail(engine: Engine, mail_id: int, actor: str, now: datetime) -> bool:
    """Let a mail that was set aside be decided again; False if it is not set aside or its bytes are not whole."""
    whole = select(t.raw_mail.c.mail_id).where(t.raw_mail.c.mail_id == mail_id, t.raw_mail.c.whole.is_(True))
    with writing(engine) as conn:
        changed = conn.execute(
            update(t.mail)
            .where(t.mail.c.id == mail_id, t.mail.c.state == MailState.SET_ASIDE.value, whole.exists())
            .values(state=MailState.KEPT.value, reason="", tries=0, claimed_by=None, claimed_until=None)
        )
        if changed.rowcount:
            write_event(conn, Happening("mail.retried", actor, now, mail_id=mail_id))
        return changed.rowcount == 1


def release_claims(engine: Engine) -> int:
    """Free all claims at once, and drop half-streamed mails; only for the one daemon of a SQLite store, at start."""
    with writing(engine) as conn:
        forget_halves(conn)
        claimed = update(t.mail).where(t.mail.c.claimed_by.is_not(None), t.mail.c.state == MailState.KEPT.value)
        return conn.execute(claimed.values(claimed_by=None, claimed_until=None)).rowcount


def _pending(conn: Connection, limit: int, worker: str, now: datetime) -> list[Pending]:
    limit = work_share(conn, limit, _WAITING, moments(now))
    candidates = oldest(conn, now, limit)
    if len(candidates) == limit:
        candidates = with_others(conn, candidates, now)
    worn = [row.id for row in candidates if row.tries >= TRIES]
    if worn:
        _set_aside(conn, worn, WORN_OUT, now)
    chosen = _choose([row for row in candidates if row.tries < TRIES])
    if not chosen:
        return _pending(conn, limit, worker, now) if worn else []
    conn.execute(_HOLD, {"chosen": chosen, "worker": worker, "until": now + LEASE})
    found, damaged = [], {}
    for row in _HELD.rows(conn, {"chosen": chosen}):
        try:
            raw = opened(conn, row, row.content)
        except DamagedError as error:
            damaged[row.id] = f"its bytes in the store are {error}"
            continue
        found.append(Pending(row.id, raw, row.arrived_at, row.account, row.folder, row.purpose, row.junk, row.tries))
    for mail_id, reason in damaged.items():
        _set_aside(conn, [mail_id], reason, now)
    return found or _pending(conn, limit, worker, now)


# Built once: every batch is claimed by these.
_M = t.mail.c
_WAITING = select(_M.id).where(FREE)
_CHOSEN = _M.id.in_(bindparam("chosen", expanding=True))
_HOLD = (
    update(t.mail)
    .where(_CHOSEN)
    .values(claimed_by=bindparam("worker"), claimed_until=bindparam("until"), tries=_M.tries + 1)
)
_HELD = Query(
    with_keys(
        select(_M.id, t.raw_mail.c.content, _M.arrived_at, _M.account, _M.folder, _M.purpose, _M.junk, _M.tries)
        .join_from(t.mail, t.raw_mail)
        .where(_CHOSEN)
        .order_by(_M.arrived_at, _M.id)
    )
)


def _choose(rows: Sequence[t.AnyRow]) -> list[int]:
    chosen: list[int] = []
    total = 0
    for row in rows:
        total += row.size
        if chosen and (row.tries or total > BATCH_BYTES):
            break
        chosen.append(row.id)
        if row.tries:
            break
    return chosen


def _set_aside(conn: Connection, mail_ids: Sequence[int], reason: str, now: datetime) -> int:
    m = t.mail.c
    changed = conn.execute(
        update(t.mail)
        .where(m.id.in_(mail_ids), m.state == MailState.KEPT.value)
        .values(state=MailState.SET_ASIDE.value, reason=reason, sender_key=0, claimed_by=None, claimed_until=None)
        .returning(m.id)
    )
    ids = changed.scalars().all()
    write_events(conn, [Happening("mail.set_aside", "work", now, mail_id=mail_id, text=reason) for mail_id in ids])
    return len(ids)
