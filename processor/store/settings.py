"""Switches and numbers that change while running; every change is an event."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from processor.store import tables as t
from processor.store.events import Happening, write_event
from processor.store.prepared import Query
from processor.store.transaction import commit, reading

STOPPED = "answers_stopped"
OUTBOX_CAP = "outbox_cap_per_hour"
DEFAULT_OUTBOX_CAP = 1000
# Built once: the switch is asked about for every few replies.
_VALUE = Query(select(t.setting.c.value).where(t.setting.c.name == bindparam("wanted")))


def setting(source: Engine | Connection, name: str, default: str = "") -> str:
    """The value of a setting, ``default`` if it was never set."""
    with reading(source) as conn:
        found = _VALUE.value(conn, {"wanted": name})
    return default if found is None else str(found)


def change_setting(engine: Engine, name: str, value: str, actor: str, now: datetime) -> None:
    """Set a setting, with an event that names who did it."""
    commit(engine, lambda conn: put_setting(conn, name, value, actor, now))


def put_setting(conn: Connection, name: str, value: str, actor: str, now: datetime) -> None:
    """As ``change_setting``, within the caller's transaction."""
    before = setting(conn, name)
    changed = conn.execute(update(t.setting).where(t.setting.c.name == name).values(value=value))
    if not changed.rowcount:
        conn.execute(insert(t.setting).values(name=name, value=value))
    write_event(conn, Happening("setting.changed", actor, now, data={"name": name, "from": before, "to": value}))
