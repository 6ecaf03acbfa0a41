"""Times in which nothing was read are noticed once, and found again for what arrived meanwhile."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from processor.store.outages import note_outage, note_read, outage_of, outages, unread_since
from processor.store.watermarks import first_start
from tests.store.made import NOW

HOUR = timedelta(hours=1)


def test_a_pause_of_hours_is_an_outage_and_one_of_minutes_is_not(engine: Engine) -> None:
    first_start(engine, "support", NOW)
    assert unread_since(engine, "support", NOW + 9 * HOUR) is None
    note_read(engine, "support", NOW)
    assert unread_since(engine, "support", NOW + HOUR) is None
    assert unread_since(engine, "support", NOW + 5 * HOUR) == NOW
    assert unread_since(engine, "support", NOW + 5 * HOUR, poll=2 * HOUR) is None


def test_an_outage_is_noted_once_and_knows_what_arrived_in_it(engine: Engine) -> None:
    first_start(engine, "support", NOW)
    note_read(engine, "support", NOW)
    assert note_outage(engine, "support", NOW, NOW + 5 * HOUR).hours == 5
    assert unread_since(engine, "support", NOW + 5 * HOUR) is None
    known = outages(engine, ["support", "invoices"], NOW + HOUR)
    found = outage_of(known, "support", NOW + HOUR)
    assert found is not None
    assert (found.began, found.ended) == (NOW, NOW + 5 * HOUR)
    assert outage_of(known, "support", NOW - HOUR) is None
    assert outage_of(known, "invoices", NOW + HOUR) is None
    assert outages(engine, ["support"], NOW + 6 * HOUR) == []
