"""After a restore: the replies that wait for an operator, and the mails that nobody here had seen."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, or_, select

from processor.store import tables as t
from processor.store.restoration import HOLD_RESTORED, LOOK_BACK, RESTORED
from processor.store.sealed import ARRIVING
from processor.store.settings import change_setting, setting
from processor.store.staff_replies import confirmable
from processor.store.transaction import commit, reading
from processor.store.transitions import FREE, move
from processor.ticket import MailState, OutboxState


@dataclass(frozen=True, slots=True)
class Restoration:
    """The last restore: when it was, and from when its backup is; aware UTC."""

    at: datetime
    taken_at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reply that had not left when the backup was taken.

    ``was`` is its state then, and ``leaves`` whether a release sends it: a draft, and what was held for another
    reason, go on waiting for what they waited for.
    """

    outbox_id: int
    ticket_no: str
    kind: str
    to: str
    subject: str
    text: str
    created_at: datetime
    was: OutboxState
    reason: str
    leaves: bool


@dataclass(frozen=True, slots=True)
class FoundMail:
    """A mail that arrived before the restore and was not decided when the backup was taken; no answer left by itself."""

    mail_id: int
    account: str
    folder: str
    arrived_at: datetime
    state: MailState
    outcome: str
    ticket_no: str
    sender: str
    subject: str


def restoration(source: Engine | Connection) -> Restoration | None:
    """The last restore, None if there never was one."""
    found = setting(source, RESTORED)
    if not found:
        return None
    told = json.loads(found)
    return Restoration(datetime.fromisoformat(told["at"]), datetime.fromisoformat(told["taken_at"]), told["by"])


def looking_back(source: Engine | Connection, account: str) -> datetime | None:
    """From when mail may have been moved out of the watched folders that nobody here has seen; None if it was looked for."""
    found = setting(source, LOOK_BACK + account)
    return datetime.fromisoformat(found) if found else None


def looked_back(engine: Engine, account: str, now: datetime) -> None:
    """What the lost store had moved away is kept."""
    change_setting(engine, LOOK_BACK + account, "", "restore", now)


def waiting(engine: Engine, only: Collection[int] | None = None) -> list[Waiting]:
    """The replies that still wait for an operator's word, in their order."""
    with reading(engine) as conn:
        return _waiting(conn, only)


def release(engine: Engine, only: Collection[int], actor: str, now: datetime) -> int:
    """Let these replies go on from where they were when the backup was taken; how many did.

    Who releases one that was about to leave stands behind it, so it leaves also if it is old.
    """

    def work(conn: Connection) -> int:
        return sum(_release(conn, each, actor, now) for each in _waiting(conn, only))

    return commit(engine, work)


def withdraw(engine: Engine, only: Collection[int], actor: str, now: datetime) -> int:
    """Cancel these replies; how many were."""

    def work(conn: Connection) -> int:
        return sum(move(conn, "cancel", each, actor, now, _held(), text=HOLD_RESTORED) for each in sorted(only))

    return commit(engine, work)


def found_mails(engine: Engine, limit: int = 200) -> list[FoundMail]:
    """The mails that arrived until the restore and were not decided in the backup, oldest first."""
    m, b, k = t.mail.c, t.mailbox.c, t.ticket.c
    with reading(engine) as conn:
        last = restoration(conn)
        if last is None:
            return []
        since = or_(m.kept_at >= last.at, m.decided_at >= last.at, m.state == MailState.KEPT.value)
        query = (
            select(m.id, m.account, m.folder, m.arrived_at, m.state, m.outcome, k.number, k.sender, k.subject)
            .join_from(t.mail, t.mailbox, and_(b.account == m.account, m.arrived_at < b.answer_from))
            .outerjoin(t.ticket, k.id == m.ticket_id)
            .where(since, ~m.digest.startswith(ARRIVING))
            .order_by(m.arrived_at, m.id)
            .limit(limit)
        )
        return [
            FoundMail(
                row.id, row.account, row.folder, row.arrived_at, MailState(row.state), row.outcome,
                row.number or "", row.sender or "", row.subject or "",
            )
            for row in conn.execute(query)
        ]  # fmt: skip


def _held() -> ColumnElement[bool]:
    return and_(t.outbox.c.state == OutboxState.HELD.value, t.outbox.c.hold_reason == HOLD_RESTORED)


def _waiting(conn: Connection, only: Collection[int] | None) -> list[Waiting]:
    o = t.outbox.c
    query = select(o.id, o.ticket_no, o.kind, o.to_addr, o.subject, o.text, o.created_at).where(_held())
    if only is not None:
        query = query.where(o.id.in_(only))
    rows = conn.execute(query.order_by(o.id)).all()
    before = _before(conn)
    found = []
    for row in rows:
        told = before[row.id]
        was = OutboxState(told["was"])
        leaves = was in (OutboxState.READY, OutboxState.RETRY) or (was == OutboxState.HELD and told["timed"])
        found.append(Waiting(*row, was, told["reason"], leaves))
    return found


def _before(conn: Connection) -> dict[int, dict[str, Any]]:
    """What each reply was before it was held, by the last restore that held it."""
    e = t.event.c
    query = select(e.outbox_id, e.data).where(e.kind == "outbox.restored").order_by(e.id)
    return {row.outbox_id: json.loads(row.data) for row in conn.execute(query)}


def _release(conn: Connection, each: Waiting, actor: str, now: datetime) -> bool:
    if each.leaves:
        by_hand = {"automatic": False, "approved_by": actor, "hold_reason": "", **FREE}
        return move(conn, "release", each.outbox_id, actor, now, _held(), confirmable(), values=by_hand)
    name = "draft_again" if each.was == OutboxState.DRAFT else "held_again"
    return move(conn, name, each.outbox_id, actor, now, _held(), values={"hold_reason": each.reason})
