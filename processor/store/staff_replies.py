"""What a person does with a reply: approve a draft, release or cancel, send again, issue a confirmation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, exists, insert, or_, select, update

from processor.masking import masked
from processor.store import tables as t
from processor.store.claims import unclaimed
from processor.store.events import Happening, write_event
from processor.store.people import Person
from processor.store.replies import OBSERVE, UNDO, words
from processor.store.transaction import commit, writing
from processor.store.transitions import FREE, move
from processor.ticket import ActionState, OutboxState, Reply

OPEN_ACTIONS = tuple(
    s.value for s in (ActionState.WAITING, ActionState.SECONDED, ActionState.APPROVED, ActionState.HELD)
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter about an item, ready to be put into the outbox."""

    item_id: int
    kind: str
    issue: int
    reply: Reply
    message_id: str
    envelope_from: str = ""


def approve_reply(
    engine: Engine, outbox_id: int, person: Person, now: datetime, hold_until: datetime | None = None
) -> bool:
    """Let a draft or a held reply go out; not one that confirms what is not done, or was only to be observed.

    ``hold_until`` leaves time to take it back.
    """
    with writing(engine) as conn:
        if hold_until is not None:
            return hold(conn, outbox_id, person, now, hold_until)
        if move(conn, "approve", outbox_id, person.name, now, confirmable(), values=_by_hand(person)):
            return True
        return _release(conn, outbox_id, person, now)


def cancel_reply(engine: Engine, outbox_id: int, person: Person, now: datetime, reason: str = "") -> bool:
    """Take a reply out of the outbox; False if it left, is leaving now, or was cancelled before.

    It can be brought back while its ticket is open (``reinstating.py``).
    """
    o = t.outbox.c
    free = unclaimed(o.claimed_until, now)
    with writing(engine) as conn:
        was = conn.execute(select(o.state).where(o.id == outbox_id).with_for_update()).scalar()
        return move(conn, "cancel", outbox_id, person.name, now, free, text=masked(reason), data={"was": was})


def edit_reply(
    engine: Engine,
    outbox_id: int,
    subject: str,
    text: str,
    person: Person,
    now: datetime,
    seen_at: datetime | None = None,
) -> bool:
    """Replace a draft's words (its HTML form goes); False if it is no draft any more.

    ``seen_at`` is when the words that the person began from were written: False if others stand there by now.
    """
    o, subject, text = t.outbox.c, masked(subject), masked(text)
    as_seen = [o.changed_at == seen_at] if seen_at else []
    with writing(engine) as conn:
        changed = conn.execute(
            update(t.outbox)
            .where(o.id == outbox_id, o.state == OutboxState.DRAFT.value, *as_seen)
            .values(subject=subject, text=text, html="", changed_at=now)
            .returning(o.ticket_id)
        ).scalar()
        if changed is None:
            return False
        # Whoever has the ticket open is told that it is not any more what they see.
        conn.execute(update(t.ticket).where(t.ticket.c.id == changed).values(changed_at=now))
        subjects = {"ticket_id": changed, "outbox_id": outbox_id}
        write_event(conn, Happening("outbox.edited", person.name, now, **subjects, text=f"{subject}\n\n{text}"))
        return True


def release(engine: Engine, outbox_id: int, person: Person, now: datetime) -> bool:
    """Let a held reply go out; False if it is not held, or only written to be observed, which never leaves."""
    with writing(engine) as conn:
        return _release(conn, outbox_id, person, now)


def cancel(engine: Engine, outbox_id: int, person: Person, now: datetime) -> bool:
    """``cancel_reply`` without a reason."""
    return cancel_reply(engine, outbox_id, person, now)


def resend(engine: Engine, outbox_id: int, person: Person, now: datetime) -> bool:
    """Send a reply of unknown fate, or a refused one, again with the same Message-ID; a person's risk to take."""
    with writing(engine) as conn:
        return move(conn, "resend", outbox_id, person.name, now, values=_behind(person) | {"error": ""} | FREE)


def issue_confirmation(
    engine: Engine,
    item_id: int,
    kind: str,
    reply: Reply,
    message_id: str,
    person: Person,
    now: datetime,
    *,
    issue: int = 1,
    hold_until: datetime | None = None,
    envelope_from: str = "",
) -> int | None:
    """Put a person's reply about an item into the outbox, once for each (item, kind, issue); gives its id.

    None if that issue exists already, or if a confirmation would confirm what is not done.  A
    correction has the next issue number.  ``hold_until`` leaves time to change one's mind.
    """
    columns = words(reply, message_id, envelope_from, now)
    return commit(engine, lambda conn: _issue(conn, item_id, kind, issue, columns, hold_until, person, now))


