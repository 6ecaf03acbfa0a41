"""What servers fail with now, as rows: every daemon, the alarms and ``status`` see the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, Engine, delete, insert, select, update

from processor.store import tables as t
from processor.store.transaction import commit, reading

DELIVERY = "delivery"
TroubleKind = Literal["login", "setup", "unreachable"]
LONGEST = 300
STALE = timedelta(hours=1)
"""Nobody tried for so long: what fails now did not fail since then."""
ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A server's failing: since when without a success between, in aware UTC, and what it says, without addresses."""

    kind: str
    said: str
    since: datetime
    seen_at: datetime


def of_mailbox(account: str) -> str:
    """The name of a mailbox's trouble."""
    return f"mailbox/{account}"


def note_trouble(engine: Engine, name: str, kind: TroubleKind, said: str, now: datetime) -> None:
    """It failed now; the beginning stays while it goes on failing in the same way.

    One whose login was refused within ``STALE`` stays so while it cannot be reached.
    """
    commit(engine, lambda conn: _note(conn, name, kind, without_addresses(said), now))


def end_trouble(engine: Engine, name: str) -> None:
    """It worked; where there was no trouble, nothing is written."""
    with reading(engine) as conn:
        if conn.execute(select(t.trouble.c.name).where(t.trouble.c.name == name)).first() is None:
            return
    commit(engine, lambda conn: conn.execute(delete(t.trouble).where(t.trouble.c.name == name)))


def troubles(source: Engine | Connection) -> Mapping[str, Trouble]:
    """All troubles by name."""
    row = t.trouble.c
    with reading(source) as conn:
        query = select(row.name, row.kind, row.said, row.since, row.seen_at).order_by(row.name)
        return {each.name: Trouble(each.kind, each.said, each.since, each.seen_at) for each in conn.execute(query)}


def without_addresses(said: str) -> str:
    """What a server said, short and without mail addresses: it goes to places where no customer is to be named."""
    return ADDRESS.sub("…@…", " ".join(said.split()))[:LONGEST]


def _note(conn: Connection, name: str, kind: str, said: str, now: datetime) -> None:
    before = troubles(conn).get(name)
    if before is not None and (before.kind, kind) == ("login", "unreachable") and now - before.seen_at < STALE:
        # A server that does not answer for a moment has not taken the login: that trouble did not begin anew.
        return
    goes_on = before is not None and before.kind == kind and now - before.seen_at < STALE
    since = before.since if before and goes_on else now
    values = {"kind": kind, "said": said, "since": since, "seen_at": now}
    changed = conn.execute(update(t.trouble).where(t.trouble.c.name == name).values(values))
    if not changed.rowcount:
        conn.execute(insert(t.trouble).values(name=name, **values))
