"""What outside registers answered lately, so that they are not asked again about the same organisation.

The register's answers may name people (its roles), so they are forgotten when they are too old to be used.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, Engine, delete, insert, select

from processor.lookup import Company, Participant
from processor.store import tables as t
from processor.store.columns import canonical
from processor.store.restoring import restored
from processor.store.transaction import commit, reading

A = TypeVar("A", Company, Participant)


def known_answers(engine: Engine, kind: type[A], org_nos: Collection[str], source: str, since: datetime) -> list[A]:
    """Answers of a register (the host or zone ``source``) that were given since, about some of the numbers."""
    if not org_nos:
        return []
    c = t.lookup.c
    query = select(c.answer).where(c.kind == kind.__name__, c.org_no.in_(org_nos), c.asked_at > since)
    with reading(engine) as conn:
        found = [restored(kind, json.loads(text)) for text in conn.execute(query).scalars()]
    return [each for each in found if each.source == source]


def keep_answers(engine: Engine, answers: Sequence[Company | Participant]) -> None:
    """Keep answers instead of older ones about the same numbers; those without a time are not kept."""
    kept = [each for each in answers if each.asked_at is not None and each.state != "not_checked"]
    if kept:
        commit(engine, lambda conn: _keep(conn, kept))


def forget_answers(engine: Engine, before: datetime) -> int:
    """Drop answers that were given before a time; returns how many."""
    drop = delete(t.lookup).where(t.lookup.c.asked_at < before)
    return commit(engine, lambda conn: conn.execute(drop).rowcount)


def _keep(conn: Connection, answers: Sequence[Company | Participant]) -> None:
    c = t.lookup.c
    for each in answers:
        key = {"kind": type(each).__name__, "org_no": each.org_no}
        conn.execute(delete(t.lookup).where(c.kind == key["kind"], c.org_no == each.org_no))
        conn.execute(insert(t.lookup).values(**key, asked_at=each.asked_at, answer=canonical(each)))
