"""Alarms, their notices and servers' troubles as rows: once each, whoever looks, and across restarts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, update

from processor.alarm import Alarm, Pace
from processor.store import tables as t
from processor.store.alarm_notices import (
    CLAIM,
    GIVE_UP_AFTER,
    KEPT,
    Notice,
    claim_notices,
    forget_notices,
    notice_failed,
    notice_sent,
    way_measures,
)
from processor.store.alarms import known_alarms, open_alarms, take_look
from processor.store.engine import open_store
from processor.store.people import add_person
from processor.store.switch import breaker_open_since, resume_answers, stop_answers, turn
from processor.store.transaction import commit
from processor.store.troubles import end_trouble, note_trouble, troubles
from processor.store.urgent import urgent_tickets
from processor.ticket import Account, Deadline
from tests.store.made import NOW, action, count, decision, recorded

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PACE = Pace(4 * HOUR, 10 * MINUTE)
DISK = Alarm("disk_full", facts={"free": "900000000"})
LOGIN = Alarm("login_failed", "support", {"since": NOW.isoformat(), "said": "no"})
WAYS = ["webhook 1", "mail vakt@example.com"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    """A store on SQLite, for what no database can change; ``engine`` is on PostgreSQL, too."""
    made = open_store(f"sqlite:///{tmp_path}/room/store.db")
    yield made
    made.dispose()


def look(engine: Engine, minutes: float, *found: Alarm) -> list[tuple[str, str]]:
    changes = take_look(engine, found, NOW + minutes * MINUTE, PACE, WAYS)
    return [(each.alarm.kind, each.event) for each in changes]


def claimed(engine: Engine, minutes: float, *ways: str) -> list[Notice]:
    return claim_notices(engine, ways or WAYS, NOW + minutes * MINUTE)


def test_it_is_raised_once_and_told_by_each_way(engine: Engine) -> None:
    assert look(engine, 0, DISK, LOGIN) == [("disk_full", "raised"), ("login_failed", "raised")]
    assert look(engine, 1, DISK, LOGIN) == []
    told = claimed(engine, 1)
    assert [(each.alarm, each.way) for each in told] == [(alarm, way) for alarm in (DISK, LOGIN) for way in WAYS]
    assert [each.alarm for each in open_alarms(engine)] == [DISK, LOGIN]


def test_a_restart_raises_nothing_again_and_repeats_at_its_time(store: Engine) -> None:
    look(store, 0, DISK)
    store.dispose()
    again = open_store(store.url.render_as_string())
    assert look(again, 1, DISK) == []
    assert look(again, 241, DISK) == [("disk_full", "repeated")]
    again.dispose()


def test_it_is_cleared_once_it_has_stayed_away(store: Engine) -> None:
    look(store, 0, DISK)
    assert look(store, 5) == []
    assert open_alarms(store)
    assert look(store, 15) == [("disk_full", "cleared")]
    assert open_alarms(store) == []
    (known,) = known_alarms(store)
    assert known.episode.cleared_at == NOW + 15 * MINUTE


def test_of_several_daemons_that_look_at_once_one_raises_it(engine: Engine) -> None:
    start = threading.Barrier(4)
    found: list[tuple[str, str]] = []

    def daemon() -> None:
        start.wait()
        found.extend(look(engine, 0, DISK))

    threads = [threading.Thread(target=daemon) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [("disk_full", "raised")]
    assert count(engine, t.alarm_notice) == len(WAYS)


def test_of_several_daemons_that_tell_at_once_one_tells_it(engine: Engine) -> None:
    look(engine, 0, DISK, LOGIN)
    start = threading.Barrier(4)
    told: list[int] = []

    def daemon() -> None:
        start.wait()
        told.extend(each.id for each in claimed(engine, 0))

    threads = [threading.Thread(target=daemon) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(told) == len(set(told)) == 4


def test_a_notice_is_tried_with_growing_gaps_until_it_is_taken(store: Engine) -> None:
    look(store, 0, DISK)
    waits, at = [], 0.0
    for _ in range(9):
        (notice,) = claimed(store, at, "webhook 1")
        notice_failed(store, notice, "says 500", NOW + at * MINUTE)
        begin = at
        while not claim_is_due(store, at):
            at += 0.5
        waits.append(at - begin)
    assert waits == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    (measure,) = [each for each in way_measures(store, NOW) if each.way == "webhook 1"]
    assert (measure.waiting, measure.tries, measure.error) == (1, 9, "says 500")
    (notice,) = claimed(store, at, "webhook 1")
    notice_sent(store, notice, NOW + at * MINUTE)
    assert [each.way for each in way_measures(store, NOW)] == WAYS[1:]


def claim_is_due(engine: Engine, minutes: float) -> bool:
    with engine.connect() as conn:
        n = t.alarm_notice.c
        rows = conn.execute(t.alarm_notice.select().where(n.way == "webhook 1", n.due_at <= NOW + minutes * MINUTE))
        return rows.first() is not None


def test_a_daemon_that_dies_while_telling_leaves_it_to_another(store: Engine) -> None:
    look(store, 0, DISK)
    assert len(claimed(store, 0)) == 2
    assert claimed(store, 4) == []
    assert len(claimed(store, CLAIM / MINUTE)) == 2


def test_a_newer_notice_takes_the_place_of_one_that_still_waits(store: Engine) -> None:
    look(store, 0, DISK)
    (webhook, _) = claimed(store, 0)
    look(store, 5)
    look(store, 15)
    # What was under way when it was replaced marks nothing.
    notice_failed(store, webhook, "says 500", NOW)
    told = claimed(store, 16)
    assert [(each.event, each.way) for each in told] == [("cleared", way) for way in WAYS]


def test_what_no_way_takes_is_given_up_after_a_day_and_dropped_after_a_month(store: Engine) -> None:
    look(store, 0, DISK)
    for notice in claimed(store, 0):
        notice_failed(store, notice, "says 500", NOW)
    late = NOW + GIVE_UP_AFTER
    assert claim_notices(store, WAYS, late) == []
    assert [(each.waiting, each.given_up) for each in way_measures(store, late)] == [(0, 1), (0, 1)]
    forget_notices(store, late)
    assert count(store, t.alarm_notice) == 2
    forget_notices(store, NOW + KEPT + MINUTE)
    assert count(store, t.alarm_notice) == 0


def test_a_way_that_this_machine_does_not_have_is_left_to_another(store: Engine) -> None:
    look(store, 0, DISK)
    assert [each.way for each in claimed(store, 0, "webhook 1", "command 1")] == ["webhook 1"]


def test_a_trouble_keeps_its_beginning_while_it_goes_on_in_the_same_way(store: Engine) -> None:
    note_trouble(store, "mailbox/a", "login", "no", NOW)
    note_trouble(store, "mailbox/a", "login", "still no", NOW + MINUTE)
    (found,) = troubles(store).values()
    assert (found.since, found.seen_at, found.said) == (NOW, NOW + MINUTE, "still no")
    note_trouble(store, "mailbox/a", "setup", "no folder", NOW + 2 * MINUTE)
    note_trouble(store, "mailbox/a", "unreachable", "gone", NOW + 3 * MINUTE)
    assert troubles(store)["mailbox/a"].since == NOW + 3 * MINUTE
    # Nobody tried for a night: that is no trouble that lasted a night.
    note_trouble(store, "mailbox/a", "unreachable", "gone", NOW + 9 * HOUR)
    assert troubles(store)["mailbox/a"].since == NOW + 9 * HOUR
    end_trouble(store, "mailbox/a")
    end_trouble(store, "mailbox/a")
    assert troubles(store) == {}


def test_a_refused_login_goes_on_over_moments_in_which_the_server_cannot_be_reached(store: Engine) -> None:
    note_trouble(store, "mailbox/a", "login", "no", NOW)
    # Else a token server that is slow now and then would put the alarm off each time.
    note_trouble(store, "mailbox/a", "unreachable", "timed out", NOW + 9 * MINUTE)
    found = troubles(store)["mailbox/a"]
    assert (found.kind, found.since, found.said) == ("login", NOW, "no")
    note_trouble(store, "mailbox/a", "unreachable", "timed out", NOW + HOUR)
    found = troubles(store)["mailbox/a"]
    assert (found.kind, found.since) == ("unreachable", NOW + HOUR)


def test_what_a_server_said_is_noted_without_anybody_s_address(store: Engine) -> None:
    note_trouble(store, "delivery", "unreachable", "451 <kari@fjordbygg-demo.no>: try\r\nlater", NOW)
    assert troubles(store)["delivery"].said == "451 <…@…>: try later"


def test_the_breaker_is_told_from_a_person_who_stops_the_answers(store: Engine) -> None:
    stop_answers(store, "Kari", NOW)
    assert breaker_open_since(store) is None
    resume_answers(store, "Kari", NOW)
    commit(store, lambda conn: turn(conn, True, "breaker", NOW))
    assert breaker_open_since(store) == NOW
    resume_answers(store, "Kari", NOW + HOUR)
    assert breaker_open_since(store) is None
    stop_answers(store, "Kari", NOW + HOUR)
    assert breaker_open_since(store) is None


def notice_of(engine: Engine, n: int, **days: int) -> None:
    """A termination under a known contract; ``last`` and ``safe`` are days from today."""
    today = NOW.date()
    known = Deadline(
        "timely",
        today + timedelta(days=days.get("last", 300)),
        today + timedelta(days=days.get("safe", 200)),
        "source",
    )
    due = replace(action(), due=NOW + timedelta(hours=days.get("due", 72)))
    made = decision(None, [due])
    item = replace(made.items[0], account=Account("org_no", deadline=known))
    recorded(engine, n, replace(made, items=(item,)))


def test_a_termination_is_urgent_by_the_customers_days_or_an_overdue_action(engine: Engine) -> None:
    for n, days in enumerate(({"safe": 0}, {"safe": 1}, {"last": 1}, {"due": -1}), 1):
        notice_of(engine, n, **days)
    for n, days in enumerate(({}, {"safe": 2}, {"safe": -1}, {"due": 20}), 5):
        notice_of(engine, n, **days)
    assert urgent_tickets(engine, NOW, 1) == [f"VS-{n:04d}-TEST" for n in (1, 2, 3, 4)]


def test_one_that_somebody_has_taken_on_or_approved_is_not(store: Engine) -> None:
    for n in (1, 2, 3):
        notice_of(store, n, safe=0)
    add_person(store, "Kari", NOW)
    with store.begin() as conn:
        conn.execute(insert(t.ticket_holder).values(ticket_id=1, person_id=1, at=NOW))
        conn.execute(update(t.action).where(t.action.c.id == 2).values(state="approved"))
    assert urgent_tickets(store, NOW, 1) == ["VS-0003-TEST"]


def test_another_kind_of_request_is_never_urgent_in_this_way(store: Engine) -> None:
    notice_of(store, 1, due=-1)
    with store.begin() as conn:
        conn.execute(update(t.item).values(type="invoice_question"))
    assert urgent_tickets(store, NOW, 1) == []


def test_the_day_is_oslos(store: Engine) -> None:
    notice_of(store, 1, safe=2)
    # 23.30 UTC is the next day in Oslo.
    assert urgent_tickets(store, NOW.replace(hour=23, minute=30), 1) == ["VS-0001-TEST"]
