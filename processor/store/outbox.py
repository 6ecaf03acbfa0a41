"""Sending once: what workers do with the outbox.

A claim is a lease with a fence number and leaves the state alone, so a row that was claimed and never
attempted is simply free again when the lease ends.  ``attempt`` is committed before the first byte of
DATA; a row found in ``sending`` after its lease is ``unknown`` by definition, except a confirmation,
which is repeated with the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, Integer, and_, bindparam, case, func, or_, select, update

from processor.masking import masked
from processor.store import tables as t
from processor.store.claims import NOW, moments, past_then, unclaimed_then
from processor.store.engine import DIGEST_KEY
from processor.store.prepared import Query
from processor.store.sending import END_ATTEMPT, Start, Taken, attempt, attempt_all, not_begun, sent, sent_all
from processor.store.settings import DEFAULT_OUTBOX_CAP, OUTBOX_CAP, setting
from processor.store.sharing import delivery_share
from processor.store.staff_replies import approve_reply, cancel, cancel_reply, issue_confirmation, release, resend
from processor.store.sweep import Swept, sweep
from processor.store.switch import BREAKER, resume_answers, stop_answers, stopped, turn
from processor.store.transaction import commit, reading, writing
from processor.store.transitions import FREE, TRANSITIONS, move
from processor.ticket import OutboxState

__all__ = [
    "TRANSITIONS",
    "Hand",
    "Outgoing",
    "Start",
    "Swept",
    "Taken",
    "abandon",
    "approve_reply",
    "attempt",
    "attempt_all",
    "bounced",
    "cancel",
    "cancel_reply",
    "claim",
    "failed",
    "issue_confirmation",
    "not_begun",
    "outbox_counts",
    "outgoing",
    "release",
    "resend",
    "resume_answers",
    "retry_at",
    "sent",
    "sent_all",
    "stop_answers",
    "stopped",
    "sweep",
    "unknown",
]

CAP_WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A claimed reply.  ``fence`` must be given back with everything said about it."""

    id: int
    fence: int
    to: str
    envelope_from: str
    subject: str
    text: str
    html: str
    message_id: str
    in_reply_to: str
    references: str
    kind: str
    ticket_no: str
    language: str
    tries: int
    created: datetime
    automatic: bool
    by_person: bool


class Hand(list[Outgoing]):
    """The replies that were claimed; where it is ``full``, more may wait."""

    full = False


def claim(engine: Engine, worker: str, limit: int, now: datetime, lease_seconds: int) -> Hand:
    """Claim replies that may leave now, what staff approved first.

    Automatic ones stay while the stop switch is on or the cap of an hour is used up; when the cap
    keeps a reply back, the breaker turns the switch, and resuming is a person's act (T31).
    """
    return commit(engine, lambda conn: _claim(conn, worker, limit, now, timedelta(seconds=lease_seconds)))


def outgoing(engine: Engine, outbox_id: int) -> Outgoing:
    """A reply as it stands, claimed or not; for the copy of one that was sent."""
    with reading(engine) as conn:
        return Outgoing(*conn.execute(select(*_OUTGOING).where(t.outbox.c.id == outbox_id)).one())


def retry_at(
    engine: Engine, outbox_id: int, fence: int, error: str, when: datetime, now: datetime | None = None
) -> bool:
    """The world failed for a while and nothing was taken: try again at ``when``."""
    error = masked(error)
    return _end(
        engine, "retry", outbox_id, fence, error, now or when, {"error": error, "due_at": when, "tries": _TRIED}
    )


def failed(engine: Engine, outbox_id: int, fence: int, error: str, now: datetime) -> bool:
    """The server refused for good; staff see it."""
    error = masked(error)
    return _end(engine, "failed", outbox_id, fence, error, now, {"error": error})


def unknown(engine: Engine, outbox_id: int, fence: int, error: str, now: datetime) -> bool:
    """The connection broke after DATA: nobody knows whether the mail was taken; staff see it."""
    error = masked(error)
    return _end(engine, "unknown", outbox_id, fence, error, now, {"error": error})


def bounced(engine: Engine, message_id: str, detail: str, now: datetime) -> bool:
    """A bounce names this Message-ID; False if we never sent it (T38)."""
    with writing(engine) as conn:
        found = conn.execute(select(t.outbox.c.id).where(t.outbox.c.message_id == message_id)).scalar()
        if found is None:
            return False
        return move(conn, "bounced", found, "bounce", now, values={"error": detail}, text=detail)


def abandon(engine: Engine, worker: str, now: datetime) -> Swept:
    """End the leases of a worker that is being stopped: what it was sending is unknown, the rest is free.

    No other worker's, so each daemon's has a name of its own.
    """
    return sweep(engine, now, worker=worker)


