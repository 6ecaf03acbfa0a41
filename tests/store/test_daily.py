"""Daily counts: what is kept as numbers is what the mails themselves would tell."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from processor.store import tables as t
from processor.store.corrections import retype
from processor.store.daily import count_days, counted_up_to, daily_counts, stored, weekly_arrivals
from processor.store.happened import HANDLED, MISSED, SAID, Count, Handled, Measure, stretch
from processor.store.people import Person
from processor.store.queue import done, reject
from processor.ticket import OutboxState
from tests.store.made import NOW, decision, recorded, reply

TODAY = NOW.date()


def seen(engine: Engine, now: datetime = NOW, back: int = 10) -> Counter[Count]:
    found = daily_counts(engine, now.date() - timedelta(days=back), now.date(), now)
    return Counter({key: count for key, count in found.items() if key.measure != Measure.COUNTED})


def set_times(engine: Engine, mail: int, arrived: datetime) -> None:
    """Let a mail and what followed from it have happened then."""
    with engine.begin() as conn:
        conn.execute(t.mail.update().where(t.mail.c.id == mail).values(arrived_at=arrived, decided_at=arrived))


def send(engine: Engine, outbox: int, at: datetime, automatic: bool = True) -> None:
    sent = {"state": OutboxState.SENT.value, "attempted_at": at, "automatic": automatic}
    with engine.begin() as conn:
        conn.execute(t.outbox.update().where(t.outbox.c.id == outbox).values(sent))


def test_each_thing_counts_on_its_own_day(engine: Engine, kari: Person) -> None:
    came = NOW - timedelta(days=3)
    recorded(engine, 1)
    set_times(engine, 1, came)
    send(engine, 1, came + timedelta(minutes=4))
    done(engine, 1, kari, NOW)
    assert seen(engine) == {
        Count(came.date(), Measure.ARRIVED, "termination", came.weekday() * 24 + 11): 1,
        Count(came.date(), Measure.HANDLED, "termination", HANDLED.index(Handled.RECEIPT)): 1,
        Count(came.date(), Measure.RECEIPT, "termination", stretch(timedelta(minutes=5))): 1,
        Count(TODAY, Measure.CLOSE, "termination", stretch(timedelta(days=3))): 1,
        Count(TODAY, Measure.CLOSE_DUE, "termination", 1): 1,
        Count(came.date(), Measure.SAID, "termination", SAID.index("confirmed")): 1,
        Count(came.date(), Measure.RULE, "termination/notice", SAID.index("confirmed")): 1,
        Count(came.date(), Measure.SURE_AGREED, "termination", 19): 1,
    }


def test_alone_is_what_left_by_itself_with_nothing_for_staff(engine: Engine) -> None:
    for n, automatic in ((1, True), (2, False)):
        recorded(engine, n, decision(reply("answer")))
        send(engine, n, NOW, automatic)
    recorded(engine, 3, decision(None))
    found = {HANDLED[key.bucket]: count for key, count in seen(engine).items() if key.measure == Measure.HANDLED}
    assert found == {Handled.ALONE: 1, Handled.STAFF: 1, Handled.NOT_YET: 1}


def test_what_is_due_is_met_or_missed(engine: Engine, kari: Person) -> None:
    for n in (1, 2):
        recorded(engine, n)
    done(engine, 1, kari, NOW + timedelta(hours=23))
    reject(engine, 2, kari, "no", NOW + timedelta(hours=25))
    found = {
        key.bucket: n for key, n in seen(engine, NOW + timedelta(days=2)).items() if key.measure == Measure.CLOSE_DUE
    }
    assert found == {1: 1, 0: 1}


def test_a_day_is_oslos(engine: Engine) -> None:
    recorded(engine, 1)
    set_times(engine, 1, datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    found = daily_counts(engine, date(2026, 7, 2), date(2026, 7, 2), NOW)
    assert found[Count(date(2026, 7, 2), Measure.ARRIVED, "termination", 72)] == 1
    assert daily_counts(engine, date(2026, 7, 1), date(2026, 7, 1), NOW) == {}


def test_a_mail_of_another_type_was_missed_there(engine: Engine, kari: Person) -> None:
    recorded(engine, 1)
    retype(engine, 1, ["invoice_question"], None, kari, NOW)
    said = {(key.name, key.bucket): count for key, count in seen(engine).items() if key.measure == Measure.SAID}
    assert said == {("termination", SAID.index("changed")): 1, ("invoice_question", MISSED): 1}


def test_kept_numbers_are_those_of_the_mails_and_follow_late_words(engine: Engine, kari: Person) -> None:
    for n in (1, 2, 3):
        recorded(engine, n)
        set_times(engine, n, NOW - timedelta(days=10 * n))
    live = seen(engine, back=40)
    weeks = daily_counts(engine, TODAY - timedelta(days=40), TODAY, NOW, True, Measure.ARRIVED)
    assert sum(weeks.values()) == 3
    assert {key.day.weekday() for key in weeks} == {0}
    mondays = weekly_arrivals(engine, TODAY - timedelta(days=40), TODAY, NOW)
    assert mondays == Counter({key.day: 1 for key in weeks})
    assert count_days(engine, NOW) > 30
    with engine.connect() as conn:
        assert counted_up_to(conn) == TODAY - timedelta(days=1)
        kept = stored(conn, TODAY - timedelta(days=40), TODAY)
    assert {key: kept[key] for key in live} == live
    assert seen(engine, back=40) == live
    assert daily_counts(engine, TODAY - timedelta(days=40), TODAY, NOW, True, Measure.ARRIVED) == weeks
    assert weekly_arrivals(engine, TODAY - timedelta(days=40), TODAY, NOW) == mondays
    assert count_days(engine, NOW) == 0
    reject(engine, 3, kari, "no", NOW)
    assert count_days(engine, NOW) > 0
    assert seen(engine, back=40) != live
    late = Count((NOW - timedelta(days=30)).date(), Measure.SAID, "termination", SAID.index("rejected"))
    assert seen(engine, back=40)[late] == 1


def test_old_mail_that_is_taken_in_later_leads_back_to_its_days(engine: Engine) -> None:
    recorded(engine, 1)
    count_days(engine, NOW + timedelta(days=1))
    recorded(engine, 2)
    set_times(engine, 2, NOW - timedelta(days=300))
    with engine.begin() as conn:
        conn.execute(t.mail.update().where(t.mail.c.id == 2).values(kept_at=NOW + timedelta(days=1)))
    count_days(engine, NOW + timedelta(days=2))
    old = (NOW - timedelta(days=300)).date()
    (arrived,) = daily_counts(engine, old, old, NOW, False, Measure.ARRIVED)
    assert (arrived.day, arrived.name) == (old, "termination")


def test_the_numbers_of_some_mailboxes_are_of_them_alone(engine: Engine, kari: Person) -> None:
    for n, account in ((1, "a"), (2, "b"), (3, "b"), (4, "a")):
        recorded(engine, n)
        set_times(engine, n, NOW - timedelta(days=10 * n))
        with engine.begin() as conn:
            conn.execute(t.mail.update().where(t.mail.c.id == n).values(account=account))
    retype(engine, 2, ["invoice_question"], None, kari, NOW)
    done(engine, 1, kari, NOW)
    first = TODAY - timedelta(days=50)

    def of(*names: str) -> Counter[Count]:
        found = daily_counts(engine, first, TODAY, NOW, scope=frozenset(names))
        return Counter({key: count for key, count in found.items() if key.measure != Measure.COUNTED})

    live = {each: of(each) for each in "abc"}
    assert {key.name for key in live["b"] if key.bucket == MISSED and key.measure == Measure.SAID} == {
        "invoice_question"
    }
    assert {key.day for key in live["a"]} == {TODAY} | {TODAY - timedelta(days=each) for each in (10, 40)}
    assert live["c"] == of() == {}
    count_days(engine, NOW)
    assert {each: of(each) for each in "abc"} == live
    assert live["a"] + live["b"] == of("a", "b") == seen(engine, back=50)
    weeks = [weekly_arrivals(engine, first, TODAY, NOW, scope=frozenset(each)) for each in ("a", "b", "ab", "c")]
    assert [each.total() for each in weeks] == [2, 2, 4, 0]


def test_nothing_is_counted_of_an_empty_store(engine: Engine) -> None:
    assert count_days(engine, NOW) == 0
    assert seen(engine) == {}


@pytest.mark.parametrize(("minutes", "bucket"), [(0, 0), (1, 0), (1.5, 1), (43200, 14), (43201, 15)])
def test_a_stretch_of_time_has_one_bucket(minutes: float, bucket: int) -> None:
    assert stretch(timedelta(minutes=minutes)) == bucket
