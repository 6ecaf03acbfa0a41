"""What the API does: the queue, tickets, and the steps that staff take, by the same functions as the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from processor.desk.asking import Desk
from processor.desk.proposals import letter_for
from processor.steps.letters import CannotError
from processor.store import actions, notes
from processor.store.accounts import Account, Role
from processor.store.actions import ActionResult, Outcome
from processor.store.queue import QueueRow
from processor.store.queue import ticket as stored_ticket
from processor.store.queue_page import Key, View, holders, page
from processor.store.search import search
from processor.store.standing import open_action, wants_approver
from processor.store.ticket_view import ActionView, ItemView, MailView, ReplyView, TicketView
from processor.ticket import TicketState

ROWS = 50
FORBIDDEN = {Outcome.NOT_STAFF, Outcome.NOT_APPROVER}


class Problem(Exception):
    """What was asked cannot be done; ``status`` is HTTP's, ``more`` goes into the answer (RFC 9457)."""

    def __init__(self, status: int, detail: str, **more: object) -> None:
        super().__init__(detail)
        self.status, self.detail, self.more = status, detail, more


@dataclass(frozen=True, slots=True)
class Call:
    """One call, whose values have been checked; ``account`` is the owner's, bounded by the key."""

    account: Account
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ticket(self) -> str:
        """The ticket's number in the path."""
        return self.params["number"].upper()

    def day(self, name: str) -> date | None:
        """A day of the body."""
        return date.fromisoformat(self.body[name]) if name in self.body else None


def me(_: Desk, call: Call) -> object:
    """Whose key it is, and what it may."""
    scope = call.account.scope
    mailboxes = None if scope is None else sorted(scope)
    return {"name": call.account.person.name, "role": call.account.role.value, "mailboxes": mailboxes}


def queue_counts(desk: Desk, call: Call) -> object:
    """How much is in each view."""
    return {view.value: count for view, count in desk.counts(call.account).items()}


def tickets(desk: Desk, call: Call) -> object:
    """One page of a view of the queue."""
    after = Key.read(call.query["after"]) if "after" in call.query else None
    if "after" in call.query and after is None:
        raise Problem(404, "There is no such place in the queue.")
    view, limit = View(call.query.get("view", View.ALL)), call.query.get("limit", ROWS)
    account = call.account
    shown = page(desk.engine, view, desk.clock(), account.person.id, after, limit, account.scope)
    held = holders(desk.engine, [row.ticket_id for row in shown.rows])
    rows = [_row(row, held.get(row.ticket_id, "")) for row in shown.rows]
    return {"rows": rows, "following": str(shown.following) if shown.following else None}


def find(desk: Desk, call: Call) -> object:
    """Tickets whose mails have the words."""
    desk.indexing.take_newest()
    found, following = search(desk.engine, call.query["q"], call.query.get("before"), scope=call.account.scope)
    names = ("sender", "company", "subject", "type")
    told = [
        {"number": each.ticket_no, "state": each.state.value, "changed_at": each.changed_at.isoformat()}
        | {name: getattr(each, name) for name in names}
        for each in found
    ]
    return {"tickets": told, "following": following}


def ticket(desk: Desk, call: Call) -> object:
    """A ticket with all that belongs to it."""
    view = _view(desk, call)
    names = ("number", "sender", "company", "subject", "language", "provenance", "version")
    return {
        **{name: getattr(view, name) for name in names},
        "state": view.state.value,
        "opened_at": view.opened_at.isoformat(),
        "changed_at": view.changed_at.isoformat(),
        "holder": notes.holder_of(desk.engine, view.id),
        "mails": [_mail(each) for each in view.mails],
        "items": [_item(each) for each in view.items],
        "actions": [_action(each) for each in view.actions],
        "replies": [_reply(each) for each in view.replies],
        "notes": [
            {"at": each.at.isoformat(), "by": each.actor, "text": each.text}
            for each in view.events
            if each.kind == notes.NOTED
        ],
    }


def approve(desk: Desk, call: Call) -> object:
    """Say "do it"."""
    number = _approvable(desk, call)
    return _after(desk, actions.approve(desk.engine, number, call.account.person, desk.clock(), call.body["version"]))


def done(desk: Desk, call: Call) -> object:
    """Say "it is done", which releases the confirmation."""
    number = _approvable(desk, call)
    silent = not call.body.get("confirmation", True) or not open_action(desk.engine, number)
    try:
        letter = None if silent else letter_for(desk, number, call.day("last_day"), call.day("access_until"))
    except CannotError as cannot:
        raise Problem(409, f"No confirmation can be sent, so nothing was done: {cannot}") from cannot
    seen = (desk.clock(), call.body["version"])
    return _after(desk, actions.done(desk.engine, number, call.account.person, *seen, letter, desk.hold_until))


