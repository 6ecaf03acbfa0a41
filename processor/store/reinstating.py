"""Bringing a withdrawn reply back while its ticket is open: it waits for a person again, whatever it was before.

Nothing leaves by it.  What nobody knew the fate of, nobody knows the fate of again, so that a person takes the risk of
a second letter with open eyes.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Engine, select, update

from processor.store import tables as t
from processor.store.people import Person
from processor.store.replies import OBSERVE
from processor.store.story import of_ticket
from processor.store.transaction import commit, reading
from processor.store.transitions import move
from processor.ticket import OutboxState, TicketState

NOT_WITHDRAWN = "nobody has withdrawn it"
OBSERVED = "it was written to be observed only, and never leaves"
NOT_OPEN = "the ticket is closed: open it first"
REPLACED = "another letter has taken its place since"
REASONS = (NOT_WITHDRAWN, OBSERVED, NOT_OPEN, REPLACED)
CANCEL = "outbox.cancel"
ENDED = (TicketState.CLOSED.value, TicketState.MERGED.value)


def reinstate_reply(engine: Engine, outbox_id: int, person: Person, now: datetime) -> str:
    """Make a withdrawn reply a draft again (of unknown fate, where it was that); why not, or ``""``."""
    return commit(engine, lambda conn: _reinstate(conn, outbox_id, person, now))


def reinstatable(engine: Engine, outbox_ids: Collection[int]) -> set[int]:
    """Those of these replies that can be brought back."""
    if not outbox_ids:
        return set()
    with reading(engine) as conn:
        return {each for each in outbox_ids if not _against(conn, each)}


def _reinstate(conn: Connection, outbox_id: int, person: Person, now: datetime) -> str:
    o, k = t.outbox.c, t.ticket.c
    if why := _against(conn, outbox_id):
        return why
    doubted = _was(conn, outbox_id) == OutboxState.UNKNOWN
    fresh: dict[str, object] = {"hold_reason": "", "due_at": None}
    # Whoever let it go before has not let this go.
    fresh |= {} if doubted else {"approved_by": "", "by_person": False}
    if not move(conn, "doubt_again" if doubted else "reinstate", outbox_id, person.name, now, values=fresh):
        return NOT_WITHDRAWN
    mine = select(o.ticket_id).where(o.id == outbox_id).scalar_subquery()
    waiting = update(t.ticket).where(k.id == mine, k.state == TicketState.WITH_CUSTOMER.value)
    conn.execute(waiting.values(state=TicketState.OPEN.value))
    conn.execute(update(t.ticket).where(k.id == mine).values(changed_at=now))
    return ""


def _against(conn: Connection, outbox_id: int) -> str:
    o, k = t.outbox.c, t.ticket.c
    query = select(o.state, o.hold_reason, o.to_addr, o.item_id, o.kind, o.issue, k.state.label("ticket"))
    row = conn.execute(query.join(t.ticket, k.id == o.ticket_id).where(o.id == outbox_id)).first()
    # What was erased has no words to bring back; what a colleague's own answer took out is answered.
    if row is None or row.state != OutboxState.CANCELLED.value or not row.to_addr or _was(conn, outbox_id) is None:
        return NOT_WITHDRAWN
    if row.hold_reason == OBSERVE:
        return OBSERVED
    if row.ticket in ENDED:
        return NOT_OPEN
    same = (o.item_id == row.item_id, o.kind == row.kind, o.issue > row.issue, o.state != OutboxState.CANCELLED.value)
    later = row.item_id is not None and conn.execute(select(o.id).where(*same).limit(1)).first() is not None
    return REPLACED if later else ""


def _was(conn: Connection, outbox_id: int) -> OutboxState | None:
    """What it was when a person withdrew it; None where it was taken out otherwise."""
    o, e = t.outbox.c, t.event.c
    reply = conn.execute(select(o.ticket_id, o.attempted_at).where(o.id == outbox_id)).one()
    # Events are found by their ticket.
    query = select(e.kind, e.data).where(of_ticket(conn, reply.ticket_id), e.outbox_id == outbox_id)
    query = query.where(e.kind.startswith("outbox."))
    last = conn.execute(query.order_by(e.id.desc()).limit(1)).first()
    if last is None or last.kind != CANCEL:
        return None
    was = json.loads(last.data or "{}").get("was")
    if was is not None:
        return OutboxState(was)
    # Withdrawn before that was written down: what a server may have got is in doubt.
    return OutboxState.UNKNOWN if reply.attempted_at else OutboxState.DRAFT
