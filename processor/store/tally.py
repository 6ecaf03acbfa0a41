"""What has happened since the beginning, counted from the audit trail: the same for every daemon of a store.

The trail only grows, so what was counted once is not read again.  On PostgreSQL ids are given before a transaction
commits, and a smaller one may come later: so the last SETTLED_AFTER of the trail is counted anew each time there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    cast,
    extract,
    func,
    or_,
    select,
    type_coerce,
)

from processor.store import tables as t
from processor.store.rules_seen import DECIDED

SETTLED_AFTER = timedelta(minutes=2)
FOREVER = datetime.max.replace(tzinfo=UTC)
SENT = "outbox.sent"
BOUNDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
"""Seconds; INTERNALDATE is in whole seconds, so the smallest say less than they seem to."""


@dataclass
class Histogram:
    """How many took at most each of BOUNDS, how many there were, and their seconds together."""

    within: list[int] = field(default_factory=lambda: [0] * len(BOUNDS))
    count: int = 0
    seconds: float = 0.0

    def plus(self, other: Histogram) -> Histogram:
        """Both together."""
        within = [one + two for one, two in zip(self.within, other.within, strict=True)]
        return Histogram(within, self.count + other.count, self.seconds + other.seconds)


@dataclass
class Totals:
    """Events by kind, decisions by rule, and the times from arrival to decided and to an answer taken by the server.

    ``answered`` has the replies that the program sent by itself under True, those with a person behind them
    under False.  Mail from before its mailbox's first start counts for no time.
    """

    events: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    decided: Histogram = field(default_factory=Histogram)
    answered: dict[bool, Histogram] = field(default_factory=lambda: {True: Histogram(), False: Histogram()})

    def plus(self, other: Totals) -> Totals:
        """Both together."""
        answered = {alone: found.plus(other.answered[alone]) for alone, found in self.answered.items()}
        return Totals(self.events + other.events, self.rules + other.rules, self.decided.plus(other.decided), answered)


class Tally:
    """The trail as far as it was counted; one thread at a time uses it."""

    def __init__(self) -> None:
        self._up_to = 0
        self._counted = Totals()

    def totals(self, conn: Connection, now: datetime) -> Totals:
        """All that has happened; the first time reads the whole trail, later ones what is new."""
        e = t.event.c
        # On SQLite one transaction writes at a time.
        since = now - SETTLED_AFTER if conn.dialect.name == "postgresql" else FOREVER
        settled = select(e.id).where(e.id > self._up_to, e.at < since).order_by(e.id.desc()).limit(1)
        edge = conn.execute(settled).scalar()
        if edge is not None:
            self._counted = self._counted.plus(_count(conn, and_(e.id > self._up_to, e.id <= edge)))
            self._up_to = edge
        return self._counted.plus(_count(conn, e.id > self._up_to))


def _count(conn: Connection, part: ColumnElement[bool]) -> Totals:
    e, m = t.event.c, t.mail.c
    kinds = conn.execute(select(e.kind, func.count()).where(part).group_by(e.kind))
    # SQLite reads the text as JSON where it stands; a cast there would make a number of it.
    data = cast(e.data, JSON) if conn.dialect.name == "postgresql" else type_coerce(e.data, JSON)
    rule = data["rule"].as_string()
    rules = conn.execute(select(rule, func.count()).where(part, e.kind == DECIDED).group_by(rule))
    decided = _timed(select(*_times(conn)).join_from(t.event, t.mail, e.mail_id == m.id), part, DECIDED)
    o = t.outbox.c
    sent = select(o.automatic, *_times(conn)).join_from(t.event, t.outbox, e.outbox_id == o.id)
    sent = sent.join(t.mail, o.answers_mail_id == m.id)
    return Totals(
        Counter({row[0]: row[1] for row in kinds}),
        Counter({row[0] or "": row[1] for row in rules}),
        _histogram(conn.execute(decided).one()),
        {True: Histogram(), False: Histogram()}
        | {bool(row[0]): _histogram(row[1:]) for row in conn.execute(_timed(sent, part, SENT).group_by(o.automatic))},
    )


def _timed(query: Select[Any], part: ColumnElement[bool], kind: str) -> Select[Any]:
    box = t.mailbox.c
    query = query.outerjoin(t.mailbox, box.account == t.mail.c.account)
    return query.where(
        part, t.event.c.kind == kind, or_(box.answer_from.is_(None), t.mail.c.arrived_at >= box.answer_from)
    )


def _times(conn: Connection) -> list[ColumnElement[Any]]:
    """Columns for ``_histogram``: the count, the sum, and one a bound."""
    arrived, at = t.mail.c.arrived_at, t.event.c.at
    spent: ColumnElement[Any]
    if conn.dialect.name == "postgresql":
        spent = extract("epoch", at - arrived)
    else:
        spent = (func.julianday(at) - func.julianday(arrived)) * 86400.0
    # A server's clock may be ahead of ours.
    spent = case((spent < 0, 0.0), else_=spent)
    within = [func.coalesce(func.sum(case((spent <= bound, 1), else_=0)), 0) for bound in BOUNDS]
    return [func.count(), func.coalesce(func.sum(spent), 0.0), *within]


def _histogram(row: Sequence[Any]) -> Histogram:
    count, seconds, *within = row
    return Histogram([int(each) for each in within], int(count), float(seconds))
