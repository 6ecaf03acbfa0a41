"""What webhooks are told: a row for each message, made of sealed events, tried until it is taken or given up.

Nothing is told that was not committed and sealed: a number that another transaction has taken and not yet
committed is below no seal, so no event is passed over.  A message may come twice, with the same id; it is never lost.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, exists, func, insert, select, update

from processor.store import tables as t
from processor.store.columns import canonical
from processor.store.events import Happening, write_event
from processor.store.seals import last_seal
from processor.store.transaction import OvertakenError, commit, reading, writing

OPENED = "ticket.opened"
# The kinds of events in the trail that are told, by what webhooks call them.
KINDS = {
    "mail.decided": OPENED,
    "ticket.closed": "ticket.closed",
    "action.approved": "action.approved",
    "action.done": "action.done",
    "action.rejected": "action.rejected",
    "action.undone": "action.undone",
}
WAITING, SENT, FAILED = "waiting", "sent", "failed"
# The gaps of the Standard Webhooks' recommendation: a receiver that is down for a day and a half misses nothing.
GAPS = tuple(timedelta(seconds=each) for each in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000))
EVENTS_AT_ONCE = 500
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is tried now, for the ``tries``-th time."""

    id: int
    hook: str
    message_id: str
    body: str
    tries: int


def collect(engine: Engine, hook: str, wanted: Collection[str], address: str, now: datetime) -> int:
    """Make the messages of what has happened since the last time; how many.

    A webhook that is new is told of what happens from now on.  ``address`` is the start of the desk's addresses.
    """
    with reading(engine) as conn:
        sealed, mark = last_seal(conn).last_event, _mark(conn, hook)
    if mark is not None and mark >= sealed:
        return 0
    return commit(engine, lambda conn: _collect(conn, hook, wanted, address, now))


def due(engine: Engine, hooks: Collection[str], now: datetime, limit: int = 50) -> list[int]:
    """The ids of messages that are to be tried now, those that have waited longest first."""
    d = t.webhook_delivery.c
    query = select(d.id).where(d.state == WAITING, d.due_at <= now, d.hook.in_(sorted(hooks)))
    with reading(engine) as conn:
        return list(conn.execute(query.order_by(d.due_at, d.id).limit(limit)).scalars())


def begin_try(engine: Engine, delivery_id: int, now: datetime) -> Message | None:
    """Take a message for one try; None if another process was first.  A process that dies leaves it to the next gap."""
    d = t.webhook_delivery.c
    with writing(engine) as conn:
        row = conn.execute(select(t.webhook_delivery).where(d.id == delivery_id)).first()
        if row is None:
            return None
        later = now + GAPS[min(row.tries, len(GAPS) - 1)]
        mine = update(t.webhook_delivery).where(d.id == delivery_id, d.state == WAITING, d.due_at <= now)
        taken = conn.execute(mine.where(d.tries == row.tries).values(tries=row.tries + 1, due_at=later, changed_at=now))
        if not taken.rowcount:
            return None
        return Message(row.id, row.hook, row.message_id, row.body, row.tries + 1)


def end_try(engine: Engine, message: Message, status: int, error: str, now: datetime) -> str:
    """Note what came of a try, ``error`` is ``""`` for a message that was taken; the state in which it is now."""
    d = t.webhook_delivery.c
    state = SENT if not error else FAILED if message.tries > len(GAPS) else WAITING
    with writing(engine) as conn:
        values = {"state": state, "status": status, "error": error[:500], "changed_at": now}
        conn.execute(update(t.webhook_delivery).where(d.id == message.id, d.state == WAITING).values(values))
        if state == FAILED:
            data = {"hook": message.hook, "status": status, "message": message.message_id}
            write_event(conn, Happening("webhook.failed", "webhooks", now, data=data))
    return state


@dataclass(frozen=True, slots=True)
class Tally:
    """How the telling of one webhook stands; ``error`` is of the newest message that was not taken."""

    sent: int
    waiting: int
    failed: int
    error: str