def reject(desk: Desk, call: Call) -> object:
    """Say "this is not to be done", and why."""
    number, reason = int(call.params["action"]), call.body["reason"].strip()
    seen = (desk.clock(), call.body["version"])
    return _after(desk, actions.reject(desk.engine, number, call.account.person, reason, *seen))


def note(desk: Desk, call: Call) -> object:
    """Write a note for colleagues."""
    view, now = _view(desk, call), desk.clock()
    if not notes.note_ticket(desk.engine, view.id, call.body["text"], call.account.person, now):
        raise Problem(409, "The note was not written.")
    noted = stored_ticket(desk.engine, call.ticket)
    last = [each for each in noted.events if each.kind == notes.NOTED][-1] if noted else None
    if last is None:
        raise Problem(404, "There is no such ticket.")
    return {"at": last.at.isoformat(), "by": last.actor, "text": last.text}


def take(desk: Desk, call: Call) -> object:
    """Take a ticket on; 409 where somebody else holds it."""
    view = _view(desk, call)
    holder = notes.take_ticket(desk.engine, view.id, call.account.person, desk.clock())
    desk.changed()
    if holder != call.account.person.name:
        raise Problem(409, "Somebody else has taken it on.", by=holder)
    return {"number": view.number, "holder": holder}


def close(desk: Desk, call: Call) -> object:
    """Close a ticket that needs nothing more; one that is closed stays so."""
    view = _view(desk, call)
    actions.set_ticket_state(desk.engine, view.number, TicketState.CLOSED, call.account.person, desk.clock())
    desk.changed()
    after = _view(desk, call)
    if after.state != TicketState.CLOSED:
        raise Problem(409, f"The ticket is {after.state.value}.", state=after.state.value)
    return {"number": view.number, "state": after.state.value}


def _view(desk: Desk, call: Call) -> TicketView:
    found = stored_ticket(desk.engine, call.ticket)
    if found is None:
        raise Problem(404, "There is no such ticket.")
    return found


def _approvable(desk: Desk, call: Call) -> int:
    """The action's id, if the key's role is enough for it; the store asks for the owner's role only."""
    number = int(call.params["action"])
    if not call.account.role.may(Role.APPROVER) and wants_approver(desk.engine, number):
        raise Problem(403, "It needs two people with the role approver, and this key is for less.")
    return number


def _after(desk: Desk, result: ActionResult) -> object:
    desk.changed()
    if result.outcome == Outcome.UNKNOWN or result.state is None:
        raise Problem(404, "There is no such action.")
    told = {"outcome": result.outcome.value, "state": result.state.value, "by": result.by}
    if not result.ok:
        raise Problem(403 if result.outcome in FORBIDDEN else 409, str(result), **told)
    return {**told, "at": (result.at or desk.clock()).isoformat()}


def _row(row: QueueRow, holder: str) -> dict[str, object]:
    names = ("sender", "company", "subject", "provenance", "type", "org_no")
    action = None
    if row.action_id is not None and row.due is not None:
        action = {"id": row.action_id, "kind": row.action_kind, "needs": row.needs, "state": row.action_state}
        action |= {"due": row.due.isoformat()}
    about = {"number": row.ticket_no, "state": row.ticket_state.value, "holder": holder, "action": action}
    return {**about, **{name: getattr(row, name) for name in names}}


def _mail(mail: MailView) -> dict[str, object]:
    told: dict[str, object] = {name: getattr(mail, name) for name in ("id", "message_id", "size", "duplicate")}
    return {**told, "mailbox": mail.account, "arrived_at": mail.arrived_at.isoformat()}


def _item(item: ItemView) -> dict[str, object]:
    return {name: getattr(item, name) for name in ("id", "mail_id", "type", "org_no", "rule", "confidence")}


def _action(action: ActionView) -> dict[str, object]:
    told = {**asdict(action), "state": action.state.value, "facts": {k: str(v) for k, v in action.facts.items()}}
    told |= {name: getattr(action, name).isoformat() for name in ("due", "changed_at")}
    return {**told, "approvals": [{"person": each.person, "at": each.at.isoformat()} for each in action.approvals]}


def _reply(reply: ReplyView) -> dict[str, object]:
    told: dict[str, object] = {name: getattr(reply, name) for name in ("id", "kind", "to", "subject", "text")}
    times = {name: getattr(reply, name).isoformat() for name in ("created_at", "changed_at")}
    return {**told, **times, "state": reply.state.value}
