"""Reminding customers of what we still lack: which tickets it is time for, and the letter's row.

A reminder is a time on an item.  It ends with any mail of the customer, with the ticket, with a letter of
ours that did not arrive, and after as many as the rule allows; what stands in the way is looked at when it is
time, so that nothing has to be undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Engine, exists, func, insert, select, update

from processor.store import tables as t
from processor.store.escalations import ESCALATION
from processor.store.events import Happening, write_event
from processor.store.forwarding import FORWARD
from processor.store.gate import NOTICE
from processor.store.replies import OBSERVE, first_state, words
from processor.store.staff_notices import DIGEST, URGENT
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.switch import stopped
from processor.store.transaction import commit, reading
from processor.ticket import ActionState, Level, MailState, OutboxState, Reply, TicketState

ACTOR = "clock"


class Standing(StrEnum):
    """Whether a reminder may be sent: now, after our letter has left, or never again."""

    NOW = "now"
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class DueItem:
    """An item whose customer is to be reminded."""

    item_id: int
    mail_id: int
    type: str
    org_no: str
    rule: str
    asks: tuple[str, ...]
    followed_up: int


@dataclass(frozen=True, slots=True)
class Due:
    """A ticket with the items for which it is time; they share one letter."""

    ticket_id: int
    items: tuple[DueItem, ...]
    standing: Standing


@dataclass(frozen=True, slots=True)
class Reminder:
    """A letter that reminds; ``hold`` says why it waits for a person, ``""`` if it need not."""

    reply: Reply
    message_id: str
    envelope_from: str
    leave_before: datetime
    hold: str = ""
    level: Level = Level.OBSERVE


def due_follow_ups(engine: Engine, now: datetime, limit: int) -> list[Due]:
    """The tickets in which it is time to remind, those waiting longest first."""
    i = t.item.c
    first = func.min(i.follow_up_at)
    query = select(i.ticket_id).where(i.follow_up_at <= now).group_by(i.ticket_id).order_by(first).limit(limit)
    with reading(engine) as conn:
        return [_due(conn, ticket_id, now) for ticket_id in conn.execute(query).scalars().all()]


def backlog(engine: Engine, before: datetime, accounts: Sequence[str]) -> bool:
    """Whether answers of customers may lie unread: a mail kept ``before`` is not decided, or a mailbox not read since."""
    m, b = t.mail.c, t.mailbox.c
    with reading(engine) as conn:
        kept = select(m.id).where(m.state == MailState.KEPT.value, m.kept_at < before).limit(1)
        read = select(func.count()).select_from(t.mailbox).where(b.account.in_(accounts), b.seen_at >= before)
        return conn.execute(kept).first() is not None or conn.execute(read).scalar_one() < len(set(accounts))


def write_reminder(
    engine: Engine, due: Due, reminder: Reminder, again_at: datetime | None, now: datetime
) -> int | None:
    """Put a reminder into the outbox; its id, or None if anything of ``due`` is otherwise by now.

    Another worker was first, the customer answered, or staff settled one of its items: nothing is moved or counted
    then, so that the next look finds what is still due and writes that.
    """
    return commit(engine, lambda conn: _write(conn, due, reminder, again_at, now))


def end_reminding(engine: Engine, due: Due, reason: str, at: datetime | None, now: datetime) -> None:
    """Remind no more of these items (``at`` is None), or look again at that time; nothing if they are otherwise now."""

    def work(conn: Connection) -> None:
        if _take(conn, due, at, now, count=0) and at is None:
            write_event(conn, Happening("follow_up.ended", ACTOR, now, ticket_id=due.ticket_id, data={"why": reason}))

    commit(engine, work)


def _due(conn: Connection, ticket_id: int, now: datetime) -> Due:
    i = t.item.c
    rows = conn.execute(select(t.item).where(i.ticket_id == ticket_id, i.follow_up_at <= now).order_by(i.id)).all()
    items = tuple(
        DueItem(row.id, row.mail_id, row.type, row.org_no, row.rule, tuple(row.asks.split()), row.followed_up)
        for row in rows
        if not _settled(conn, row.id)
    )
    return Due(ticket_id, items or tuple(_bare(row) for row in rows), _standing(conn, ticket_id, bool(items)))


def _bare(row: t.AnyRow) -> DueItem:
    return DueItem(row.id, row.mail_id, row.type, row.org_no, row.rule, (), row.followed_up)


def _settled(conn: Connection, item_id: int) -> bool:
    """Whether staff need nothing of the customer any more, or the customer has taken it back."""
    query = select(t.action.c.state).where(t.action.c.item_id == item_id)
    states = set(conn.execute(query).scalars())
    return bool(states) and (states.isdisjoint(OPEN_ACTIONS) or ActionState.HELD.value in states)


def _standing(conn: Connection, ticket_id: int, items: bool) -> Standing:
    k, o = t.ticket.c, t.outbox.c
    row = conn.execute(select(k.state, k.sender).where(k.id == ticket_id)).one()
    if not items or row.state in (TicketState.CLOSED.value, TicketState.MERGED.value):
        return Standing.NEVER
    # Whoever wrote to us since by another way has not forgotten us.
    other = select(k.id).where(k.sender == row.sender, k.id > ticket_id, k.outcome != "ignore").limit(1)
    if conn.execute(other).first() is not None:
        return Standing.NEVER
    last = select(o.state, o.hold_reason).where(
        o.ticket_id == ticket_id, o.kind.not_in(("confirmation", ESCALATION, NOTICE, DIGEST, URGENT, FORWARD))
    )
    letter = conn.execute(last.order_by(o.id.desc()).limit(1)).first()
    if letter is None or letter.state in ("unknown", "failed", "bounced", "cancelled"):
        return Standing.NEVER
    left = letter.state == OutboxState.SENT.value or letter.hold_reason == OBSERVE
    return Standing.NOW if left else Standing.LATER


def _take(conn: Connection, due: Due, at: datetime | None, now: datetime, count: int) -> bool:
    """Move the time of all the items if everything is as it was looked at, else of none.

    Half of them would be counted as reminded by a letter that nobody writes.
    """
    i, a = t.item.c, t.action.c
    # In one order everywhere; what an action becomes meanwhile waits until the letter is written.
    conn.execute(select(i.id).where(i.ticket_id == due.ticket_id).order_by(i.id).with_for_update())
    conn.execute(select(a.id).where(a.ticket_id == due.ticket_id).order_by(a.id).with_for_update())
    if _due(conn, due.ticket_id, now) != due:
        return False
    conn.execute(
        update(t.item)
        .where(i.id.in_([each.item_id for each in due.items]))
        .values(follow_up_at=at, followed_up=i.followed_up + count)
    )
    return True


def _write(conn: Connection, due: Due, reminder: Reminder, again_at: datetime | None, now: datetime) -> int | None:
    if not _take(conn, due, again_at, now, count=1):
        return None
    o, m = t.outbox.c, t.mail.c
    first, reply = due.items[0], reminder.reply
    issue = select(func.coalesce(func.max(o.issue), 0) + 1).where(o.item_id == first.item_id, o.kind == reply.kind)
    about = conn.execute(
        select(t.ticket.c.number, m.message_id)
        .join_from(t.ticket, t.mail, m.id == first.mail_id)
        .where(t.ticket.c.id == due.ticket_id, ~exists().where(o.message_id == reminder.message_id))
    ).first()
    if about is None:
        return None
    state, reason = first_state(reply.kind, reminder.level, stopped(conn))
    if state == OutboxState.READY and reminder.hold:
        state, reason = OutboxState.HELD, reminder.hold
    row = {
        "ticket_id": due.ticket_id,
        "ticket_no": about.number,
        "mail_id": first.mail_id,
        "item_id": first.item_id,
        "kind": reply.kind,
        "issue": conn.execute(issue).scalar_one(),
        "state": state.value,
        "hold_reason": reason,
        "in_reply_to": about.message_id or "",
        "refs": about.message_id or "",
        "leave_before": reminder.leave_before,
        **words(reply, reminder.message_id, reminder.envelope_from, now),
    }
    outbox_id = int(conn.execute(insert(t.outbox).returning(o.id), row).scalar_one())
    data = {"items": [each.item_id for each in due.items], "number": first.followed_up + 1}
    subjects, said = {"ticket_id": due.ticket_id, "outbox_id": outbox_id}, f"{reply.subject}\n\n{reply.text}"
    write_event(conn, Happening("follow_up.written", ACTOR, now, **subjects, data=data, text=said))
    return outbox_id
