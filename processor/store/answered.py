"""What a colleague's reply changes on the ticket that it belongs to."""

from __future__ import annotations

from datetime import datetime
from email.parser import BytesHeaderParser
from email.utils import getaddresses

from sqlalchemy import ColumnElement, Connection, exists, or_, select, update

from processor.ciphers import DamagedError
from processor.store import tables as t
from processor.store.context import bounded_address, whole_ticket
from processor.store.escalations import ESCALATION
from processor.store.events import Happening, write_event
from processor.store.forwarding import FORWARD
from processor.store.gate import NOTICE
from processor.store.sealed import head_bytes
from processor.store.staff_replies import OPEN_ACTIONS
from processor.store.transitions import FREE, TRANSITIONS, move
from processor.ticket import OutboxState, TicketState

ACTOR = "colleague"
ANSWERED, WROTE = "mail.answered_by_colleague", "mail.colleague_wrote"
# A confirmation says what is registered, which a letter from Outlook does not; the others are not to the customer.
APART = ("confirmation", ESCALATION, NOTICE, FORWARD)


def answered_by_colleague(conn: Connection, reply_id: int, mail_id: int, now: datetime) -> bool:
    """Attach a colleague's reply to the ticket of a mail, and let nothing else answer what it answers.

    Cancels what is not sent of the ticket's replies to this mail and earlier ones, if the reply went to the
    customer.  What is being sent at this moment is past that, and the event says so.  False if it was attached before.
    """
    c, m = t.colleague_reply.c, t.mail.c
    mail = conn.execute(select(m.ticket_id, m.arrived_at).where(m.id == mail_id)).one()
    ticket = whole_ticket(conn, mail.ticket_id)
    reply = conn.execute(
        update(t.colleague_reply)
        .where(c.id == reply_id, c.ticket_id.is_(None))
        .values(ticket_id=ticket.id, mail_id=mail_id)
        .returning(c.sender, c.recipients, c.subject, c.sent_at, c.account, c.folder, c.uid)
    ).first()
    if reply is None:
        return False
    answered = _reaches(reply.recipients.split(), _customers(conn, mail_id, ticket.sender))
    cancelled: list[int] = []
    late: list[int] = []
    if answered:
        conn.execute(update(t.colleague_reply).where(c.id == reply_id).values(answered=True))
        cancelled, late = _cancel(conn, mail.ticket_id, mail.arrived_at, reply.sent_at, now)
        _mark(conn, mail.ticket_id, mail.arrived_at, reply.sent_at, now)
    data = {
        "reply": reply_id, "account": reply.account, "folder": reply.folder, "uid": reply.uid,
        "cancelled": cancelled, "sent_too": late,
    }  # fmt: skip
    happening = Happening(
        ANSWERED if answered else WROTE, ACTOR, now, mail_id=mail_id, ticket_id=ticket.id, data=data,
        text=f"{reply.sender}\n{reply.subject}",
    )  # fmt: skip
    write_event(conn, happening)
    return True


def _reaches(recipients: list[str], customers: set[str]) -> bool:
    """Whether the customer, or somebody of the same domain, is among those it went to; ours are not among them."""
    domains = {each.rpartition("@")[2] for each in customers if "@" in each}
    return any(each in customers or each.rpartition("@")[2] in domains for each in recipients)


def _customers(conn: Connection, mail_id: int, sender: str) -> set[str]:
    """The addresses under which the customer may be answered: the ticket's, and those of the mail's header."""
    try:
        header = BytesHeaderParser().parsebytes(head_bytes(conn, mail_id))
    except DamagedError:
        return {sender} - {""}
    fields = [str(value) for name in ("From", "Reply-To") for value in header.get_all(name, [])]
    return {bounded_address(each) for _, each in getaddresses(fields)} | {sender} - {""}


def _cancel(
    conn: Connection, ticket_id: int, arrived: datetime, sent_at: datetime, now: datetime
) -> tuple[list[int], list[int]]:
    """Cancel what is not sent; the replies that were, and those that left or are leaving."""
    o = t.outbox.c
    ours = (
        o.ticket_id == ticket_id,
        o.kind.not_in(APART),
        o.mail_id.in_(select(t.mail.c.id).where(t.mail.c.ticket_id == ticket_id, t.mail.c.arrived_at <= arrived)),
        # Who of staff wrote afterwards knew, or writes about something else.
        or_(o.automatic.is_(True), o.created_at <= sent_at),
    )
    found = conn.execute(select(o.id, o.state).where(*ours).order_by(o.id)).all()
    unsent = {state.value for state in TRANSITIONS["answered"].sources}
    cancelled = [
        row.id
        for row in found
        if row.state in unsent and move(conn, "answered", row.id, ACTOR, now, values={**FREE, "hold_reason": ""})
    ]
    left = (OutboxState.SENDING.value, OutboxState.SENT.value, OutboxState.UNKNOWN.value)
    states = conn.execute(select(o.id).where(*ours, o.state.in_(left), o.attempted_at >= sent_at).order_by(o.id))
    return cancelled, list(states.scalars())


def _mark(conn: Connection, ticket_id: int, arrived: datetime, sent_at: datetime, now: datetime) -> None:
    """Mark the items answered; the ticket waits for the customer if nothing else is to be done."""
    i, a, k = t.item.c, t.action.c, t.ticket.c
    mails = select(t.mail.c.id).where(t.mail.c.ticket_id == ticket_id, t.mail.c.arrived_at <= arrived)
    here: tuple[ColumnElement[bool], ...] = (i.ticket_id == ticket_id, i.mail_id.in_(mails))
    conn.execute(update(t.item).where(*here, i.answered_at.is_(None)).values(answered_at=sent_at))
    conn.execute(update(t.item).where(*here).values(follow_up_at=None))
    nothing_open = ~exists().where(a.ticket_id == ticket_id, a.state.in_(OPEN_ACTIONS))
    conn.execute(
        update(t.ticket)
        .where(k.id == ticket_id, k.state == TicketState.OPEN.value, nothing_open)
        .values(state=TicketState.WITH_CUSTOMER.value, changed_at=now)
    )
