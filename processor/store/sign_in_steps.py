"""What a browser is in the middle of: a code still to come, or an enrolment.

A row is known by the digest of a secret that the browser holds, lasts for minutes, and is taken away when it is used.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, insert, select

from processor.store import tables as t
from processor.store.accounts import digest
from processor.store.transaction import reading, writing

CODE, ENROL = "code", "enrol"
LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Step:
    """Whose it is, and what it must remember."""

    person_id: int | None
    data: Mapping[str, Any]


def begin_step(engine: Engine, kind: str, person_id: int | None, data: Mapping[str, object], now: datetime) -> str:
    """Begin a step and return its secret; those that are over are swept out."""
    secret, s = secrets.token_urlsafe(24), t.sign_in_step.c
    row = {"digest": digest(secret), "kind": kind, "person_id": person_id, "data": json.dumps(data)}
    with writing(engine) as conn:
        conn.execute(delete(t.sign_in_step).where(s.ends_at < now))
        conn.execute(insert(t.sign_in_step).values(**row, ends_at=now + LASTS))
    return secret


def step(engine: Engine, kind: str, secret: str, now: datetime) -> Step | None:
    """The step of a secret; None if it is of another kind, over, or was never begun."""
    s = t.sign_in_step.c
    query = select(s.person_id, s.data).where(s.digest == digest(secret), s.kind == kind, s.ends_at > now)
    with reading(engine) as conn:
        row = conn.execute(query).first()
    return Step(row.person_id, json.loads(row.data)) if row else None


def end_step(engine: Engine, secret: str) -> bool:
    """Take a step away; False if somebody was first."""
    with writing(engine) as conn:
        return bool(conn.execute(delete(t.sign_in_step).where(t.sign_in_step.c.digest == digest(secret))).rowcount)
