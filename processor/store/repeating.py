"""A notice that only repeated another gets an action of its own when the other's falls: it was meant as one."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from processor.store import tables as t
from processor.store.columns import canonical
from processor.store.events import Happening, write_event
from processor.ticket import ActionState, TicketState


def revive_repeats(conn: Connection, action_id: int, actor: str, now: datetime) -> None:
    """Queue what a fallen action stood for under the newest item that says the same and had none, if there is one.

    Several mails said the same and made one action; that a person found one of them wrong says nothing about
    the others, which nobody would look at otherwise.
    """
    a, i = t.action.c, t.item.c
    fallen = conn.execute(select(t.action).where(a.id == action_id)).one()
    own = conn.execute(select(i.how, i.continues).where(i.id == fallen.item_id)).one()
    first = own.continues if own.how == "repeats" else fallen.item_id
    had_one = select(a.id).where(a.item_id == i.id, a.kind == fallen.kind)
    repeats = select(i.id, i.ticket_id).where(i.how == "repeats", i.continues == first, ~had_one.exists())
    newest = conn.execute(repeats.order_by(i.id.desc()).limit(1)).first()
    if newest is None:
        return
    values = {
        "ticket_id": newest.ticket_id,
        "item_id": newest.id,
        "kind": fallen.kind,
        "needs": fallen.needs,
        "state": ActionState.WAITING.value,
        "due": fallen.due,
        "facts": canonical({**json.loads(fallen.facts), "instead_of": f"a{action_id}"}),
        "changed_at": now,
    }
    revived = conn.execute(insert(t.action).values(values).returning(a.id)).scalar_one()
    k = t.ticket.c
    conn.execute(update(t.ticket).where(k.id == newest.ticket_id).values(state=TicketState.OPEN.value, changed_at=now))
    data = {"instead_of": action_id}
    write_event(conn, Happening("action.revived", actor, now, ticket_id=newest.ticket_id, action_id=revived, data=data))
