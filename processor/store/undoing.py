"""Taking a step back in the seconds after it, by whoever took it: nothing has left yet and nobody has gone on from it.

What a step did is known by the events of its transaction, which have its very time.  All of it is taken back or
nothing: a letter that has left its hold, or a colleague who went on, ends the chance.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, select, update

from processor.store import tables as t
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.replies import UNDO
from processor.store.transaction import commit, reading
from processor.store.transitions import move
from processor.ticket import ActionState, OutboxState, TicketState

TOO_LATE = "too late: it has left, or is leaving"
NOT_YOURS = "there is nothing of yours to take back"
GONE_ON = "somebody has gone on from it since"
STEPPED = (
    ActionState.SECONDED.value,
    ActionState.APPROVED.value,
    ActionState.DONE.value,
    ActionState.REJECTED.value,
)
LETTERS = ("outbox.issued", "outbox.hold", "outbox.approve")


class _CannotError(Exception):
    """All that was taken back so far is undone; the words say why."""


def undo_action(engine: Engine, action_id: int, person: Person, now: datetime, within: timedelta) -> str:
    """Take the last step of an action back, with what it released, held and closed; why not, or ``""``.

    ``within`` bounds it where no letter waits; where one does, the chance lasts as long as the letter is held.
    """
    try:
        commit(engine, lambda conn: _undo_action(conn, action_id, person, now, within))
    except _CannotError as cannot:
        return str(cannot)
    return ""


def undo_reply(engine: Engine, outbox_id: int, person: Person, now: datetime) -> str:
    """Take back that a reply goes out: a draft is a draft again, a letter that was just written is cancelled."""
    try:
        commit(engine, lambda conn: _undo_reply(conn, outbox_id, person, now))
    except _CannotError as cannot:
        return str(cannot)
    return ""


def undoable_action(engine: Engine, action_id: int, person: Person, now: datetime, within: timedelta) -> int:
    """For how many seconds more this person may take the action's last step back; 0 for not at all."""
    a = t.action.c
    query = select(a.changed_at).where(a.id == action_id, a.changed_by == person.name, a.state.in_(STEPPED))
    with reading(engine) as conn:
        at = conn.execute(query).scalar()
    return _seconds(at + within - now) if at is not None else 0


def undoable_reply(engine: Engine, outbox_id: int, person: Person, now: datetime) -> int:
    """For how many seconds more this person may take the reply back; 0 for not at all."""
    o = t.outbox.c
    mine = (o.hold_reason == UNDO, o.state == OutboxState.HELD.value, o.approved_by == person.name)
    with reading(engine) as conn:
        due = conn.execute(select(o.due_at).where(o.id == outbox_id, *mine)).scalar()
    return _seconds(due - now) if due is not None else 0


def _seconds(left: timedelta) -> int:
    return max(0, int(left.total_seconds()))


def _undo_action(conn: Connection, action_id: int, person: Person, now: datetime, within: timedelta) -> None:
    a = t.action.c
    row = conn.execute(select(t.action).where(a.id == action_id).with_for_update()).first()
    if row is None or row.changed_by != person.name or row.state not in STEPPED:
        raise _CannotError(NOT_YOURS)
    happened = _of_step(conn, row)
    steps = [each for each in happened if each.action_id == row.id and each.kind.startswith("action.")]
    if not steps or "was" not in json.loads(steps[0].data):
        raise _CannotError(NOT_YOURS)
    letters = [each for each in happened if each.kind in LETTERS and each.item_id == row.item_id]
    if not letters and now - row.changed_at > within:
        raise _CannotError(TOO_LATE)
    for each in letters:
        _take_letter_back(conn, each.outbox_id, person, now)
    was, by, at = _before(conn, row, steps[0])
    back = {"state": was, "changed_by": by, "changed_at": at, "reason": ""}
    as_seen = (a.id == row.id, a.state == row.state, a.version == row.version)
    if not conn.execute(update(t.action).where(*as_seen).values(back)).rowcount:
        raise _CannotError(GONE_ON)
    p = t.approval.c
    mine = (p.action_id == row.id, p.version == row.version, p.person_id == person.id, p.at == row.changed_at)
    conn.execute(delete(t.approval).where(*mine))
    _hold_again(conn, row, now)
    _drop_revived(conn, happened, person, now)
    _open_again(conn, row.ticket_id, now)
    subjects = {"ticket_id": row.ticket_id, "action_id": row.id}
    data = {"was": row.state, "version": row.version, "person": person.id}
    write_event(conn, Happening("action.undone", person.name, now, **subjects, data=data))


