"""Reminders are told once each, and old automatic mail loses its bytes and never comes in again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from processor.store import tables as t
from processor.store.arrivals import Arrival
from processor.store.counts import counts, idle
from processor.store.due import due_actions
from processor.store.engine import open_store
from processor.store.keep import keep
from processor.store.retention import retain

NOW = datetime(2026, 8, 18, 8, 0, tzinfo=UTC)
SOON = timedelta(hours=2)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.dispose()


def ticket(engine: Engine, outcome: str, state: str = "open") -> None:
    values = {
        "number": "VS-1",
        "state": state,
        "sender": "a@b.no",
        "outcome": outcome,
        "opened_at": NOW,
        "changed_at": NOW,
    }
    with engine.begin() as conn:
        conn.execute(insert(t.ticket).values(subject="", language="nb", company="", provenance="", version=1, **values))


def action(engine: Engine, due: datetime) -> None:
    with engine.begin() as conn:
        conn.execute(insert(t.mail).values(digest="d", size=1, state="decided", reason="", account="a", folder="f", purpose="",
                                           junk=False, arrived_at=NOW, kept_at=NOW, duplicate=False, tries=0))  # fmt: skip
        conn.execute(insert(t.item).values(ticket_id=1, mail_id=1, type="termination", org_no="", rule="", template="",
                                           confidence=1.0, risk=0, evidence="{}"))  # fmt: skip
        conn.execute(insert(t.action).values(ticket_id=1, item_id=1, kind="register_termination", needs="staff",
                                             state="waiting", due=due, facts="{}", version=1, reason="", changed_by="",
                                             changed_at=NOW))  # fmt: skip


def test_an_action_is_reminded_of_once_before_and_once_after_its_due_time(engine: Engine) -> None:
    ticket(engine, "answer")
    action(engine, NOW + timedelta(hours=3))
    assert due_actions(engine, NOW, SOON) == []
    (soon,) = due_actions(engine, NOW + timedelta(hours=2), SOON)
    assert (soon.ticket_no, soon.kind, soon.overdue) == ("VS-1", "register_termination", False)
    assert due_actions(engine, NOW + timedelta(hours=2, minutes=30), SOON) == []
    (late,) = due_actions(engine, NOW + timedelta(hours=4), SOON)
    assert late.overdue
    assert due_actions(engine, NOW + timedelta(days=4), SOON) == []


@pytest.mark.parametrize(("outcome", "erased"), [("ignore", 1), ("review", 0)])
def test_old_automatic_mail_loses_its_bytes_and_never_comes_in_again(engine: Engine, outcome: str, erased: int) -> None:
    arrival = Arrival("a", "INBOX", 1, 1, NOW, 5, b"mail\n")
    keep(engine, [arrival], NOW)
    ticket(engine, outcome, "closed")
    with engine.begin() as conn:
        conn.execute(t.mail.update().values(state="decided", ticket_id=1))
    assert retain(engine, NOW + timedelta(days=30)) == []
    assert len(retain(engine, NOW + timedelta(days=31))) == erased
    again = Arrival("a", "INBOX", 2, 9, NOW, 5, b"mail\n")
    assert [each.new for each in keep(engine, [again], NOW)] == [False]


def test_it_counts_by_state_and_knows_when_nothing_is_left(engine: Engine) -> None:
    assert idle(engine)
    keep(engine, [Arrival("a", "INBOX", 1, 1, NOW, 5, b"mail\n")], NOW)
    assert not idle(engine)
    assert counts(engine) == {"mails": {"kept": 1}, "tickets": {}, "actions": {}, "replies": {}}