def tally(engine: Engine) -> dict[str, Tally]:
    """How the telling stands, by webhook; of the last thirty days."""
    d = t.webhook_delivery.c
    counted = select(d.hook, d.state, func.count().label("number")).group_by(d.hook, d.state)
    newest = select(d.hook, d.error).where(d.state != SENT, d.error != "").order_by(d.changed_at)
    with reading(engine) as conn:
        numbers = {(row.hook, row.state): int(row.number) for row in conn.execute(counted)}
        errors = {row.hook: row.error for row in conn.execute(newest)}
    found = {}
    for hook in {hook for hook, _ in numbers}:
        sent, waiting, failed = (numbers.get((hook, state), 0) for state in (SENT, WAITING, FAILED))
        found[hook] = Tally(sent, waiting, failed, errors.get(hook, ""))
    return found


def try_again(engine: Engine, hook: str, actor: str, now: datetime) -> int:
    """Let what was given up or waits be tried now, from the first gap on; how many messages."""
    d = t.webhook_delivery.c
    mine = update(t.webhook_delivery).where(d.hook == hook, d.state.in_((WAITING, FAILED)))
    with writing(engine) as conn:
        count = conn.execute(mine.values(state=WAITING, tries=0, due_at=now, changed_at=now)).rowcount
        if count:
            write_event(conn, Happening("webhook.resent", actor, now, data={"hook": hook, "messages": count}))
        return count


def forget_told(engine: Engine, now: datetime) -> int:
    """Let go of messages that were taken or given up a while ago."""
    d = t.webhook_delivery.c
    old = delete(t.webhook_delivery).where(d.state.in_((SENT, FAILED)), d.due_at < now - KEPT)
    with writing(engine) as conn:
        return conn.execute(old).rowcount


def _collect(conn: Connection, hook: str, wanted: Collection[str], address: str, now: datetime) -> int:
    sealed, mark = last_seal(conn).last_event, _mark(conn, hook)
    if mark is None:
        conn.execute(insert(t.webhook_mark).values(hook=hook, last_event=sealed))
        return 0
    e = t.event.c
    kinds = [kind for kind, name in KINDS.items() if name in wanted]
    rows = conn.execute(_events(kinds).where(e.id > mark, e.id <= sealed).limit(EVENTS_AT_ONCE)).all()
    reached = rows[-1].id if len(rows) == EVENTS_AT_ONCE else sealed
    moved = update(t.webhook_mark).where(t.webhook_mark.c.hook == hook, t.webhook_mark.c.last_event == mark)
    if not conn.execute(moved.values(last_event=reached)).rowcount:
        raise OvertakenError
    told = [row for row in rows if row.kind != "mail.decided" or not row.earlier]
    if told:
        conn.execute(insert(t.webhook_delivery), [_row(hook, each, address, now) for each in told])
    return len(told)


def _events(kinds: Collection[str]) -> Select[*tuple[Any, ...]]:
    """Events with their tickets and actions; ``earlier``: the ticket had been opened by another mail."""
    e, k, a, before = t.event.c, t.ticket.c, t.action.c, t.event.alias("before")
    earlier = exists().where(
        before.c.ticket_id == e.ticket_id, before.c.kind == "mail.decided", before.c.id < e.id
    )  # fmt: skip
    return (
        select(e.id, e.at, e.kind, k.number, a.id.label("action_id"), a.kind.label("action_kind"))
        .add_columns(earlier.label("earlier"))
        .join_from(t.event, t.ticket, k.id == e.ticket_id)
        .outerjoin(t.action, a.id == e.action_id)
        .where(e.kind.in_(kinds))
        .order_by(e.id)
    )


def _row(hook: str, event: t.AnyRow, address: str, now: datetime) -> dict[str, object]:
    """A message of an event; nothing of the customer but the ticket's number leaves."""
    data: dict[str, object] = {"ticket": event.number, "url": f"{address}/ticket/{event.number}"}
    if event.action_id is not None:
        data["action"] = {"id": event.action_id, "kind": event.action_kind}
    body = canonical({"type": KINDS[event.kind], "timestamp": event.at.isoformat(), "data": data})
    about = {"hook": hook, "event_id": event.id, "message_id": f"msg_{secrets.token_hex(12)}", "body": body}
    return {**about, "state": WAITING, "due_at": now, "made_at": now, "changed_at": now}


def _mark(conn: Connection, hook: str) -> int | None:
    found = conn.execute(select(t.webhook_mark.c.last_event).where(t.webhook_mark.c.hook == hook)).scalar()
    return None if found is None else int(found)
