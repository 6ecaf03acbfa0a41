"""The hot path of the outbox: a worker's moves "attempt" and "sent" of TRANSITIONS, as statements built once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, and_, bindparam, insert, or_, select, update

from processor.masking import masked
from processor.store import tables as t
from processor.store.events import Happening, write_events
from processor.store.sent_copies import note_copy
from processor.store.settings import STOPPED
from processor.store.transaction import writing
from processor.store.transitions import FREE, TRANSITIONS


@dataclass(frozen=True, slots=True)
class Taken:
    """A reply that the server took; ``at``, and its Date header ``dated``, are aware UTC."""

    id: int
    fence: int
    response: str
    at: datetime
    dated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """The letter that is about to leave: the SHA-256 of its bytes, and its Date header (aware UTC)."""

    sha256: str
    dated: datetime


def attempt(
    engine: Engine,
    outbox_id: int,
    fence: int,
    host: str,
    now: datetime,
    after: Taken | None = None,
    leaving: Leaving | None = None,
) -> bool:
    """Write down that DATA is about to be sent.  False: do not send, the row is no longer yours, or not to leave.

    ``after`` is the reply sent just before, which is marked in the same commit: half as many commits.  ``leaving`` is
    sealed with the event, so that the letter can be shown later as it left.
    """
    with writing(engine) as conn:
        before = _sent(conn, after) if after else []
        moved = conn.execute(_ATTEMPT, {"row": outbox_id, "held": fence, "now_at": now}).first()
        if moved is None:
            write_events(conn, before)
            return False
        row = {"outbox_id": outbox_id, "fence": fence, "host": host, "message_id": moved.message_id, "at": now}
        conn.execute(_INSERT_ATTEMPT, row)
        letter = {"sha256": leaving.sha256, "dated": leaving.dated.isoformat()} if leaving else {}
        write_events(conn, [*before, _worker_event("attempt", moved.ticket_id, outbox_id, fence, now, letter)])
        return True


def sent(
    engine: Engine, outbox_id: int, fence: int, response: str, now: datetime, dated: datetime | None = None
) -> bool:
    """The server took the mail.  False: the lease had ended and the row was given up."""
    with writing(engine) as conn:
        happened = _sent(conn, Taken(outbox_id, fence, response, now, dated))
        write_events(conn, happened)
        return bool(happened)


def _sent(conn: Connection, taken: Taken) -> list[Happening]:
    """Mark a reply as sent; what is to be written about it, nothing when the row is no longer ours."""
    said = {"row": taken.id, "held": taken.fence, "said": masked(taken.response), "now_at": taken.at}
    moved = conn.execute(_SENT, said).first()
    if moved is None:
        return []
    conn.execute(END_ATTEMPT, {**said, "how": "sent"})
    note_copy(conn, taken.id, taken.dated or taken.at, taken.at)
    return [_worker_event("sent", moved.ticket_id, taken.id, taken.fence, taken.at)]


def _worker_event(
    name: str, ticket_id: int, outbox_id: int, fence: int, now: datetime, more: Mapping[str, object] | None = None
) -> Happening:
    data = {"fence": fence, **(more or {})}
    return Happening(f"outbox.{name}", "courier", now, ticket_id=ticket_id, outbox_id=outbox_id, data=data)


def _from(name: str) -> ColumnElement[bool]:
    return or_(*(t.outbox.c.state == state.value for state in TRANSITIONS[name].sources))


_STOPPED = select(t.setting.c.name).where(t.setting.c.name == STOPPED, t.setting.c.value == "1").exists()
_ATTEMPT = (
    update(t.outbox)
    .where(
        t.outbox.c.id == bindparam("row"),
        _from("attempt"),
        t.outbox.c.fence == bindparam("held"),
        t.outbox.c.claimed_until > bindparam("now_at"),
        or_(
            t.outbox.c.automatic.is_(False),
            and_(~_STOPPED, or_(t.outbox.c.leave_before.is_(None), t.outbox.c.leave_before > bindparam("now_at"))),
        ),
    )
    .values(
        state=TRANSITIONS["attempt"].target.value,
        changed_at=bindparam("now_at"),
        attempted_at=bindparam("now_at"),
        tries=t.outbox.c.tries + 1,
    )
    .returning(t.outbox.c.ticket_id, t.outbox.c.message_id)
)
_INSERT_ATTEMPT = insert(t.outbox_attempt)
_SENT = (
    update(t.outbox)
    .where(t.outbox.c.id == bindparam("row"), _from("sent"), t.outbox.c.fence == bindparam("held"))
    .values(
        state=TRANSITIONS["sent"].target.value,
        changed_at=bindparam("now_at"),
        response=bindparam("said"),
        error="",
        **FREE,
    )
    .returning(t.outbox.c.ticket_id)
)
END_ATTEMPT = (
    update(t.outbox_attempt)
    .where(t.outbox_attempt.c.outbox_id == bindparam("row"), t.outbox_attempt.c.fence == bindparam("held"))
    .values(outcome=bindparam("how"), response=bindparam("said"), ended_at=bindparam("now_at"))
)
