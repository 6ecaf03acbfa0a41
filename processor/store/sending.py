"""The hot path of the outbox: a worker's moves "attempt" and "sent" of TRANSITIONS, as statements built once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, and_, bindparam, insert, or_, select, update

from processor.masking import masked
from processor.store import tables as t
from processor.store.events import Happening, write_event, write_events
from processor.store.prepared import Prepared
from processor.store.sent_copies import note_copies
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


@dataclass(frozen=True, slots=True)
class Start:
    """A claimed reply whose turn has come, by its row and the fence of the claim."""

    id: int
    fence: int
    leaving: Leaving | None = None


def attempt(
    engine: Engine,
    outbox_id: int,
    fence: int,
    host: str,
    now: datetime,
    after: Taken | None = None,
    leaving: Leaving | None = None,
) -> bool:
    """``attempt_all`` of one reply: False when it must not be sent."""
    start = Start(outbox_id, fence, leaving)
    return bool(attempt_all(engine, host, now, [start], [after] if after else []))


def attempt_all(
    engine: Engine, host: str, now: datetime, starts: Sequence[Start], after: Sequence[Taken] = ()
) -> list[int]:
    """Write down, in one commit, that these replies are about to be sent, one after the other.

    Answers with the rows that may be: the others are no longer yours, or not to leave.  ``after`` are those sent just
    before, which are marked in the same commit.  What a ``Start`` says of the letter is sealed with its event, so that
    the letter can be shown later as it left.
    """
    with writing(engine) as conn:
        happened = _sent(conn, after)
        rows: list[dict[str, object]] = []
        begun: list[int] = []
        for each in starts:
            moved = _ATTEMPT.run(conn, {"row": each.id, "held": each.fence, "now_at": now})
            if moved is None:
                continue
            ticket_id, message_id = moved
            begun.append(each.id)
            place = {"host": host, "message_id": message_id, "at": now}
            rows.append({"outbox_id": each.id, "fence": each.fence, **place, **_NOT_ENDED})
            of = each.leaving
            letter = {"sha256": of.sha256, "dated": of.dated.isoformat()} if of else {}
            happened.append(_worker_event("attempt", ticket_id, each.id, each.fence, now, letter))
        _INSERT_ATTEMPT.run_each(conn, rows)
        write_events(conn, happened)
        return begun


def sent(
    engine: Engine, outbox_id: int, fence: int, response: str, now: datetime, dated: datetime | None = None
) -> bool:
    """The server took the mail.  False: the lease had ended and the row was given up."""
    return sent_all(engine, [Taken(outbox_id, fence, response, now, dated)]) == 1


def sent_all(engine: Engine, taken: Sequence[Taken]) -> int:
    """The server took these mails; says of how many rows that could still be noted."""
    with writing(engine) as conn:
        happened = _sent(conn, taken)
        write_events(conn, happened)
        return len(happened)


def not_begun(engine: Engine, starts: Sequence[Start], why: str, now: datetime) -> None:
    """Of attempts that were written down no byte was sent after all: these replies are free to leave at once."""
    ended = {"how": "not begun", "said": masked(why), "now_at": now}
    with writing(engine) as conn:
        for each in starts:
            held = {"row": each.id, "held": each.fence}
            moved = _NOT_BEGUN.run(conn, {**held, "now_at": now})
            if moved:
                END_ATTEMPT.run(conn, {**held, **ended})
                write_event(conn, _worker_event("retry", moved[0], each.id, each.fence, now))


def _sent(conn: Connection, taken: Sequence[Taken]) -> list[Happening]:
    """Mark replies as sent; what is to be written about them, nothing of rows that are no longer ours."""
    ended: list[dict[str, object]] = []
    copies: list[tuple[int, datetime, datetime]] = []
    happened: list[Happening] = []
    for each in taken:
        said = {"row": each.id, "held": each.fence, "said": masked(each.response), "now_at": each.at}
        moved = _SENT.run(conn, said)
        if moved is not None:
            ended.append({**said, "how": "sent"})
            copies.append((each.id, each.dated or each.at, each.at))
            happened.append(_worker_event("sent", moved[0], each.id, each.fence, each.at))
    END_ATTEMPT.run_each(conn, ended)
    note_copies(conn, copies)
    return happened


def _worker_event(
    name: str, ticket_id: int, outbox_id: int, fence: int, now: datetime, more: Mapping[str, object] | None = None
) -> Happening:
    data = {"fence": fence, **(more or {})}
    return Happening(f"outbox.{name}", "courier", now, ticket_id=ticket_id, outbox_id=outbox_id, data=data)


def _from(name: str) -> ColumnElement[bool]:
    return or_(*(t.outbox.c.state == state.value for state in TRANSITIONS[name].sources))


_STOPPED = select(t.setting.c.name).where(t.setting.c.name == STOPPED, t.setting.c.value == "1").exists()
_ATTEMPT = Prepared(
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
_NOT_ENDED = {"outcome": "", "response": "", "ended_at": None}
_INSERT_ATTEMPT = Prepared(
    insert(t.outbox_attempt).inline(), ("outbox_id", "fence", "host", "message_id", "at", *_NOT_ENDED)
)
_NOT_BEGUN = Prepared(
    update(t.outbox)
    .where(t.outbox.c.id == bindparam("row"), _from("sent"), t.outbox.c.fence == bindparam("held"))
    .values(
        state=TRANSITIONS["retry"].target.value,
        changed_at=bindparam("now_at"),
        due_at=bindparam("now_at"),
        tries=t.outbox.c.tries - 1,
        **FREE,
    )
    .returning(t.outbox.c.ticket_id)
)
_SENT = Prepared(
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
END_ATTEMPT = Prepared(
    update(t.outbox_attempt)
    .where(t.outbox_attempt.c.outbox_id == bindparam("row"), t.outbox_attempt.c.fence == bindparam("held"))
    .values(outcome=bindparam("how"), response=bindparam("said"), ended_at=bindparam("now_at"))
)
