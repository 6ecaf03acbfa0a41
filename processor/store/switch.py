"""The stop switch: one row that ends every automatic answer at once, whoever turns it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert

from processor.store import tables as t
from processor.store.settings import STOPPED, put_setting, setting
from processor.store.transaction import commit, reading

BREAKER = "breaker"
BREAKER_SINCE = "breaker_open_since"


def stop_answers(engine: Engine, actor: str, now: datetime) -> bool:
    """Stop every automatic reply; False if they were stopped already.  What staff approved still goes out."""
    return commit(engine, lambda conn: turn(conn, True, actor, now))


def resume_answers(engine: Engine, actor: str, now: datetime) -> bool:
    """Let automatic replies go out again; those held meanwhile wait for a person.  False if none were stopped."""
    return commit(engine, lambda conn: turn(conn, False, actor, now))


def stopped(source: Engine | Connection) -> bool:
    """Whether automatic replies are stopped."""
    return setting(source, STOPPED) == "1"


def breaker_open_since(source: Engine | Connection) -> datetime | None:
    """Since when the breaker, and no person, has stopped the answers; None where it has not."""
    with reading(source) as conn:
        found = setting(conn, BREAKER_SINCE)
        return datetime.fromisoformat(found) if found and stopped(conn) else None


def turn(conn: Connection, stop: bool, actor: str, now: datetime) -> bool:
    """Turn the switch within the caller's transaction; False if it stood so already."""
    if stopped(conn) == stop:
        return False
    put_setting(conn, STOPPED, "1" if stop else "0", actor, now)
    # Who turned it stands in the event just written; this spares a search of the whole audit for it.
    conn.execute(delete(t.setting).where(t.setting.c.name == BREAKER_SINCE))
    if stop and actor == BREAKER:
        conn.execute(insert(t.setting).values(name=BREAKER_SINCE, value=now.isoformat()))
    return True
