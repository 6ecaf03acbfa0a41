"""Under which key the daemons that work on a store seal its mails, so that none is left without one.

Rows of settings, one a daemon, written at its start: what is wrapped under a new key can be read by no daemon that was
started before that key was named, and what such a one keeps would lie under the older one again.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, delete, insert, select

from processor.store import tables as t
from processor.store.leases import DAEMON, leases
from processor.store.sealed import keys_of
from processor.store.transaction import commit, reading

PREFIX = "mail_keys:"


def note_keys(engine: Engine, holder: str) -> None:
    """Write down under which key a daemon seals, and forget those that are gone.  On SQLite it holds the store alone."""
    living = _living(engine)
    commit(engine, lambda conn: _note(conn, holder, living))


def without_key(engine: Engine, name: str) -> list[str]:
    """The daemons at work that seal under another key, or none; on SQLite, where somebody holds the store now."""
    s = t.setting.c
    with reading(engine) as conn:
        rows = conn.execute(select(s.name, s.value).where(s.name.startswith(PREFIX, autoescape=True))).all()
    known = {row.name.removeprefix(PREFIX): row.value for row in rows}
    # A daemon without any key writes no row.
    working = _living(engine) or list(known) or ["the daemon"]
    return [holder for holder in working if known.get(holder) != name]


def _living(engine: Engine) -> list[str]:
    return sorted({each.holder for each in leases(engine) if each.alive and each.name.startswith(DAEMON)})


def _note(conn: Connection, holder: str, living: list[str]) -> None:
    s = t.setting.c
    kept = [PREFIX + each for each in living if each != holder]
    conn.execute(delete(t.setting).where(s.name.startswith(PREFIX, autoescape=True), s.name.not_in(kept)))
    keyring = keys_of(conn)
    if keyring:
        conn.execute(insert(t.setting).values(name=PREFIX + holder, value=keyring.current))
