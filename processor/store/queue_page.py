"""The queue by pages: what waits for a person in its order, a view of it, and how much is in each view.

Open actions come by due time, the riskier first among equals, then open tickets without one.  A page begins
behind a key, not at a number, so that the last page costs what the first does, and a row that leaves the queue
moves no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, case, exists, func, or_, select, text

from processor.store import tables as t
from processor.store.narrowing import Narrow
from processor.store.queue import UNSENT, WAITED_OUT, QueueRow, awake, columns, to_rows
from processor.store.ticket_tables import OPEN
from processor.store.transaction import reading
from processor.store.visible import Scope, within
from processor.ticket import TicketState

URGENT = timedelta(hours=24)
TERMINATIONS = ("termination", "termination_withdrawal")
CODES = ("otp_code", "otp_rights", "admin_access")
REVIEW = "review"


class View(StrEnum):
    """A saved view, in the order in which they stand."""

    ALL = "all"
    URGENT = "urgent"
    TERMINATIONS = "terminations"
    CODES = "codes"
    REVIEW = "review"
    UNSENT = "unsent"
    MINE = "mine"
    SNOOZED = "snoozed"


WITH_TICKETS = (View.ALL, View.REVIEW, View.MINE, View.SNOOZED)
"""The views that also show tickets without an open action."""
ALL = Narrow()


@dataclass(frozen=True, slots=True)
class Selection:
    """A view and what it is narrowed by.  As text, it is what links and forms of the desk call the view."""

    view: View = View.ALL
    narrow: Narrow = ALL

    def __str__(self) -> str:
        return f"{self.view}{self.narrow}"

    @classmethod
    def read(cls, text: str) -> Selection:
        """What ``str`` wrote; for an unknown view, all."""
        view, _, rest = text.partition("~")
        return cls(View(view) if view in tuple(View) else View.ALL, Narrow.read(rest))


@dataclass(frozen=True, slots=True)
class Key:
    """Behind which row a page begins: an action by due time, risk and id, or, without ``due``, a ticket by id."""

    due: datetime | None
    risk: int
    id: int

    def __str__(self) -> str:
        return f"{self.due.isoformat() if self.due else ''}_{self.risk}_{self.id}"

    @classmethod
    def read(cls, text: str) -> Key | None:
        """The key that ``str`` wrote; None for anything else."""
        due, _, rest = text.partition("_")
        risk, _, number = rest.partition("_")
        try:
            when = datetime.fromisoformat(due) if due else None
            return cls(when, int(risk), int(number)) if when is None or when.tzinfo else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of the queue; ``following`` is where the next page begins, None after the last."""

    rows: tuple[QueueRow, ...]
    following: Key | None


def key_of(row: QueueRow) -> Key:
    """The key behind which the row after this one comes."""
    return Key(row.due, row.risk, row.action_id) if row.action_id else Key(None, 0, row.ticket_id)


def page(
    engine: Engine,
    view: View,
    now: datetime,
    person_id: int = 0,
    after: Key | None = None,
    limit: int = 50,
    scope: Scope = None,
    narrow: Narrow = ALL,
) -> Page:
    """The next rows of a view; ``person_id`` is whose MINE is, ``scope`` the mailboxes whose tickets are shown."""
    with reading(engine) as conn:
        rows: list[t.AnyRow] = []
        if view != View.SNOOZED and (after is None or after.due is not None):
            rows += conn.execute(_actions(view, now, person_id, after, scope, narrow).limit(limit + 1)).all()
        if len(rows) <= limit and view in WITH_TICKETS and not narrow.due:
            last = after.id if after and after.due is None else 0
            rows += conn.execute(_tickets(view, person_id, last, scope, narrow).limit(limit + 1 - len(rows))).all()
        shown = to_rows(conn, rows[:limit])
    return Page(tuple(shown), key_of(shown[-1]) if len(rows) > limit else None)


