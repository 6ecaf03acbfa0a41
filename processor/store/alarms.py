"""Alarms as rows: what was seen becomes raised, repeated and cleared once, whichever of several daemons saw it first."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, Engine, insert, select, update

from processor.alarm import Alarm, Episode, Event, Kind, Pace, after_look
from processor.store import tables as t
from processor.store.alarm_notices import put_notices
from processor.store.columns import canonical
from processor.store.transaction import OvertakenError, commit, reading

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm that was raised, is still there after a while, or is over."""

    alarm: Alarm
    event: Event
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """An alarm with its last episode."""

    alarm: Alarm
    episode: Episode


def take_look(
    engine: Engine,
    found: Sequence[Alarm],
    now: datetime,
    pace: Pace,
    ways: Sequence[str],
    not_yet: Collection[str] = (),
) -> list[Change]:
    """Compare what was found with what is known, in one transaction; each change gets a notice for each way.

    What several daemons see at the same moment is changed by one of them: the others find it so.  Alarms of the kinds
    in ``not_yet`` are not raised now, but one that is raised stays so.
    """
    return commit(engine, lambda conn: _take_look(conn, found, now, pace, ways, not_yet))


def open_alarms(source: Engine | Connection) -> list[Known]:
    """The alarms that are raised, the oldest first."""
    return [each for each in known_alarms(source) if each.episode.cleared_at is None]


def known_alarms(source: Engine | Connection) -> list[Known]:
    """Every alarm that was ever raised, with its last episode, by time of raising."""
    with reading(source) as conn:
        found = [_known(row) for row in conn.execute(select(t.alarm))]
    return sorted(found, key=lambda each: (each.episode.raised_at, each.alarm.kind, each.alarm.subject))


def _take_look(
    conn: Connection,
    found: Sequence[Alarm],
    now: datetime,
    pace: Pace,
    ways: Sequence[str],
    not_yet: Collection[str],
) -> list[Change]:
    rows: Mapping[Key, t.AnyRow] = {(row.kind, row.subject): row for row in conn.execute(select(t.alarm))}
    raised = {key for key, row in rows.items() if row.cleared_at is None}
    there = [each for each in found if (each.kind, each.subject) in raised or each.kind not in not_yet]
    seen: Mapping[Key, Alarm] = {(each.kind, each.subject): each for each in there}
    changes = []
    for key in sorted(rows.keys() | seen.keys()):
        row = rows.get(key)
        before = _known(row) if row is not None else None
        episode, event = after_look(before.episode if before else None, key in seen, now, pace)
        alarm = seen.get(key) or (before.alarm if before else None)
        if episode is None or alarm is None:
            continue
        if before is None or (episode, alarm) != (before.episode, before.alarm):
            _put(conn, alarm, episode, row.version if row is not None else None)
        if event:
            changes.append(Change(alarm, event, episode.raised_at))
    for change in changes:
        put_notices(conn, change.alarm, change.event, change.raised_at, ways, now)
    return changes


def _put(conn: Connection, alarm: Alarm, episode: Episode, version: int | None) -> None:
    values = {
        "facts": canonical(dict(alarm.facts)),
        "raised_at": episode.raised_at,
        "told_at": episode.told_at,
        "away_since": episode.away_since,
        "cleared_at": episode.cleared_at,
        "flaps": episode.flaps,
    }
    if version is None:
        conn.execute(insert(t.alarm).values(kind=alarm.kind, subject=alarm.subject, version=1, **values))
        return
    a = t.alarm.c
    mine = a.kind == alarm.kind, a.subject == alarm.subject, a.version == version
    if not conn.execute(update(t.alarm).where(*mine).values(version=version + 1, **values)).rowcount:
        raise OvertakenError(alarm.kind)


def _known(row: t.AnyRow) -> Known:
    alarm = Alarm(cast(Kind, row.kind), row.subject, json.loads(row.facts))
    return Known(alarm, Episode(row.raised_at, row.told_at, row.away_since, row.cleared_at, row.flaps))
