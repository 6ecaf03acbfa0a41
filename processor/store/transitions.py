"""The outbox's state machine: every way from one state to another, and the one function that goes it.

Each move is a conditional update that says whether it happened, so two workers, or a worker and a
person, need no lock: the second one is told no.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, update

from processor.store import tables as t
from processor.store.events import Happening, write_event
from processor.ticket import OutboxState as S


@dataclass(frozen=True, slots=True)
class Transition:
    """From which states a move is possible, and where it leads."""

    sources: tuple[S, ...]
    target: S


TRANSITIONS: Mapping[str, Transition] = {
    # By a worker, who holds the fence.
    "attempt": Transition((S.READY, S.RETRY), S.SENDING),
    "sent": Transition((S.SENDING,), S.SENT),
    "retry": Transition((S.READY, S.RETRY, S.SENDING), S.RETRY),
    "failed": Transition((S.READY, S.RETRY, S.SENDING), S.FAILED),
    "unknown": Transition((S.SENDING,), S.UNKNOWN),
    # By the sweep: a lease that ran out in the middle, a hold that ended, a receipt that came too late.
    "lost": Transition((S.SENDING,), S.UNKNOWN),
    "repeat": Transition((S.SENDING,), S.READY),
    "due": Transition((S.HELD,), S.READY),
    "too_old": Transition((S.READY, S.RETRY), S.HELD),
    # By a restore, which does not know what was sent since its backup, and by whoever says what may go on;
    # the second and third by whoever takes an approval back, too.
    "restored": Transition((S.DRAFT, S.HELD, S.READY, S.RETRY), S.HELD),
    "draft_again": Transition((S.HELD,), S.DRAFT),
    "held_again": Transition((S.HELD,), S.HELD),
    # By a bounce that names a Message-ID of ours.
    "bounced": Transition((S.SENT, S.UNKNOWN), S.BOUNCED),
    # By a colleague's own reply to the customer, found in the Sent folder.
    "answered": Transition((S.DRAFT, S.HELD, S.READY, S.RETRY, S.FAILED), S.CANCELLED),
    # By a person.
    "approve": Transition((S.DRAFT,), S.READY),
    "release": Transition((S.HELD,), S.READY),
    # The same of what leaves after some seconds only, in which it may be taken back.
    "hold": Transition((S.DRAFT, S.HELD), S.HELD),
    "undo": Transition((S.HELD,), S.CANCELLED),
    "reinstate": Transition((S.CANCELLED,), S.DRAFT),
    "doubt_again": Transition((S.CANCELLED,), S.UNKNOWN),
    "resend": Transition((S.UNKNOWN, S.FAILED), S.READY),
    "cancel": Transition((S.DRAFT, S.HELD, S.READY, S.RETRY, S.UNKNOWN, S.FAILED), S.CANCELLED),
}

FREE: dict[str, object] = {"claimed_by": None, "claimed_until": None}


def move(
    conn: Connection,
    name: str,
    outbox_id: int,
    actor: str,
    now: datetime,
    *conditions: ColumnElement[bool],
    values: Mapping[str, object] | None = None,
    text: str = "",
    data: Mapping[str, object] | None = None,
) -> bool:
    """Make one move of TRANSITIONS if the row's state and ``conditions`` allow it, with its event."""
    transition = TRANSITIONS[name]
    moved = conn.execute(
        update(t.outbox)
        .where(t.outbox.c.id == outbox_id, t.outbox.c.state.in_([s.value for s in transition.sources]), *conditions)
        .values({"state": transition.target.value, "changed_at": now, **(values or {})})
        .returning(t.outbox.c.ticket_id, t.outbox.c.fence)
    ).first()
    if moved is None:
        return False
    if name == "attempt":
        # The attempt's own row says more than an event would, and this is the hot path.
        return True
    subject = {"ticket_id": moved.ticket_id, "outbox_id": outbox_id}
    told = {"fence": moved.fence, **(data or {})}
    write_event(conn, Happening(f"outbox.{name}", actor, now, **subject, data=told, text=text))
    return True
