"""The automatic replies of a batch of decided mails: which may leave, and which wait and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, update

from processor.message import Message
from processor.rulebook import ReplyKind
from processor.store import tables as t
from processor.store.context import SENDER_WINDOW, bounded_address, replies_by_key, replies_in_all
from processor.store.decided import Landing, Record
from processor.store.inserting import insert_for_ids
from processor.store.settings import STOPPED, setting
from processor.store.switch import BREAKER, turn
from processor.ticket import Level, OutboxState, Reply, TicketState

OBSERVE = "observe"
UNDO = "time to undo"
"""Why a reply is held that a person has approved and may still take back; it leaves by itself."""
HOLD_STOPPED = "stopped"
HOLD_EARLY = "arrived before the first start"
HOLD_OLD = "too old to be answered by itself"
HOLD_SENDER = "limit: too many replies to this sender in a day"
HOLD_DOMAIN = "limit: too many replies to this domain in a day"
HOLD_THREAD = "limit: too many replies in this ticket"
HOLD_ALL = "limit: too many replies in all in an hour"
# The guard of deciding/answerable.py that looks at the same number, before a batch is recorded.
LIMIT_ALL = "limit_all"
# RFC 5322 2.1.1 allows 998 octets a line; a reply names the thread by its ends.
REFERENCES = 20
REFERENCE_LENGTH = 250

Landed = tuple[Record, Landing]


def first_state(kind: ReplyKind, level: Level, stopped: bool) -> tuple[OutboxState, str]:
    """The state in which a reply is born, and why it is held if it is (design.md, autonomy)."""
    if level == Level.OBSERVE:
        return OutboxState.HELD, OBSERVE
    if level == Level.DRAFT or kind == "confirmation" or (level == Level.APPROVE and kind != "receipt"):
        return OutboxState.DRAFT, ""
    return (OutboxState.HELD, HOLD_STOPPED) if stopped else (OutboxState.READY, "")


def insert_replies(conn: Connection, fresh: Sequence[Landed], items: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Write one outbox row for each mail that has a reply; gives the row's id by mail.

    The stop switch and the limits are looked at here again: a batch was decided before its own replies
    could be counted.  One for which the limit in all leaves no room opens the breaker (T31): else nobody would hear
    of a flood that is decided more slowly than it is sent.
    """
    if over := [r.now for r, _ in fresh if r.decision.withheld == LIMIT_ALL]:
        turn(conn, True, BREAKER, max(over))
    replying = [(r, landing, r.decision.reply) for r, landing in fresh if r.decision.reply]
    if not replying:
        return {}
    stopped = setting(conn, STOPPED) == "1"
    room = _Room(conn, [(r, landing) for r, landing, _ in replying])
    rows = []
    for r, landing, reply in replying:
        state, reason = first_state(reply.kind, r.level, stopped or r.stopped)
        if state == OutboxState.READY:
            state, reason = _held(r, landing, room) or (state, reason)
        item_id = next(iter(items.get(r.mail_id, ())), None)
        rows.append(_row(r, landing, reply, item_id) | {"state": state.value, "hold_reason": reason})
    own = {landing.ticket_no for _, landing, _ in replying if not landing.joined}
    _open_tickets(conn, {str(row["ticket_no"]) for row in rows if row["state"] != OutboxState.READY.value} & own)
    ids = insert_for_ids(conn, t.outbox, rows)
    # After those for which there was room: they are ready, and wait like all others until answers are resumed.
    if any(row["hold_reason"] == HOLD_ALL for row in rows):
        turn(conn, True, BREAKER, max(r.now for r, _, _ in replying))
    return dict(zip((r.mail_id for r, _, _ in replying), ids, strict=True))


