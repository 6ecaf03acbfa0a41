"""What we kept of a folder, to be compared with what its server holds; and the last comparison, a row a folder."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from processor.store import tables as t
from processor.store.columns import canonical
from processor.store.events import Happening, write_event
from processor.store.transaction import commit, reading

RECONCILED = "mailbox.reconciled"


@dataclass(frozen=True, slots=True)
class Entry:
    """A mail as the ledger of arrivals has it; not ``whole`` when only its header could be had."""

    internaldate: datetime | None
    size: int
    mail_id: int
    done: bool
    whole: bool


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A complete comparison.  ``counts`` is by kind of difference, ``examples`` has the first UIDs of each.

    ``held`` is how many mails the server held, ``next_uid`` 0 where it does not tell; times are aware UTC.
    ``unseen`` are UIDs, with when that was noticed, that held nothing when we first looked.
    """

    account: str
    folder: str
    uidvalidity: int
    next_uid: int
    began_at: datetime
    swept_at: datetime
    held: int
    counts: Mapping[str, int]
    examples: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unseen: tuple[tuple[int, datetime], ...] = ()


def ledger(
    source: Engine | Connection, account: str, folder: str, uidvalidity: int, low: int, high: int
) -> dict[int, Entry]:
    """What we kept of the UIDs from ``low`` to ``high``, both included; of a reused one the newest mail."""
    a, r = t.arrival.c, t.raw_mail.c
    query = (
        select(a.uid, a.internaldate, a.size, a.mail_id, a.done, r.whole)
        .outerjoin_from(t.arrival, t.raw_mail, r.mail_id == a.mail_id)
        .where(a.account == account, a.folder == folder, a.uidvalidity == uidvalidity, a.uid.between(low, high))
        .order_by(a.uid, a.reuse)
    )
    with reading(source) as conn:
        return {
            row.uid: Entry(row.internaldate, row.size, row.mail_id, row.done, row.whole is not False)
            for row in conn.execute(query)
        }


def last_reconciliation(source: Engine | Connection, account: str, folder: str) -> Reconciliation | None:
    """The last complete comparison of a folder."""
    found = reconciliations(source, account)
    return next((each for each in found if each.folder == folder), None)


def reconciliations(source: Engine | Connection, account: str = "") -> list[Reconciliation]:
    """The last complete comparison of each folder, of one account or of all."""
    c = t.reconciliation.c
    query = select(t.reconciliation).order_by(c.account, c.folder)
    with reading(source) as conn:
        return [_restored(row) for row in conn.execute(query.where(c.account == account) if account else query)]


def note_reconciliation(engine: Engine, found: Reconciliation, telling: bool) -> None:
    """A folder was compared to its end; an event says so where ``telling`` that something was not as it should be."""
    commit(engine, lambda conn: _note(conn, found, telling))


def forget_unwatched(engine: Engine, account: str, watched: Collection[str]) -> None:
    """Drop the comparisons of folders that are watched no more: nobody will make them again."""
    c = t.reconciliation.c
    if {each.folder for each in reconciliations(engine, account)} - set(watched):
        gone = delete(t.reconciliation).where(c.account == account, c.folder.not_in(sorted(watched)))
        commit(engine, lambda conn: conn.execute(gone))


def _note(conn: Connection, found: Reconciliation, telling: bool) -> None:
    c = t.reconciliation.c
    here = {"account": found.account, "folder": found.folder}
    examples: dict[str, Any] = {kind: list(uids) for kind, uids in found.examples.items()}
    examples["unseen_at"] = [[uid, at.isoformat()] for uid, at in found.unseen]
    values = {
        "uidvalidity": found.uidvalidity,
        "next_uid": found.next_uid,
        "began_at": found.began_at,
        "swept_at": found.swept_at,
        "held": found.held,
        "counts": canonical(found.counts),
        "examples": canonical(examples),
    }
    row = c.account == found.account, c.folder == found.folder
    if not conn.execute(update(t.reconciliation).where(*row).values(values)).rowcount:
        conn.execute(insert(t.reconciliation).values({**here, **values}))
    if telling:
        data = {**here, "uidvalidity": found.uidvalidity, "counts": found.counts, "uids": found.examples}
        write_event(conn, Happening(RECONCILED, "reconcile", found.swept_at, data=data))


def _restored(row: t.AnyRow) -> Reconciliation:
    examples = json.loads(row.examples)
    unseen = tuple((uid, datetime.fromisoformat(at)) for uid, at in examples.pop("unseen_at", []))
    return Reconciliation(
        row.account, row.folder, row.uidvalidity, row.next_uid, row.began_at, row.swept_at, row.held,
        json.loads(row.counts), {kind: tuple(uids) for kind, uids in examples.items()}, unseen,
    )  # fmt: skip
