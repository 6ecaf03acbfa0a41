"""The ledger of a folder, and the last comparison, on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine

from processor.store import tables as t
from processor.store.keep import keep
from processor.store.measures import measure
from processor.store.reconciliation import (
    Entry,
    Reconciliation,
    last_reconciliation,
    ledger,
    note_reconciliation,
    reconciliations,
)
from processor.store.watermarks import first_start
from tests.store.made import LATER, NOW, arrival, count

FOUND = Reconciliation(
    "support",
    "INBOX",
    4_000_000_000,
    12,
    NOW,
    LATER,
    9,
    {"vanished": 2, "unseen": 1},
    {"vanished": (3, 4)},
    ((7, NOW),),
)


def test_the_ledger_gives_the_newest_mail_of_each_uid(engine: Engine) -> None:
    other = arrival(2, b"another", internaldate=LATER)
    keep(engine, [arrival(1, b"one"), arrival(2, b"two"), arrival(3, None, size=5, header=b"Subject: x")], NOW)
    keep(engine, [other, arrival(9, b"nine"), arrival(1, b"elsewhere", folder="Junk")], NOW)
    assert ledger(engine, "support", "INBOX", 7, 1, 3) == {
        1: Entry(NOW, 3, 1, False, True),
        2: Entry(LATER, 7, 4, False, True),
        3: Entry(NOW, 5, 3, False, False),
    }
    assert ledger(engine, "support", "INBOX", 8, 1, 3) == {}
    assert set(ledger(engine, "support", "INBOX", 7, 4, 2**32 - 1)) == {9}


def test_a_folder_has_one_row_and_an_event_where_something_was_wrong(engine: Engine) -> None:
    later = replace(FOUND, swept_at=LATER + timedelta(hours=1), counts={"vanished": 2}, examples={}, unseen=())
    note_reconciliation(engine, FOUND, True)
    assert last_reconciliation(engine, "support", "INBOX") == FOUND
    note_reconciliation(engine, later, False)
    note_reconciliation(engine, replace(FOUND, folder="Junk"), False)
    assert reconciliations(engine, "support") == [later, replace(FOUND, folder="Junk")]
    assert reconciliations(engine, "annen") == []
    assert count(engine, t.event, t.event.c.kind == "mailbox.reconciled") == 1


def test_an_account_is_as_old_as_its_oldest_comparison(engine: Engine) -> None:
    first_start(engine, "support", NOW)
    note_reconciliation(engine, FOUND, False)
    note_reconciliation(engine, replace(FOUND, folder="Junk", swept_at=NOW), False)
    (box,) = measure(engine, LATER).mailboxes
    assert (box.reconciled_at, len(box.folders)) == (NOW, 2)
