"""Staff's last word on each decision, read from what they did: named a mail, closed an action, changed a reply."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, select, text

from processor.store import tables as t
from processor.store.corrections import APPROVED, RETYPED
from processor.store.ticket_tables import JUDGING
from processor.ticket import ActionState, OutboxState

Said = Literal["confirmed", "changed", "rejected", "open"]
EDITED, CANCELLED = "outbox.edited", "outbox.cancel"
REJECTED = f"action.{ActionState.REJECTED.value}"
WITHDRAWN = "withdrawn"
"""Instead of ``rejected``: the customer took it back, and staff who agreed to that said nothing of the decision."""


class StaffSaid:
    """What people said of the mails that were decided from ``since`` until before ``until``; None for no bound."""

    def __init__(self, conn: Connection, since: datetime | None = None, until: datetime | None = None) -> None:
        self._conn = conn
        self._bounds = decided_within(since, until)
        self.retyped = dict(self._retyped())
        self.actions = self._actions()
        self.edited, self.cancelled = set(self._replies(EDITED)), self._withdrawn_replies()

    def of(self, row: t.AnyRow) -> Said:
        """The last word on an item's decision; a person's naming of the mail outweighs what was done with it.

        The row has ``id`` (the item's), ``mail_id``, ``type``, ``outbox_id`` and ``approved_by``.
        """
        if row.mail_id in self.retyped:
            return "confirmed" if row.type in self.retyped[row.mail_id] else "changed"
        states = self.actions.get(row.id, set())
        if ActionState.REJECTED.value in states or row.outbox_id in self.cancelled:
            return "rejected"
        if row.outbox_id in self.edited:
            return "changed"
        released = bool(row.approved_by)
        said = states - {WITHDRAWN}
        return "confirmed" if said <= APPROVED and (said or released) else "open"

    def _retyped(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        e, m = t.event.c, t.mail.c
        query = select(e.mail_id, e.data).join(t.mail, m.id == e.mail_id).where(*self._bounds)
        for row in self._conn.execute(_judging(query, RETYPED).order_by(e.id)):
            yield row.mail_id, tuple(json.loads(row.data)["types"])

    def _actions(self) -> dict[int, set[str]]:
        a, i, m = t.action.c, t.item.c, t.mail.c
        withdrawn = set(self._withdrawn())
        query = select(a.id, a.item_id, a.state)
        if self._bounds:
            query = query.join(t.item, i.id == a.item_id).join(t.mail, m.id == i.mail_id).where(*self._bounds)
        found: dict[int, set[str]] = {}
        for row in self._conn.execute(query):
            state = WITHDRAWN if row.state == ActionState.REJECTED.value and row.id in withdrawn else row.state
            found.setdefault(row.item_id, set()).add(state)
        return found

    def _withdrawn(self) -> Iterator[int]:
        """The actions that ended since a withdrawal was done: the step that ended them names it."""
        e = t.event.c
        for row in self._conn.execute(_judging(select(e.action_id, e.data), REJECTED)):
            if "withdrawal" in json.loads(row.data):
                yield row.action_id

    def _withdrawn_replies(self) -> set[int]:
        """Those that staff withdrew and did not bring back."""
        found = set(self._replies(CANCELLED))
        cancelled = select(t.outbox.c.id).where(
            t.outbox.c.id.in_(found), t.outbox.c.state == OutboxState.CANCELLED.value
        )
        return set(self._conn.execute(cancelled).scalars()) if found else found

    def _replies(self, kind: str) -> list[int]:
        e, o, m = t.event.c, t.outbox.c, t.mail.c
        query = _judging(select(e.outbox_id), kind).where(e.outbox_id.is_not(None))
        if self._bounds:
            query = query.join(t.outbox, o.id == e.outbox_id).join(t.mail, m.id == o.mail_id).where(*self._bounds)
        return list(self._conn.execute(query).scalars())


def decided_within(since: datetime | None, until: datetime | None) -> tuple[ColumnElement[bool], ...]:
    """The mails decided from ``since`` until before ``until``."""
    m = t.mail.c
    bounds = (m.decided_at >= since if since else None, m.decided_at < until if until else None)
    return tuple(each for each in bounds if each is not None)


def _judging(query: Select[Any], kind: str) -> Select[Any]:
    """The events of a kind by the index of those that judge, which SQLite takes only for these very words."""
    return query.where(text(f"event.{JUDGING}"), t.event.c.kind == kind)
