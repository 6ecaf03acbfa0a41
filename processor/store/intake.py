"""How far the taking in of a mailbox has come: a row that a status, on any machine, can read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select, update

from processor.store import tables as t
from processor.store.transaction import commit, reading

PREFIX = "intake/"


@dataclass(frozen=True, slots=True)
class Intake:
    """How many mails of an account the server had left for us at ``at``, aware UTC."""

    left: int
    at: datetime


def note_intake(engine: Engine, account: str, left: int, now: datetime) -> None:
    """So many mails are left on the server.  No event: it changes by the second."""
    commit(engine, lambda conn: _note(conn, PREFIX + account, json.dumps({"left": left, "at": now.isoformat()})))


def intakes(source: Engine | Connection) -> dict[str, Intake]:
    """The accounts of which more than one portion was ever to be taken in at once."""
    s = t.setting.c
    with reading(source) as conn:
        rows = conn.execute(select(s.name, s.value).where(s.name.startswith(PREFIX, autoescape=True))).all()
    return {row.name.removeprefix(PREFIX): _intake(row.value) for row in rows}


def _intake(value: str) -> Intake:
    data = json.loads(value)
    return Intake(data["left"], datetime.fromisoformat(data["at"]))


def _note(conn: Connection, name: str, value: str) -> None:
    if not conn.execute(update(t.setting).where(t.setting.c.name == name).values(value=value)).rowcount:
        conn.execute(insert(t.setting).values(name=name, value=value))