def _of_step(conn: Connection, row: t.AnyRow) -> Sequence[t.AnyRow]:
    """The events of the transaction in which the action came to be as it is, oldest first."""
    e, o = t.event.c, t.outbox.c
    same = (e.action_id == row.id, e.ticket_id == row.ticket_id, e.at == row.changed_at)
    first = select(e.id).where(*same).order_by(e.id).limit(1).scalar_subquery()
    query = select(e.id, e.kind, e.action_id, e.outbox_id, e.data, o.item_id).outerjoin(t.outbox, o.id == e.outbox_id)
    return conn.execute(query.where(e.id >= first, e.at == row.changed_at).order_by(e.id)).all()


def _before(conn: Connection, row: t.AnyRow, first: t.AnyRow) -> tuple[str, str, datetime]:
    """The action's state before the step, and who had put it there and when."""
    e = t.event.c
    was = json.loads(first.data)["was"]
    mine = (e.ticket_id == row.ticket_id, e.action_id == row.id, e.id < first.id, e.kind == f"action.{was}")
    put = conn.execute(select(e.actor, e.at).where(*mine).order_by(e.id.desc()).limit(1)).first()
    return (was, put.actor, put.at) if put else (was, "", row.changed_at)


def _take_letter_back(conn: Connection, outbox_id: int, person: Person, now: datetime) -> None:
    o, e = t.outbox.c, t.event.c
    row = conn.execute(select(o.ticket_id, o.hold_reason).where(o.id == outbox_id)).first()
    if row is None or row.hold_reason != UNDO:
        raise _CannotError(TOO_LATE)
    held = (e.ticket_id == row.ticket_id, e.outbox_id == outbox_id, e.kind == "outbox.hold")
    told = conn.execute(select(e.data).where(*held).order_by(e.id.desc()).limit(1)).scalar()
    was = json.loads(told) if told else {}
    name = {OutboxState.DRAFT.value: "draft_again", OutboxState.HELD.value: "held_again"}.get(
        was.get("was", ""), "undo"
    )
    values: dict[str, object] = {"hold_reason": was.get("reason", ""), "due_at": None}
    if was:
        values |= {"approved_by": "", "automatic": was["automatic"], "by_person": was.get("by_person", False)}
    if not move(conn, name, outbox_id, person.name, now, o.hold_reason == UNDO, values=values):
        raise _CannotError(TOO_LATE)


def _undo_reply(conn: Connection, outbox_id: int, person: Person, now: datetime) -> None:
    o = t.outbox.c
    row = conn.execute(select(o.approved_by, o.hold_reason).where(o.id == outbox_id)).first()
    if row is None or row.approved_by != person.name:
        raise _CannotError(NOT_YOURS)
    _take_letter_back(conn, outbox_id, person, now)


def _hold_again(conn: Connection, row: t.AnyRow, now: datetime) -> None:
    """Hold what a withdrawal had held, and its step had ended or let go; nobody may have gone on with it."""
    a = t.action.c
    mine = a.held_by == row.item_id
    if conn.execute(select(a.id).where(mine, a.changed_at > row.changed_at).limit(1)).first():
        raise _CannotError(GONE_ON)
    let_go = (ActionState.WAITING.value, ActionState.REJECTED.value)
    conn.execute(
        update(t.action)
        .where(mine, a.changed_at == row.changed_at, a.state.in_(let_go))
        .values(state=ActionState.HELD.value, version=a.version + 1, changed_at=now, reason="")
    )


def _drop_revived(conn: Connection, happened: Sequence[t.AnyRow], person: Person, now: datetime) -> None:
    """Take out of the queue what a rejection had put there in the action's stead."""
    a = t.action.c
    for each in happened:
        if each.kind != "action.revived":
            continue
        waiting = (a.id == each.action_id, a.state == ActionState.WAITING.value, a.version == 1)
        values = {"state": ActionState.SUPERSEDED.value, "changed_by": person.name, "changed_at": now}
        if not conn.execute(update(t.action).where(*waiting).values(values)).rowcount:
            raise _CannotError(GONE_ON)


def _open_again(conn: Connection, ticket_id: int, now: datetime) -> None:
    k = t.ticket.c
    closed = (k.id == ticket_id, k.state == TicketState.CLOSED.value)
    conn.execute(update(t.ticket).where(*closed).values(state=TicketState.OPEN.value))
    conn.execute(update(t.ticket).where(k.id == ticket_id).values(changed_at=now))
