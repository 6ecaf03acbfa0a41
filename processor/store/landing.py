"""Which ticket a decided mail belongs to: that of an equal letter, the one it joins, or one of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, and_, bindparam, or_, select, update

from processor.store import tables as t
from processor.store.context import bounded_address, whole_ticket
from processor.store.decided import Landing, NumberTakenError, Record
from processor.store.events import Happening, write_events
from processor.store.inserting import insert_for_ids
from processor.store.prepared import Query
from processor.ticket import ActionState, MailState, TicketState

# Filled in once the tickets have their ids.
NOT_YET = Landing(0, "", fresh=True)


def land(conn: Connection, records: Sequence[Record], letters: Sequence[str]) -> list[Landing]:
    """Find or make the ticket of each record, in order; locks the mails until the end of the transaction."""
    mails = _lock_mails(conn, {r.mail_id for r in records})
    known = known_letters(conn, letters)
    landings: list[Landing] = []
    makers: list[int] = []
    copies: dict[int, int] = {}
    first: dict[str, int] = {}
    seen: dict[int, int] = {}
    for n, (r, letter) in enumerate(zip(records, letters, strict=True)):
        mail = mails[r.mail_id]
        if mail.state == MailState.DECIDED.value:
            landings.append(Landing(mail.ticket_id, "", fresh=False, decided_before=True))
        elif r.mail_id in seen:
            copies[n] = seen[r.mail_id]
            landings.append(Landing(0, "", fresh=False, decided_before=True))
        elif letter in known:
            landings.append(Landing(known[letter], "", fresh=False))
        elif letter in first:
            copies[n] = first[letter]
            landings.append(Landing(0, "", fresh=False))
        else:
            first[letter] = n
            makers.append(n)
            landings.append(NOT_YET)
        seen.setdefault(r.mail_id, n)
    for n, (ticket_id, joined) in zip(makers, _tickets(conn, [records[n] for n in makers]), strict=True):
        number = "" if joined else records[n].ticket_no
        landings[n] = Landing(ticket_id, number, fresh=True, joined=joined, early=_early(mails[records[n].mail_id]))
    for n, original in copies.items():
        of = landings[original]
        landings[n] = replace(landings[n], ticket_id=of.ticket_id, ticket_no=of.ticket_no)
    # Those of tickets that were there before.
    numbers = _numbers(conn, {each.ticket_id for each in landings if not each.ticket_no})
    return [each if each.ticket_no else replace(each, ticket_no=numbers[each.ticket_id]) for each in landings]


def _lock_mails(conn: Connection, mail_ids: set[int]) -> dict[int, t.AnyRow]:
    found = {row.id: row for row in _LOCK.rows(conn, {"wanted": sorted(mail_ids)})}
    for mail_id in mail_ids - found.keys():
        raise KeyError(mail_id)
    return found


def known_letters(conn: Connection, letters: Iterable[str]) -> dict[str, int]:
    """The ticket of each keyed letter that is here."""
    return {row.digest: row.ticket_id for row in _LETTERS.rows(conn, {"wanted": sorted(set(letters))})}


def _early(mail: t.AnyRow) -> bool:
    return mail.answer_from is not None and mail.arrived_at < mail.answer_from


def _tickets(conn: Connection, records: Sequence[Record]) -> list[tuple[int, bool]]:
    """The ticket of each record that needs one, and whether it was there before."""
    new = [r for r in records if r.joins_ticket_id is None]
    made = iter(_insert_tickets(conn, new))
    return [(next(made), False) if r.joins_ticket_id is None else (_join(conn, r), True) for r in records]


def _insert_tickets(conn: Connection, records: Sequence[Record]) -> list[int]:
    if not records:
        return []
    numbers = [r.ticket_no for r in records]
    taken = [row.number for row in _TAKEN.rows(conn, {"wanted": numbers})]
    if taken or len(set(numbers)) < len(numbers):
        raise NumberTakenError(", ".join(taken) or "a number was given twice in a batch")
    return insert_for_ids(conn, t.ticket, [_ticket_row(r) for r in records])


def _ticket_row(r: Record) -> dict[str, object]:
    return {
        "number": r.ticket_no,
        "state": _first_state(r).value,
        "sender": bounded_address(r.sender_spec),
        "subject": r.message.subject,
        "language": r.understanding.language,
        "company": r.decision.fields.company or "",
        "provenance": r.decision.provenance.result,
        "outcome": r.decision.outcome,
        "opened_at": r.now,
        "changed_at": r.now,
    }


def _first_state(r: Record) -> TicketState:
    """Open unless the reply is all there is to do; a reply that does not leave opens it again later."""
    if r.decision.outcome == "ignore":
        return TicketState.CLOSED
    reply = r.decision.reply
    if r.decision.outcome == "review" or r.decision.actions or reply is None:
        return TicketState.OPEN
    return {"answer": TicketState.CLOSED, "question": TicketState.WITH_CUSTOMER}.get(reply.kind, TicketState.OPEN)


def _join(conn: Connection, r: Record) -> int:
    """Attach a mail to a ticket; only a proven sender's words open it and undo first approvals (T26).

    Whoever writes wakes one that sleeps: a person looks at it, and no more.
    """
    if r.joins_ticket_id is None:
        raise ValueError("no ticket to join")
    ticket_id: int = whole_ticket(conn, r.joins_ticket_id).id
    if r.decision.outcome != "ignore":
        asleep = (t.ticket.c.id == ticket_id, t.ticket.c.state == TicketState.SNOOZED.value)
        conn.execute(update(t.ticket).where(*asleep).values(state=TicketState.OPEN.value, snoozed_until=None))
    if r.decision.provenance.result != "proven" or r.decision.outcome == "ignore":
        return ticket_id
    conn.execute(
        update(t.ticket)
        .where(t.ticket.c.id == ticket_id)
        .values(state=TicketState.OPEN.value, version=t.ticket.c.version + 1, changed_at=r.now)
    )
    drop_approvals(conn, ticket_id, "record", r.now)
    # Whoever answers is reminded of nothing.
    conn.execute(update(t.item).where(t.item.c.ticket_id == ticket_id).values(follow_up_at=None))
    return ticket_id


def drop_approvals(conn: Connection, ticket_id: int, actor: str, now: datetime) -> None:
    """Let what needs two people wait for both again, since what the first one saw has changed."""
    a = t.action.c
    fallen = conn.execute(
        update(t.action)
        .where(
            a.ticket_id == ticket_id,
            or_(
                a.state == ActionState.SECONDED.value,
                and_(a.state == ActionState.APPROVED.value, a.needs == "two_staff"),
            ),
        )
        .values(state=ActionState.WAITING.value, version=a.version + 1, changed_by=actor, changed_at=now)
        .returning(a.id)
    )
    write_events(
        conn,
        [
            Happening("action.approvals_dropped", actor, now, ticket_id=ticket_id, action_id=action_id)
            for action_id in fallen.scalars().all()
        ],
    )


def _numbers(conn: Connection, ticket_ids: set[int]) -> dict[int, str]:
    if not ticket_ids:
        return {}
    return {row.id: row.number for row in _NUMBERS.rows(conn, {"wanted": sorted(ticket_ids)})}


# Built once: every batch is recorded by these.
_M, _K = t.mail.c, t.ticket.c
_WANTED: BindParameter[Any] = bindparam("wanted", expanding=True)
_LOCK = Query(
    select(_M.id, _M.state, _M.ticket_id, _M.arrived_at, t.mailbox.c.answer_from)
    .outerjoin_from(t.mail, t.mailbox, t.mailbox.c.account == _M.account)
    .where(_M.id.in_(_WANTED))
    # In one order everywhere, so that two workers never wait for each other in a ring.
    .order_by(_M.id)
    .with_for_update(of=t.mail)
)
_LETTERS = Query(select(t.letter.c.digest, t.letter.c.ticket_id).where(t.letter.c.digest.in_(_WANTED)))
_TAKEN = Query(select(_K.number).where(_K.number.in_(_WANTED)))
_NUMBERS = Query(select(_K.id, _K.number).where(_K.id.in_(_WANTED)))
