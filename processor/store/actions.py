"""What staff do about an action: approve, do, reject; the first one wins, the second one is told.

*Approved* means "do it", *done* means "it is done in the billing system"; only *done* releases a
confirmation.  What needs two people needs two different ones, which the database holds: an approval is
unique by action, version and person, and the step to ``approved`` counts them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, func, insert, select, update

from processor.masking import masked
from processor.store import tables as t
from processor.store.accounts import Role
from processor.store.action_result import ActionResult, Outcome
from processor.store.events import Happening, write_event
from processor.store.gate import OUTSIDE, behind_gate, note_step, person_of_step
from processor.store.gate import objection as gate_objection
from processor.store.people import Person
from processor.store.repeating import revive_repeats
from processor.store.staff_replies import OPEN_ACTIONS, Letter, issue_letter, release_confirmations
from processor.store.transaction import OvertakenError, commit, writing
from processor.ticket import ActionState, OutboxState, TicketState

__all__ = [
    "ActionResult",
    "Outcome",
    "approve",
    "done",
    "handled_outside",
    "reject",
    "resolve_held",
    "set_ticket_state",
]


def approve(
    engine: Engine, action_id: int, person: Person, now: datetime, seen_version: int | None = None
) -> ActionResult:
    """Say "do it".  The first of two people leaves it seconded.

    ``seen_version`` is the version that the person looked at; CHANGED if it is another by now.
    """
    return commit(engine, lambda conn: _approve(conn, action_id, person, now, seen_version))


def done(
    engine: Engine,
    action_id: int,
    person: Person,
    now: datetime,
    seen_version: int | None = None,
    letter: Letter | None = None,
    hold_until: datetime | None = None,
) -> ActionResult:
    """Say "it is done"; where one person is enough this approves too.

    Releases drafted confirmations of the item, and closes the ticket when nothing is left to do.  A
    withdrawal that is done ends what was held for it.  ``letter`` is the confirmation, which goes out with
    the step that makes it true or not at all: not while another action of the item is open.  Until
    ``hold_until`` it may be taken back (``undoing.py``).
    """
    return commit(engine, lambda conn: _finish(conn, action_id, person, now, seen_version, letter, hold_until))


def reject(
    engine: Engine, action_id: int, person: Person, reason: str, now: datetime, seen_version: int | None = None
) -> ActionResult:
    """Say "this is not to be done", with a reason; what a rejected withdrawal held, waits for staff again."""
    return commit(engine, lambda conn: _reject(conn, action_id, person, reason, now, seen_version))


def handled_outside(
    engine: Engine, action_id: int, person: Person, reason: str, now: datetime, seen_version: int | None = None
) -> ActionResult:
    """Close an action behind the gate that was seen to elsewhere: one says so with a reason, another one agrees.

    Nothing is approved by it and no confirmation leaves.
    """
    return commit(engine, lambda conn: _outside(conn, action_id, person, reason, now, seen_version))


def set_ticket_state(engine: Engine, ticket_no: str, state: TicketState, person: Person, now: datetime) -> bool:
    """Close or open a ticket by hand; False if it is so already, merged, or unknown."""
    k = t.ticket.c
    with writing(engine) as conn:
        changed = conn.execute(
            update(t.ticket)
            .where(k.number == ticket_no, k.state.not_in((state.value, TicketState.MERGED.value)))
            .values(state=state.value, changed_at=now, snoozed_until=None)
            .returning(k.id)
        ).scalar()
        if changed is None:
            return False
        write_event(conn, Happening(f"ticket.{state.value}", person.name, now, ticket_id=changed))
        return True


def _approve(conn: Connection, action_id: int, person: Person, now: datetime, seen: int | None) -> ActionResult:
    row = _open(conn, action_id, person, seen)
    if isinstance(row, ActionResult):
        return row
    if row.state == ActionState.APPROVED.value:
        return _refused(row, Outcome.ALREADY)
    if row.state == ActionState.HELD.value:
        return _refused(row, Outcome.HELD)
    behind = behind_gate(conn, row)
    two = behind or row.needs == "two_staff"
    if two and not _role(conn, person, Role.APPROVER):
        return _refused(row, Outcome.NOT_APPROVER)
    p = t.approval.c
    this = and_(p.action_id == action_id, p.version == row.version)
    if conn.execute(select(p.id).where(this, p.person_id == person.id)).first():
        return _refused(row, Outcome.SAME_PERSON)
    first_of_two = two and row.state == ActionState.WAITING.value
    if behind and (why := gate_objection(conn, row, now, last=not first_of_two)):
        return replace(_refused(row, Outcome.GATE), why=why)
    conn.execute(insert(t.approval).values(action_id=action_id, version=row.version, person_id=person.id, at=now))
    wanted = 2 if two and not first_of_two else 1
    enough = select(func.count()).select_from(t.approval).where(this).scalar_subquery() >= wanted
    target = ActionState.SECONDED if first_of_two else ActionState.APPROVED
    return _step(conn, row, target, person, now, enough)


def _finish(
    conn: Connection,
    action_id: int,
    person: Person,
    now: datetime,
    seen: int | None,
    letter: Letter | None,
    hold_until: datetime | None,
) -> ActionResult:
    row = _open(conn, action_id, person, seen)
    if isinstance(row, ActionResult):
        return row
    if row.state == ActionState.HELD.value:
        return _refused(row, Outcome.HELD)
    if row.state != ActionState.APPROVED.value:
        if row.needs == "two_staff" or behind_gate(conn, row):
            return _refused(row, Outcome.NOT_APPROVED)
        approved = _approve(conn, action_id, person, now, seen)
        if not approved.ok:
            return approved
        row = conn.execute(select(t.action).where(t.action.c.id == action_id)).one()
    result = _step(conn, row, ActionState.DONE, person, now)
    resolve_held(conn, row.item_id, ActionState.REJECTED, row.id, person, now)
    release_confirmations(conn, row.item_id, person, now, hold_until)
    if letter is not None and letter.item_id == row.item_id:
        result = replace(result, letter=issue_letter(conn, letter, person, now, hold_until))
    _close_if_nothing_is_left(conn, row.ticket_id, now)
    return result


def _reject(
    conn: Connection, action_id: int, person: Person, reason: str, now: datetime, seen: int | None
) -> ActionResult:
    row = _open(conn, action_id, person, seen)
    if isinstance(row, ActionResult):
        return row
    result = _step(conn, row, ActionState.REJECTED, person, now, reason=masked(reason))
    resolve_held(conn, row.item_id, ActionState.WAITING, row.id, person, now)
    revive_repeats(conn, row.id, person.name, now)
    return result


def _outside(
    conn: Connection, action_id: int, person: Person, reason: str, now: datetime, seen: int | None
) -> ActionResult:
    row = _open(conn, action_id, person, seen)
    if isinstance(row, ActionResult):
        return row
    if not behind_gate(conn, row):
        return replace(_refused(row, Outcome.GATE), why="it is not behind the gate: approve it, do it or reject it")
    if not _role(conn, person, Role.APPROVER):
        return _refused(row, Outcome.NOT_APPROVER)
    if not reason.strip():
        return replace(_refused(row, Outcome.GATE), why="a reason is needed")
    first = person_of_step(conn, row, OUTSIDE)
    if first == person.id:
        return _refused(row, Outcome.SAME_PERSON)
    if first is None:
        note_step(conn, row, OUTSIDE, person, now)
        subjects = {"ticket_id": row.ticket_id, "action_id": row.id}
        data = {"version": row.version, "person": person.id}
        write_event(conn, Happening("gate.outside", person.name, now, **subjects, data=data, text=masked(reason)))
        return ActionResult(Outcome.NOTED, ActionState(row.state), person.name, now)
    other = conn.execute(select(t.person.c.name).where(t.person.c.id == first)).scalar()
    said = f"handled outside, by {other} and {person.name}: {masked(reason)}"
    result = _step(conn, row, ActionState.REJECTED, person, now, reason=said)
    _close_if_nothing_is_left(conn, row.ticket_id, now)
    return result


def resolve_held(
    conn: Connection, item_id: int, target: ActionState, action_id: int, person: Person, now: datetime
) -> None:
    """A withdrawal (item and action) that is done ends what it took back; one that is none lets it wait again."""
    a = t.action.c
    reason = f"withdrawn: a{action_id} done" if target == ActionState.REJECTED else ""
    ended = conn.execute(
        update(t.action)
        .where(a.held_by == item_id, a.state == ActionState.HELD.value)
        .values(state=target.value, version=a.version + 1, changed_by=person.name, changed_at=now, reason=reason)
        .returning(a.id, a.ticket_id)
    ).all()
    kind = f"action.{target.value}"
    for each in ended:
        subjects = {"ticket_id": each.ticket_id, "action_id": each.id}
        write_event(conn, Happening(kind, person.name, now, **subjects, data={"withdrawal": action_id}))


def _open(conn: Connection, action_id: int, person: Person, seen: int | None) -> t.AnyRow | ActionResult:
    """The open action, or why there is nothing to be done."""
    row = conn.execute(select(t.action).where(t.action.c.id == action_id)).first()
    if row is None:
        return ActionResult(Outcome.UNKNOWN)
    if not _role(conn, person, Role.AGENT):
        return _refused(row, Outcome.NOT_STAFF)
    if row.state not in OPEN_ACTIONS:
        return _refused(row, Outcome.ALREADY)
    if seen is not None and seen != row.version:
        return _refused(row, Outcome.CHANGED)
    return row


def _role(conn: Connection, person: Person, needed: Role) -> bool:
    """Whether the person is still with us, and in a role that includes the needed one."""
    p = t.person.c
    role = conn.execute(select(p.role).where(p.id == person.id, p.active.is_(True))).scalar()
    return role is not None and Role(role).may(needed)


def _refused(row: t.AnyRow, outcome: Outcome) -> ActionResult:
    return ActionResult(outcome, ActionState(row.state), row.changed_by, row.changed_at)


def _step(
    conn: Connection,
    row: t.AnyRow,
    target: ActionState,
    person: Person,
    now: datetime,
    *conditions: ColumnElement[bool],
    reason: str = "",
) -> ActionResult:
    """One conditional update; if somebody else was quicker, all is undone and looked at again."""
    a = t.action.c
    moved = conn.execute(
        update(t.action)
        .where(a.id == row.id, a.state == row.state, a.version == row.version, *conditions)
        .values(state=target.value, changed_by=person.name, changed_at=now, reason=reason or row.reason)
    )
    if not moved.rowcount:
        raise OvertakenError
    subjects = {"ticket_id": row.ticket_id, "action_id": row.id}
    data = {"version": row.version, "person": person.id, "was": row.state}
    write_event(conn, Happening(f"action.{target.value}", person.name, now, **subjects, data=data, text=reason))
    conn.execute(update(t.ticket).where(t.ticket.c.id == row.ticket_id).values(changed_at=now))
    return ActionResult(Outcome(target.value), target, person.name, now)


def _close_if_nothing_is_left(conn: Connection, ticket_id: int, now: datetime) -> None:
    a, o = t.action.c, t.outbox.c
    left = exists().where(a.ticket_id == ticket_id, a.state.in_(OPEN_ACTIONS))
    drafts = exists().where(o.ticket_id == ticket_id, o.state == OutboxState.DRAFT.value)
    closed = conn.execute(
        update(t.ticket)
        .where(t.ticket.c.id == ticket_id, t.ticket.c.state == TicketState.OPEN.value, ~left, ~drafts)
        .values(state=TicketState.CLOSED.value, changed_at=now)
    )
    if closed.rowcount:
        write_event(conn, Happening("ticket.closed", "desk", now, ticket_id=ticket_id, data={"by": "nothing left"}))