def hold(conn: Connection, outbox_id: int, person: Person, now: datetime, until: datetime) -> bool:
    """Approve a reply that leaves when the time has come, unless it is taken back; once."""
    o = t.outbox.c
    row = conn.execute(select(o.state, o.hold_reason, o.automatic, o.by_person).where(o.id == outbox_id)).first()
    if row is None or row.hold_reason in (OBSERVE, UNDO):
        return False
    values = _by_hand(person) | {"hold_reason": UNDO, "due_at": until}
    # By this it is known what it goes back to.
    data = {"was": row.state, "reason": row.hold_reason, "automatic": row.automatic, "by_person": row.by_person}
    as_seen = (o.state == row.state, o.hold_reason == row.hold_reason, confirmable())
    return move(conn, "hold", outbox_id, person.name, now, *as_seen, values=values, data=data)


def release_confirmations(
    conn: Connection, item_id: int, person: Person, now: datetime, hold_until: datetime | None = None
) -> int:
    """Let the drafted confirmations of an item go out, if all of it is done."""
    o = t.outbox.c
    drafts = select(o.id).where(o.item_id == item_id, o.kind == "confirmation", o.state == OutboxState.DRAFT.value)
    found = conn.execute(drafts).scalars().all()
    if hold_until is not None:
        return sum(hold(conn, one, person, now, hold_until) for one in found)
    return sum(move(conn, "approve", one, person.name, now, _done(o.item_id), values=_by_hand(person)) for one in found)


def issue(engine: Engine, letter: Letter, person: Person, now: datetime) -> int | None:
    """``issue_confirmation`` for a letter as it is."""
    return commit(engine, lambda conn: issue_letter(conn, letter, person, now))


def issue_letter(
    conn: Connection, letter: Letter, person: Person, now: datetime, hold_until: datetime | None = None
) -> int | None:
    """``issue_confirmation`` within the caller's transaction."""
    columns = words(letter.reply, letter.message_id, letter.envelope_from, now)
    return _issue(conn, letter.item_id, letter.kind, letter.issue, columns, hold_until, person, now)


def _release(conn: Connection, outbox_id: int, person: Person, now: datetime) -> bool:
    values = _by_hand(person) | {"hold_reason": "", "due_at": None}
    observed = t.outbox.c.hold_reason == OBSERVE
    return move(conn, "release", outbox_id, person.name, now, ~observed, confirmable(), values=values)


def confirmable() -> ColumnElement[bool]:
    """The condition of a reply that it is no confirmation, or confirms what is done."""
    return or_(t.outbox.c.kind != "confirmation", _done(t.outbox.c.item_id))


def _by_hand(person: Person) -> dict[str, object]:
    return {**_behind(person), "by_person": True}


def _behind(person: Person) -> dict[str, object]:
    return {"automatic": False, "approved_by": person.name}


def _done(item_id: ColumnElement[int]) -> ColumnElement[bool]:
    """An action of the item is done and none is open."""
    a = t.action.c
    of_item = exists().where(a.item_id == item_id)
    return of_item.where(a.state == ActionState.DONE.value) & ~of_item.where(a.state.in_(OPEN_ACTIONS))


def _issue(
    conn: Connection,
    item_id: int,
    kind: str,
    issue: int,
    columns: Mapping[str, object],
    hold_until: datetime | None,
    person: Person,
    now: datetime,
) -> int | None:
    o, i = t.outbox.c, t.item.c
    if conn.execute(select(o.id).where(o.item_id == item_id, o.kind == kind, o.issue == issue)).first():
        return None
    query = select(i.ticket_id, i.mail_id, t.ticket.c.number, t.mail.c.message_id)
    query = query.join_from(t.item, t.ticket, i.ticket_id == t.ticket.c.id).join(t.mail, i.mail_id == t.mail.c.id)
    confirmed = [_done(i.id)] if kind == "confirmation" else []
    about = conn.execute(query.where(i.id == item_id, *confirmed)).first()
    if about is None:
        return None
    row = {
        "ticket_id": about.ticket_id,
        "ticket_no": about.number,
        "mail_id": about.mail_id,
        "item_id": item_id,
        "kind": kind,
        "issue": issue,
        "state": (OutboxState.HELD if hold_until else OutboxState.READY).value,
        "hold_reason": UNDO if hold_until else "",
        "due_at": hold_until,
        "in_reply_to": about.message_id or "",
        "refs": about.message_id or "",
        **columns,
        **_by_hand(person),
    }
    outbox_id = int(conn.execute(insert(t.outbox).returning(o.id), row).scalar_one())
    subjects = {"ticket_id": about.ticket_id, "outbox_id": outbox_id}
    # The row can be changed later, and the event's words are sealed.
    data, said = {"kind": kind, "issue": issue}, f"{columns['subject']}\n\n{columns['text']}"
    write_event(conn, Happening("outbox.issued", person.name, now, **subjects, data=data, text=said))
    return outbox_id