class _Room:
    """How many more replies the limits allow, counting this batch's as they are placed."""

    def __init__(self, conn: Connection, landed: Sequence[Landed]) -> None:
        limited = [(r, landing) for r, landing in landed if r.context.limits]
        self.senders: Counter[str] = Counter()
        self.domains: Counter[str] = Counter()
        self.threads: Counter[int] = Counter()
        self.all = 0
        if not limited:
            return
        now = max(r.now for r, _ in limited)
        senders = sorted({_recipient(r) for r, _ in limited})
        joined = sorted({landing.ticket_id for _, landing in limited if landing.joined})
        since = now - SENDER_WINDOW
        self.senders.update(replies_by_key(conn, t.outbox.c.recipient, senders, since))
        domains = sorted({r.reply_domain for r, _ in limited} - {""})
        self.domains.update(replies_by_key(conn, t.outbox.c.recipient_domain, domains, since))
        self.threads.update(replies_by_key(conn, t.outbox.c.ticket_id, joined, None))
        self.all = replies_in_all(conn, now)

    def take(self, r: Record, landing: Landing) -> str:
        """Count a reply in and say nothing, or say which limit leaves no room for it."""
        sender, thread = _recipient(r), landing.ticket_id
        if full := self._full(r, sender, thread):
            return full
        self.senders[sender] += 1
        self.domains[r.reply_domain] += 1
        self.threads[thread] += 1
        self.all += 1
        return ""

    def _full(self, r: Record, sender: str, thread: int) -> str:
        limits = r.context.limits
        if limits is None:
            return ""
        if self.senders[sender] >= (limits.per_known_sender if r.context.known_sender else limits.per_sender):
            return HOLD_SENDER
        if r.reply_domain and not r.context.known_sender and self.domains[r.reply_domain] >= limits.per_domain:
            return HOLD_DOMAIN
        if self.threads[thread] >= limits.per_thread:
            return HOLD_THREAD
        return HOLD_ALL if self.all >= limits.in_all else ""


def references(message: Message) -> str:
    """The References of a reply (RFC 5322 section 3.6.4), bounded in number and length (T40)."""
    known = [one for one in (*message.references, message.message_id) if one and len(one) <= REFERENCE_LENGTH]
    if len(known) > REFERENCES:
        known = known[:1] + known[1 - REFERENCES :]
    return " ".join(known)


def words(reply: Reply, message_id: str, envelope_from: str, now: datetime) -> dict[str, object]:
    """The columns of an outbox row that say what leaves, to whom, and under which Message-ID."""
    return {
        "recipient": bounded_address(reply.to),
        "to_addr": reply.to,
        "envelope_from": envelope_from,
        "subject": reply.subject,
        "text": reply.text,
        "html": reply.html,
        "template": reply.template,
        "language": reply.language,
        "message_id": message_id,
        "created_at": now,
        "changed_at": now,
    }


def _held(r: Record, landing: Landing, room: _Room) -> tuple[OutboxState, str] | None:
    if landing.early:
        return OutboxState.HELD, HOLD_EARLY
    if r.leave_before is not None and r.leave_before <= r.now:
        return OutboxState.HELD, HOLD_OLD
    full = room.take(r, landing)
    return (OutboxState.HELD, full) if full else None


def _recipient(r: Record) -> str:
    return bounded_address(r.decision.reply.to) if r.decision.reply else ""


def _row(r: Record, landing: Landing, reply: Reply, item_id: int | None) -> dict[str, object]:
    made = r.message.message_id_made or len(r.message.message_id) > REFERENCE_LENGTH
    return {
        "ticket_id": landing.ticket_id,
        "ticket_no": landing.ticket_no,
        "mail_id": r.mail_id,
        "item_id": item_id,
        "answers_mail_id": r.mail_id,
        "kind": reply.kind,
        "in_reply_to": "" if made else r.message.message_id,
        "refs": "" if made else references(r.message),
        "leave_before": r.leave_before,
        "recipient_domain": r.reply_domain,
        **words(reply, r.reply_message_id, r.envelope_from, r.now),
    }


def _open_tickets(conn: Connection, numbers: set[str]) -> None:
    """A reply that does not leave by itself needs a person."""
    if numbers:
        answered = (TicketState.CLOSED.value, TicketState.WITH_CUSTOMER.value)
        here = (t.ticket.c.number.in_(sorted(numbers)), t.ticket.c.state.in_(answered))
        conn.execute(update(t.ticket).where(*here).values(state=TicketState.OPEN.value))
