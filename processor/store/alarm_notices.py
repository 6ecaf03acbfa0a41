"""Notices of alarms: one row for each way, tried with growing gaps until it is taken or old.

A newer notice of the same alarm takes the place of one that still waits for the same way: who hears of it late hears
how it stands now.  After a crash between the telling and the mark a notice is told again; once too often is better
here than once too seldom.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Connection, Engine, delete, func, insert, or_, select, update

from processor.alarm import Alarm, Event, Kind
from processor.store import tables as t
from processor.store.columns import canonical
from processor.store.transaction import commit, reading

WAITING, SENT, REPLACED, GIVEN_UP = "waiting", "sent", "replaced", "given_up"
CLAIM = timedelta(minutes=5)
FIRST_GAP = timedelta(seconds=30)
LONGEST_GAP = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=1)
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Notice:
    """An alarm to be told by one way; ``id`` is the same at each try."""

    id: int
    alarm: Alarm
    event: Event
    way: str
    raised_at: datetime
    made_at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class WayMeasure:
    """What still waits for a way, the tries of the worst of it, and its last error; what was given up in a day."""

    way: str
    waiting: int
    tries: int
    error: str
    given_up: int


def put_notices(
    conn: Connection, alarm: Alarm, event: Event, raised_at: datetime, ways: Sequence[str], now: datetime
) -> None:
    """A notice for each way, within the caller's transaction."""
    n = t.alarm_notice.c
    same = n.kind == alarm.kind, n.subject == alarm.subject, n.state == WAITING
    conn.execute(update(t.alarm_notice).where(*same).values(state=REPLACED, ended_at=now))
    about = {"kind": alarm.kind, "subject": alarm.subject, "facts": canonical(dict(alarm.facts)), "event": event}
    times = {"raised_at": raised_at, "made_at": now, "due_at": now}
    rows = [{**about, **times, "way": way, "state": WAITING, "tries": 0, "error": ""} for way in ways]
    if rows:
        conn.execute(insert(t.alarm_notice), rows)


def claim_notices(engine: Engine, ways: Collection[str], now: datetime, limit: int = 10) -> list[Notice]:
    """Notices whose time has come, for nobody else to tell meanwhile; what waits since a day is given up."""
    n = t.alarm_notice.c
    free = n.state == WAITING, n.due_at <= now, or_(n.claimed_until.is_(None), n.claimed_until <= now)
    mine = select(n.id).where(*free, n.way.in_(sorted(ways))).order_by(n.id).limit(limit)
    with reading(engine) as conn:
        ids = list(conn.execute(mine).scalars())
        old = conn.execute(select(n.id).where(n.state == WAITING, n.made_at <= now - GIVE_UP_AFTER).limit(1)).first()
    if not ids and old is None:
        return []

    def claim(conn: Connection) -> list[Notice]:
        _give_up(conn, now)
        # The condition is asked again, so that of two daemons one gets a row.
        taken = update(t.alarm_notice).where(n.id.in_(ids), *free).values(claimed_until=now + CLAIM, tries=n.tries + 1)
        rows = conn.execute(taken.returning(t.alarm_notice)).all()
        return sorted((_notice(row) for row in rows), key=lambda each: each.id)

    return commit(engine, claim)


def notice_sent(engine: Engine, notice: Notice, now: datetime) -> None:
    """The way took it."""
    _mark(engine, notice, {"state": SENT, "ended_at": now, "error": ""})


def notice_failed(engine: Engine, notice: Notice, error: str, now: datetime) -> None:
    """The way did not take it: again after a gap that doubles, an hour at most."""
    gap = min(FIRST_GAP * 2 ** min(notice.tries - 1, 16), LONGEST_GAP)
    _mark(engine, notice, {"due_at": now + gap, "claimed_until": None, "error": error})


def forget_notices(engine: Engine, now: datetime) -> None:
    """Drop what was told, or not, a month ago."""
    n = t.alarm_notice.c
    old = n.state != WAITING, n.made_at < now - KEPT
    with reading(engine) as conn:
        if conn.execute(select(n.id).where(*old).limit(1)).first() is None:
            return
    commit(engine, lambda conn: conn.execute(delete(t.alarm_notice).where(*old)))


def way_measures(source: Engine | Connection, now: datetime) -> list[WayMeasure]:
    """How each way does, for those that something waits for, or that gave something up within a day."""
    n = t.alarm_notice.c
    waits, gave_up = n.state == WAITING, (n.state == GIVEN_UP) & (n.ended_at > now - GIVE_UP_AFTER)
    query = select(
        n.way, func.count().filter(waits), func.max(n.tries).filter(waits), func.max(n.error), func.count().filter(gave_up)
    )  # fmt: skip
    with reading(source) as conn:
        rows = conn.execute(query.where(or_(waits, gave_up)).group_by(n.way).order_by(n.way))
        return [WayMeasure(row[0], row[1], row[2] or 0, row[3] or "", row[4]) for row in rows]


def _give_up(conn: Connection, now: datetime) -> None:
    n = t.alarm_notice.c
    old = update(t.alarm_notice).where(n.state == WAITING, n.made_at <= now - GIVE_UP_AFTER)
    conn.execute(old.values(state=GIVEN_UP, ended_at=now))


def _mark(engine: Engine, notice: Notice, values: dict[str, object]) -> None:
    n = t.alarm_notice.c
    mine = n.id == notice.id, n.state == WAITING, n.tries == notice.tries
    commit(engine, lambda conn: conn.execute(update(t.alarm_notice).where(*mine).values(values)))


def _notice(row: t.AnyRow) -> Notice:
    alarm = Alarm(cast(Kind, row.kind), row.subject, json.loads(row.facts))
    return Notice(row.id, alarm, cast(Event, row.event), row.way, row.raised_at, row.made_at, row.tries)
