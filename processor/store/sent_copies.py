"""Copies of our replies for the account's Sent folder: one row for each reply that a server took.

A row is written with the move to ``sent``; its copy is tried again with growing gaps, and the reply itself is never
sent again for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    String,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from processor.masking import masked
from processor.store import tables as t
from processor.store.columns import Utc
from processor.store.escalations import ESCALATION
from processor.store.events import Happening, write_event
from processor.store.forwarding import FORWARD
from processor.store.prepared import Prepared, Query
from processor.store.transaction import reading, writing

WAITING, DONE, NONE, GIVEN_UP = "waiting", "done", "none", "given_up"
PUT, ACTOR = "outbox.copied", "mailbox"


@dataclass(frozen=True, slots=True)
class Due:
    """A copy to be made; ``dated_at`` is the Date of the mail that left, ``since`` when it left, both aware UTC."""

    outbox_id: int
    tries: int
    dated_at: datetime


def note_copies(conn: Connection, taken: Sequence[tuple[int, datetime, datetime]]) -> None:
    """Replies were taken (row, Date header, when): a copy of each is due in the Sent folder of the account whose mail
    it answers.

    None for one that answers no mail, nor for a note to our own staff; a second time changes nothing.
    """
    _NOTE.run_each(conn, [{"row": row, "dated": dated, "now_at": at} for row, dated, at in taken])


def due_copies(engine: Engine, account: str, now: datetime, limit: int) -> list[Due]:
    """The account's copies that are to be made now, those waiting longest first."""
    with reading(engine) as conn:
        return [Due(*row) for row in _DUE.rows(conn, {"whose": account, "now_at": now, "most": limit})]


def copied(engine: Engine, due: Due, folder: str, ours: bool, now: datetime) -> None:
    """The copy lies in the folder; ``ours`` when we put it there, and not the server."""
    c, o = t.sent_copy.c, t.outbox.c
    with writing(engine) as conn:
        done = update(t.sent_copy).where(c.outbox_id == due.outbox_id, c.state == WAITING)
        if conn.execute(done.values(state=DONE, folder=folder, done_at=now, error="")).rowcount and ours:
            ticket_id = conn.execute(select(o.ticket_id).where(o.id == due.outbox_id)).scalar()
            write_event(conn, Happening(PUT, ACTOR, now, ticket_id=ticket_id, outbox_id=due.outbox_id))


def copy_failed(engine: Engine, due: Due, error: str, again_at: datetime | None) -> None:
    """The server did not take the copy: it is tried again at that time, never again where there is none."""
    state = WAITING if again_at else GIVEN_UP
    values = {"state": state, "tries": due.tries + 1, "error": masked(error)[:500]}
    with writing(engine) as conn:
        conn.execute(
            update(t.sent_copy)
            .where(t.sent_copy.c.outbox_id == due.outbox_id, t.sent_copy.c.state == WAITING)
            .values(values | ({"due_at": again_at} if again_at else {}))
        )


def want_none(engine: Engine, account: str) -> None:
    """The account has no folder for copies, or is to have none: what waits is not waited for."""
    with reading(engine) as conn:
        if not _WAITING.rows(conn, {"whose": account}):
            return
    with writing(engine) as conn:
        _WANT_NONE.run(conn, {"whose": account})


def copies(source: Engine | Connection) -> Mapping[str, int]:
    """How many copies wait although they were tried, and how many were given up."""
    c = t.sent_copy.c
    late = (c.state == GIVEN_UP) | ((c.state == WAITING) & (c.tries > 0))
    with reading(source) as conn:
        rows = conn.execute(select(c.state, func.count()).where(late).group_by(c.state))
        return {WAITING: 0, GIVEN_UP: 0} | {row[0]: row[1] for row in rows}


# Built once: each pass over a mailbox asks.
_O, _C = t.outbox.c, t.sent_copy.c
_WAITS = and_(_C.state == WAITING, _C.account == bindparam("whose"))
_DUE = Query(
    select(_C.outbox_id, _C.tries, _C.dated_at)
    .where(_WAITS, _C.due_at <= bindparam("now_at", type_=Utc()))
    .order_by(_C.due_at, _C.outbox_id)
    .limit(bindparam("most", type_=Integer))
)
_WAITING = Query(select(_C.outbox_id).where(_WAITS).limit(1))
_WANT_NONE = Prepared(update(t.sent_copy).where(_WAITS).values(state=NONE))
_NOTE = Prepared(
    insert(t.sent_copy)
    .inline()
    .from_select(
        ["outbox_id", "account", "state", "dated_at", "due_at", "tries", "error", "folder"],
        select(
            _O.id,
            t.mail.c.account,
            literal(WAITING, String),
            bindparam("dated", type_=Utc()),
            bindparam("now_at", type_=Utc()),
            literal(0),
            literal("", String),
            literal("", String),
        )
        .join_from(t.outbox, t.mail, t.mail.c.id == _O.mail_id)
        .where(
            _O.id == bindparam("row"),
            # Said one by one: a list would be spelled out anew for each reply.
            _O.kind != ESCALATION,
            _O.kind != FORWARD,
            ~exists().where(t.sent_copy.c.outbox_id == bindparam("row")),
        ),
    )
)