def outbox_counts(engine: Engine) -> dict[OutboxState, int]:
    """How many rows are in each state; states without any are 0."""
    counts = dict.fromkeys(OutboxState, 0)
    with reading(engine) as conn:
        for row in conn.execute(select(t.outbox.c.state, func.count().label("n")).group_by(t.outbox.c.state)):
            counts[OutboxState(row.state)] = row.n
    return counts


def _end(
    engine: Engine, name: str, outbox_id: int, fence: int, said: str, now: datetime, values: Mapping[str, object]
) -> bool:
    """End a worker's hold on a row, with what the server said."""
    with writing(engine) as conn:
        if not move(
            conn, name, outbox_id, "courier", now, t.outbox.c.fence == fence, values={**values, **FREE}, text=said
        ):
            return False
        END_ATTEMPT.run(conn, {"row": outbox_id, "held": fence, "how": name, "said": said, "now_at": now})
        return True


def _claim(conn: Connection, worker: str, limit: int, now: datetime, lease: timedelta) -> Hand:
    # One claim at a time, so that two machines cannot both use the last of the cap.
    _ONE_AT_A_TIME.rows(conn)
    then = moments(now)
    limit = delivery_share(conn, limit, _WAITING, then)
    waiting = _NEXT.rows(conn, {**then, "most": limit})
    chosen = [row.id for row in waiting if not row.automatic]
    automatic = [row.id for row in waiting if row.automatic]
    if automatic and not stopped(conn):
        chosen += _within_cap(conn, automatic, now)
    if not chosen:
        return Hand()
    held = {**then, "chosen": chosen, "worker": worker, "until": now + lease}
    claimed = {row.id: Outgoing(*row) for row in _HOLD.rows(conn, held)}
    hand = Hand(claimed[number] for number in chosen if number in claimed)
    hand.full = len(chosen) == limit
    return hand


def _within_cap(conn: Connection, waiting: list[int], now: datetime) -> list[int]:
    """Those that the cap of an hour lets go; the breaker turns the switch when it keeps one back."""
    cap = int(setting(conn, OUTBOX_CAP, str(DEFAULT_OUTBOX_CAP)))
    room = cap - _used(conn, now)
    if len(waiting) > max(room, 0):
        turn(conn, True, BREAKER, now)
        return waiting[: max(room, 0)]
    return waiting


def _used(conn: Connection, now: datetime) -> int:
    """Automatic replies attempted within the window, or claimed and about to be."""
    return int(_USED.value(conn, {"now_at": now, "since": now - CAP_WINDOW}))


_OUTGOING = tuple(
    t.outbox.c[name]
    for name in (
        "id",
        "fence",
        "to_addr",
        "envelope_from",
        "subject",
        "text",
        "html",
        "message_id",
        "in_reply_to",
        "refs",
        "kind",
        "ticket_no",
        "language",
        "tries",
        "created_at",
        "automatic",
        "by_person",
    )
)


# Built once: every few replies are claimed anew.
_O = t.outbox.c
_READY, _RETRY = OutboxState.READY.value, OutboxState.RETRY.value
_DUE = or_(_O.state == _READY, and_(_O.state == _RETRY, past_then(_O.due_at)))
_FREE = unclaimed_then(_O.claimed_until)
_IN_TIME = or_(_O.automatic.is_(False), _O.leave_before.is_(None), _O.leave_before > NOW)
_ONE_AT_A_TIME = Query(select(t.setting.c.name).where(t.setting.c.name == DIGEST_KEY).with_for_update())
_WAITING = select(_O.id).where(_DUE, _FREE, _IN_TIME)
# What staff approved goes first.
_NEXT = Query(
    select(_O.id, _O.automatic)
    .where(_DUE, _FREE, _IN_TIME)
    .order_by(_O.automatic, _O.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_HOLD = Query(
    update(t.outbox)
    .where(_O.id.in_(bindparam("chosen", expanding=True)), _FREE)
    .values(claimed_by=bindparam("worker"), claimed_until=bindparam("until"), fence=_O.fence + 1)
    .returning(*_OUTGOING)
)
_USED = Query(
    select(func.count()).where(
        _O.automatic.is_(True),
        or_(
            _O.attempted_at > bindparam("since"),
            and_(or_(_O.state == _READY, _O.state == _RETRY), _O.claimed_until > NOW),
        ),
    )
)

# A try that failed before DATA was not counted by ``attempt``.
_TRIED = case((t.outbox.c.state == OutboxState.SENDING.value, t.outbox.c.tries), else_=t.outbox.c.tries + 1)
