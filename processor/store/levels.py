"""How much each request type may do alone, as rows that are changed while running."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from processor.store import tables as t
from processor.store.events import Happening, write_event
from processor.store.prepared import Query
from processor.store.transaction import commit, reading
from processor.ticket import Level

ORDER = (Level.OBSERVE, Level.DRAFT, Level.APPROVE, Level.AUTOMATIC)
GENERAL = "general"
_LEVELS = Query(select(t.level))


@dataclass(frozen=True, slots=True)
class TypeLevel:
    """A request type's level; ``since`` is None while the configuration's first value stands.

    ``before`` is the level for mail that arrived earlier than ``since``: raising never answers it.
    """

    type: str
    level: Level
    before: Level
    since: datetime | None

    def __str__(self) -> str:
        return self.level.value

    def at(self, arrival: datetime) -> Level:
        """The level for a mail that arrived at ``arrival``."""
        if self.since is None or arrival >= self.since:
            return self.level
        return min(self.level, self.before, key=ORDER.index)


def level(source: Engine | Connection, type: str, default: Level = Level.OBSERVE) -> TypeLevel:
    """The level of one request type (``general`` is that of unknown mail)."""
    return levels(source, {type: default})[type]


def levels(source: Engine | Connection, defaults: Mapping[str, Level]) -> dict[str, TypeLevel]:
    """All levels that are set, and ``defaults`` for the other types."""
    found = {name: TypeLevel(name, first, first, None) for name, first in defaults.items()}
    with reading(source) as conn:
        for row in _LEVELS.rows(conn):
            found[row.type] = TypeLevel(row.type, Level(row.level), Level(row.before), row.since)
    return found


def set_level(
    engine: Engine, type: str, level: Level, actor: str, now: datetime, default: Level = Level.OBSERVE
) -> TypeLevel:
    """Set a type's level from ``now`` on, with an event; ``default`` is what stood before the first setting."""
    return commit(engine, lambda conn: _set_level(conn, type, level, actor, now, default))


def lowest(known: Mapping[str, TypeLevel], types: Iterable[str], arrival: datetime) -> Level:
    """The lowest level among a mail's items; that of ``general`` for a mail without any."""
    at_arrival = [_of(known, name).at(arrival) for name in types] or [_of(known, GENERAL).at(arrival)]
    return min(at_arrival, key=ORDER.index)


def _of(known: Mapping[str, TypeLevel], name: str) -> TypeLevel:
    return known.get(name) or known.get(GENERAL) or TypeLevel(name, Level.OBSERVE, Level.OBSERVE, None)


def _set_level(conn: Connection, type: str, level: Level, actor: str, now: datetime, default: Level) -> TypeLevel:
    old = levels(conn, {type: default})[type]
    if old.level == level:
        return old
    raised = ORDER.index(level) > ORDER.index(old.level)
    # Lowering holds for all mail at once, so what stood before no longer matters.
    new = TypeLevel(type, level, old.level if raised else level, now)
    values = {"level": new.level.value, "before": new.before.value, "since": now, "actor": actor}
    if not conn.execute(update(t.level).where(t.level.c.type == type).values(values)).rowcount:
        conn.execute(insert(t.level).values(type=type, **values))
    data = {"type": type, "from": old.level.value, "to": level.value}
    write_event(conn, Happening("level.changed", actor, now, data=data))
    return new
