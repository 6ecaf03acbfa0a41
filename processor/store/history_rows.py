"""The rows of a batch of history: mails with their bytes, letters, items, places, and what is told of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, update

from processor.store import tables as t
from processor.store.arrivals import Arrival, insert_arrivals, kept_event, proof_of
from processor.store.events import Happening, write_events
from processor.store.history_tables import HISTORY, IMPORTED
from processor.store.history_threads import PastMail
from processor.store.inserting import insert_for_ids
from processor.store.keep_stream import TOO_LARGE
from processor.store.sealed import Raw, insert_raws
from processor.ticket import MailState

ACTOR = "import"
MAIL_IMPORTED = "mail.imported"


@dataclass(frozen=True, slots=True)
class Landed:
    """A mail and where it landed; ``again``: its letter is here already."""

    mail: PastMail
    digest: str
    mail_id: int
    ticket_id: int
    again: bool


def past_mail_row(digest: str, mail: PastMail, ticket_id: int, again: bool, now: datetime) -> dict[str, object]:
    """A decided row of the mail table."""
    return {
        "digest": digest,
        "size": mail.size,
        "state": MailState.DECIDED.value,
        "account": mail.account,
        "folder": mail.folder,
        "purpose": mail.purpose,
        "junk": False,
        "arrived_at": mail.arrived_at,
        "kept_at": now,
        "decided_at": now,
        "message_id": mail.message_id,
        "ticket_id": ticket_id,
        "outcome": "ignore" if mail.automatic else HISTORY,
        "duplicate": again,
        "own": mail.own,
    }


def insert_past_mails(
    conn: Connection, fresh: Sequence[tuple[str, PastMail]], rows: Sequence[Mapping[str, object]]
) -> list[int]:
    """The ids of the mails; one that was kept in parts has its row already, which is filled in."""
    whole = [(mail, row) for (_, mail), row in zip(fresh, rows, strict=True) if mail.kept_as is None]
    ids: list[int] = []
    if whole:
        ids = insert_for_ids(conn, t.mail, [row for _, row in whole])
        raws = [
            Raw(mail_id, str(row["digest"]), mail.raw or b"", True)
            for mail_id, (mail, row) in zip(ids, whole, strict=True)
        ]
        insert_raws(conn, raws)
    made = iter(ids)
    found = []
    for (_, mail), row in zip(fresh, rows, strict=True):
        if mail.kept_as is None:
            found.append(next(made))
            continue
        values = {name: value for name, value in row.items() if name not in ("digest", "size", "kept_at")}
        aside = (t.mail.c.id == mail.kept_as, t.mail.c.state == MailState.SET_ASIDE.value)
        conn.execute(update(t.mail).where(*aside, t.mail.c.reason == TOO_LARGE).values({**values, "reason": ""}))
        # Nothing is owed to the server, which shows it.
        owed = update(t.arrival).where(t.arrival.c.mail_id == mail.kept_as, t.arrival.c.done.is_(False))
        conn.execute(owed.values(done=True, done_at=row["decided_at"]))
        found.append(mail.kept_as)
    return found


def insert_past_letters(conn: Connection, landed: Sequence[tuple[str, Landed]]) -> None:
    """Write the keys by which equal letters are known."""
    rows = [{"digest": letter, "ticket_id": each.ticket_id, "mail_id": each.mail_id} for letter, each in landed]
    if rows:
        conn.execute(insert(t.letter), rows)


def insert_past_items(conn: Connection, landed: Sequence[Landed]) -> None:
    """Write what the mails were about; nothing is to be done."""
    rows = [
        {
            "ticket_id": each.ticket_id,
            "mail_id": each.mail_id,
            "type": item.type,
            "org_no": item.org_no,
            "customer_no": item.customer_no,
            "confidence": item.confidence,
            "evidence": item.evidence,
            "known": item.known,
            "arrived_at": each.mail.arrived_at,
            "how": IMPORTED,
        }
        for each in landed
        if not each.again
        for item in each.mail.items
    ]
    if rows:
        conn.execute(insert(t.item), rows)


def insert_past_places(conn: Connection, landed: Sequence[Landed], now: datetime) -> None:
    """Where a server showed them: nothing is owed to it, since history is left as it lies there."""
    rows = [
        (_arrival(each.mail), each.mail_id, 0)
        for each in landed
        if each.mail.place is not None and each.mail.kept_as is None
    ]
    insert_arrivals(conn, rows, now, done=True)


def _arrival(mail: PastMail) -> Arrival:
    uidvalidity, uid = mail.place or (0, 0)
    return Arrival(mail.account, mail.folder, uidvalidity, uid, mail.shown_at, mail.size, mail.raw)


def tell_of(conn: Connection, key: bytes, landed: Sequence[Landed], now: datetime) -> None:
    """The events: when the bytes were here, and that the mail is history."""
    kept = []
    for each in landed:
        if each.mail.raw is not None:
            proof = proof_of(key, each.digest, hashlib.sha256(each.mail.raw).hexdigest())
            kept.append(kept_event(each.mail_id, each.digest, proof, _arrival(each.mail), now))
    told = [
        Happening(
            MAIL_IMPORTED,
            ACTOR,
            now,
            mail_id=each.mail_id,
            ticket_id=each.ticket_id,
            data={
                "from": each.mail.name,
                "arrival_from": each.mail.arrival_from,
                "own": each.mail.own,
                "again": each.again,
                "automatic": each.mail.automatic,
                "authenticity": each.mail.provenance,
            },
        )
        for each in landed
    ]
    write_events(conn, kept + told)
