"""Which rules were in force when, and how much each version of a rule decided: events, read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from processor.store import tables as t
from processor.store.events import Happening, write_event
from processor.store.transaction import commit, reading

ACCEPTED = "rules.accepted"
DECIDED = "mail.decided"
ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Seen:
    """Rules as they were taken into use; ``rows`` has each rule's version, condition and reply."""

    at: datetime
    version: str
    model: str
    rows: Mapping[str, tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Used:
    """One version of a rule: when it decided its first and its last mail, and how many.

    ``version`` is ``""`` where rules were in force that were never noted; ``in_force`` since when it has
    stood so, None then.
    """

    rule: str
    version: str
    when: str
    reply: str
    in_force: datetime | None
    first: datetime | None
    last: datetime | None
    mails: int


def note_rules(
    engine: Engine, version: str, model: str, rows: Mapping[str, tuple[str, str, str]], actor: str, now: datetime
) -> bool:
    """Note the rules that are taken into use, unless they are those noted last; True if they are new."""
    return commit(engine, lambda conn: _note(conn, version, model, rows, actor, now))


def rules_seen(source: Engine | Connection) -> list[Seen]:
    """All rules that were in force, oldest first."""
    e = t.event.c
    with reading(source) as conn:
        found = conn.execute(select(e.at, e.data).where(e.kind == ACCEPTED).order_by(e.id))
        return [_seen(row.at, json.loads(row.data)) for row in found]


def rules_used(engine: Engine, since: datetime | None = None) -> list[Used]:
    """Each version of each rule in the order of the rules' names, oldest version first."""
    with reading(engine) as conn:
        seen = rules_seen(conn)
        used: dict[tuple[str, str], Used] = {}
        for each in seen:
            for rule, (version, when, reply) in each.rows.items():
                used.setdefault((rule, version), Used(rule, version, when, reply, each.at, None, None, 0))
        rows_of = {each.version: each.rows for each in seen}
        for at, rule, rules in _decisions(conn, since):
            version = rows_of.get(rules, {}).get(rule, ("", "", ""))[0]
            before = used.get((rule, version), Used(rule, version, "", "", None, None, None, 0))
            used[rule, version] = _counted(before, at)
    kept = [each for each in used.values() if each.mails or since is None]
    order = {key: number for number, key in enumerate(used)}
    return sorted(kept, key=lambda each: (each.rule, order[each.rule, each.version]))


def _counted(used: Used, at: datetime) -> Used:
    return replace(used, first=min(used.first or at, at), last=max(used.last or at, at), mails=used.mails + 1)


def _decisions(conn: Connection, since: datetime | None) -> Iterator[tuple[datetime, str, str]]:
    """Time, rule and version of the rules of each decision; a mail with several items counts for each rule once."""
    e, i = t.event.c, t.item.c
    query = select(e.id, e.at, e.data, i.rule).outerjoin_from(t.event, t.item, i.mail_id == e.mail_id)
    query = query.where(e.kind == DECIDED).order_by(e.id)
    if since is not None:
        query = query.where(e.at >= since)
    told: set[tuple[int, str]] = set()
    for row in conn.execution_options(yield_per=ROWS_AT_ONCE).execute(query):
        data = json.loads(row.data)
        told = {each for each in told if each[0] == row.id}
        for rule in dict.fromkeys((data["rule"], row.rule or "")):
            if rule and (row.id, rule) not in told:
                told.add((row.id, rule))
                yield row.at, rule, data["rules"]


def _note(
    conn: Connection,
    version: str,
    model: str,
    rows: Mapping[str, tuple[str, str, str]],
    actor: str,
    now: datetime,
) -> bool:
    e = t.event.c
    last = conn.execute(select(e.data).where(e.kind == ACCEPTED).order_by(e.id.desc()).limit(1)).scalar()
    if last and (found := json.loads(last))["version"] == version and found["model"] == model:
        return False
    data = {"version": version, "model": model, "rows": {name: list(each) for name, each in rows.items()}}
    write_event(conn, Happening(ACCEPTED, actor, now, data=data))
    return True


def _seen(at: datetime, data: Mapping[str, Any]) -> Seen:
    rows = {name: (version, when, reply) for name, (version, when, reply) in data["rows"].items()}
    return Seen(at, data["version"], data["model"], rows)