def counts(engine: Engine, now: datetime, person_id: int = 0, scope: Scope = None) -> dict[View, int]:
    """How many rows each view has."""
    a, i, k, h = t.action.c, t.item.c, t.ticket.c, t.ticket_holder.c
    o = t.outbox.c

    def number(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    mine = exists().where(h.ticket_id == a.ticket_id, h.person_id == person_id)
    actions = (
        select(
            func.count().label("all"),
            number(a.due < now + URGENT).label("urgent"),
            number(i.type.in_(TERMINATIONS)).label("terminations"),
            number(i.type.in_(CODES)).label("codes"),
            number(k.outcome == REVIEW).label("review"),
            number(mine).label("mine"),
        )
        .select_from(t.action)
        .join(t.item, i.id == a.item_id)
        .join(t.ticket, k.id == a.ticket_id)
        .where(text(f"action.{OPEN}"), awake(), *within(scope, a.ticket_id))
    )
    held = exists().where(h.ticket_id == k.id, h.person_id == person_id)
    tickets = select(
        func.count().label("all"), number(k.outcome == REVIEW).label("review"), number(held).label("mine")
    ).where(k.state == TicketState.OPEN.value, _idle(), *within(scope, k.id))
    unsent = select(func.count()).where(o.state.in_([s.value for s in UNSENT]), o.hold_reason.not_in(WAITED_OUT))
    unsent = unsent.where(*within(scope, o.ticket_id))
    asleep = select(func.count()).where(k.state == TicketState.SNOOZED.value, *within(scope, k.id))
    with reading(engine) as conn:
        found = conn.execute(actions).one()._mapping
        more = conn.execute(tickets).one()._mapping
        numbers = {view: int(found.get(view.value, 0)) + int(more.get(view.value, 0)) for view in View}
        alone = {View.UNSENT: unsent, View.SNOOZED: asleep}
        return numbers | {view: int(conn.execute(query).scalar_one()) for view, query in alone.items()}


def _actions(
    view: View, now: datetime, person_id: int, after: Key | None, scope: Scope, narrow: Narrow
) -> Select[*tuple[object, ...]]:
    a, i, k = t.action.c, t.item.c, t.ticket.c
    query = (
        select(*columns())
        .select_from(t.action)
        .join(t.ticket, k.id == a.ticket_id)
        .join(t.item, i.id == a.item_id)
        # In its own words, or the index that keeps the queue in its order is not taken.
        .where(text(f"action.{OPEN}"), awake(), *_of_view(view, now, person_id), *within(scope, k.id))
        .where(*narrow.of_tickets(person_id), *narrow.of_actions(now))
    )
    if after is not None and after.due is not None:
        same = and_(a.due == after.due, or_(i.risk < after.risk, and_(i.risk == after.risk, a.id > after.id)))
        query = query.where(a.due >= after.due, or_(a.due > after.due, same))
    return query.order_by(a.due, i.risk.desc(), a.id)


def number_of(
    engine: Engine, selection: Selection, now: datetime, person_id: int = 0, scope: Scope = None, most: int = 1000
) -> int:
    """How many rows a selection has, at most ``most``, so that the count costs little."""
    view, narrow = selection.view, selection.narrow
    with reading(engine) as conn:

        def count(rows: Select[*tuple[object, ...]]) -> int:
            few = rows.with_only_columns(t.ticket.c.id).order_by(None).limit(most).subquery()
            return int(conn.execute(select(func.count()).select_from(few)).scalar_one())

        found = 0 if view == View.SNOOZED else count(_actions(view, now, person_id, None, scope, narrow))
        if view in WITH_TICKETS and not narrow.due and found < most:
            found += count(_tickets(view, person_id, 0, scope, narrow))
    return min(found, most)


def _of_view(view: View, now: datetime, person_id: int) -> list[ColumnElement[bool]]:
    a, i, k, h = t.action.c, t.item.c, t.ticket.c, t.ticket_holder.c
    conditions: dict[View, list[ColumnElement[bool]]] = {
        View.URGENT: [a.due < now + URGENT],
        View.TERMINATIONS: [i.type.in_(TERMINATIONS)],
        View.CODES: [i.type.in_(CODES)],
        View.REVIEW: [k.outcome == REVIEW],
        View.MINE: [k.id.in_(select(h.ticket_id).where(h.person_id == person_id))],
    }
    return conditions.get(view, [])


def _tickets(view: View, person_id: int, after: int, scope: Scope, narrow: Narrow) -> Select[*tuple[object, ...]]:
    """Open tickets without an open action, or those that sleep; each ticket's first item speaks for it."""
    i, k, h = t.item.c, t.ticket.c, t.ticket_holder.c
    first = select(func.min(i.id)).where(i.ticket_id == k.id).correlate(t.ticket).scalar_subquery()
    query = (
        select(*columns())
        .select_from(t.ticket)
        .outerjoin(t.item, i.id == first)
        .outerjoin(t.action, text("1 = 0"))
        .where(k.id > after, *within(scope, k.id), *narrow.of_tickets(person_id))
    )
    if view == View.SNOOZED:
        return query.where(k.state == TicketState.SNOOZED.value).order_by(k.id)
    query = query.where(k.state == TicketState.OPEN.value, _idle())
    if view == View.REVIEW:
        query = query.where(k.outcome == REVIEW)
    if view == View.MINE:
        query = query.where(k.id.in_(select(h.ticket_id).where(h.person_id == person_id)))
    return query.order_by(k.id)


def _idle() -> ColumnElement[bool]:
    a = t.action.alias("waiting")
    return ~exists().where(a.c.ticket_id == t.ticket.c.id, text(f"waiting.{OPEN}"))


def holders(source: Engine | Connection, ticket_ids: list[int]) -> dict[int, str]:
    """Who holds which of the tickets."""
    h = t.ticket_holder.c
    query = select(h.ticket_id, t.person.c.name).join(t.person, t.person.c.id == h.person_id)
    with reading(source) as conn:
        return {row.ticket_id: row.name for row in conn.execute(query.where(h.ticket_id.in_(ticket_ids)))}
