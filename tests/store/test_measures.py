"""What is counted of a store: that which is under way by state, that which is over from the audit trail."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine, insert, update

from processor.store import tables as t
from processor.store.intake import note_intake
from processor.store.measures import measure, note_backup
from processor.store.tally import Tally, Totals
from processor.store.transaction import reading, writing
from processor.store.watermarks import first_start
from processor.store.work import set_aside
from tests.store.made import LATER, NOW, decision, kept, recorded


def totals(engine: Engine, tally: Tally) -> Totals:
    with reading(engine) as conn:
        return tally.totals(conn, NOW + timedelta(hours=1))


def test_an_empty_store_has_each_open_state_with_nothing_in_it(engine: Engine) -> None:
    found = measure(engine, NOW)
    assert found.schema_current
    assert (found.oldest_mail, found.oldest_reply, found.backup_at) == (None, None, None)
    assert found.mails == {"kept": 0, "set_aside": 0}
    assert found.replies["unknown"] == 0
    assert "sent" not in found.replies


def test_what_is_under_way_is_counted_by_state_and_type(engine: Engine) -> None:
    first_start(engine, "support", NOW)
    recorded(engine, 1)
    kept(engine, 2, 3)
    set_aside(engine, 3, "why", NOW)
    found = measure(engine, LATER)
    assert found.mails == {"kept": 1, "set_aside": 1}
    assert found.oldest_mail == NOW
    assert found.actions == {("waiting", "termination"): 1}
    assert found.overdue == 0
    assert (found.tickets["open"], found.replies["ready"], found.oldest_reply) == (1, 1, NOW)
    assert measure(engine, NOW + timedelta(days=2)).overdue == 1


def test_mail_from_before_the_first_start_is_not_what_somebody_waits_for(engine: Engine) -> None:
    first_start(engine, "support", LATER)
    kept(engine, 1)
    assert measure(engine, LATER).oldest_mail is None


def test_a_mailbox_is_told_with_what_is_left_of_a_long_taking_in(engine: Engine) -> None:
    first_start(engine, "support", NOW)
    note_intake(engine, "support", 120, LATER)
    note_intake(engine, "support", 70, LATER)
    (box,) = measure(engine, LATER).mailboxes
    assert box.intake
    assert (box.read_at, box.intake.left, box.heard_at) == (None, 70, LATER)


def test_the_last_backup_is_told(engine: Engine) -> None:
    for when in (NOW, LATER):
        note_backup(engine, Path("/backup"), "Kari", when)
    assert measure(engine, LATER).backup_at == LATER


def test_decisions_are_counted_by_rule_and_times_from_arrival(engine: Engine) -> None:
    first_start(engine, "support", NOW)
    recorded(engine, 1, now=NOW + timedelta(seconds=3))
    recorded(engine, 2, decision(None), now=NOW + timedelta(hours=2))
    found = totals(engine, Tally())
    assert found.rules == {"termination/notice": 2}
    assert (found.events["mail.kept"], found.events["mail.decided"]) == (2, 2)
    assert found.decided.count == 2
    assert round(found.decided.seconds) == 7203
    # 1 within 5 s, both within 4 h.
    assert found.decided.within == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2, 2]


def test_answers_are_timed_apart_by_who_stands_behind_them(engine: Engine) -> None:
    first_start(engine, "support", NOW)
    for number, alone in ((1, True), (2, False)):
        recorded(engine, number)
        with writing(engine) as conn:
            conn.execute(update(t.outbox).where(t.outbox.c.id == number).values(automatic=alone))
            row = {"at": NOW + timedelta(seconds=20 * number), "kind": "outbox.sent", "actor": "courier"}
            conn.execute(insert(t.event).values(**row, outbox_id=number))
    found = totals(engine, Tally())
    assert (found.answered[True].count, round(found.answered[True].seconds)) == (1, 20)
    assert (found.answered[False].count, round(found.answered[False].seconds)) == (1, 40)


def test_mail_from_before_the_first_start_counts_for_no_time(engine: Engine) -> None:
    first_start(engine, "support", LATER)
    recorded(engine, 1)
    found = totals(engine, Tally())
    assert (found.events["mail.decided"], found.decided.count) == (1, 0)


def test_what_is_counted_bit_by_bit_is_what_is_counted_at_once(engine: Engine) -> None:
    first_start(engine, "support", NOW)
    tally = Tally()
    for number in range(1, 5):
        recorded(engine, number)
        totals(engine, tally)
    assert totals(engine, tally) == totals(engine, tally) == totals(engine, Tally())
    assert totals(engine, tally).events["mail.decided"] == 4


def test_on_postgresql_an_event_that_commits_late_is_counted(engine: Engine) -> None:
    """Its id is smaller than those that were counted already; on SQLite none can be."""
    if engine.dialect.name != "postgresql":
        return
    tally = Tally()
    event = {"at": NOW, "kind": "mail.kept", "actor": "keep"}
    with engine.connect() as late, late.begin():
        late.execute(insert(t.event).values(**event))
        with writing(engine) as conn:
            conn.execute(insert(t.event).values(**event))
        with reading(engine) as conn:
            assert tally.totals(conn, NOW).events["mail.kept"] == 1
    with reading(engine) as conn:
        assert tally.totals(conn, NOW).events["mail.kept"] == 2
