"""Times are stored as the text that SQLAlchemy itself would write, whatever zone they come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import DateTime
from sqlalchemy.dialects.sqlite import dialect

from processor.store.columns import Utc

OURS = Utc().dialect_impl(dialect()).bind_processor(dialect())
THEIRS = DateTime().dialect_impl(dialect()).bind_processor(dialect())
ZONES = st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(max_examples=60, deadline=None)
@given(st.datetimes(datetime(1000, 1, 2), datetime(9998, 1, 1), timezones=ZONES | st.just(UTC)))
def test_a_time_is_stored_in_utc_in_the_text_that_sqlalchemy_writes(time: datetime) -> None:
    assert OURS
    assert THEIRS
    assert OURS(time) == THEIRS(time.astimezone(UTC).replace(tzinfo=None))


def test_a_time_without_a_zone_is_refused_on_either_database() -> None:
    assert OURS
    with pytest.raises(ValueError, match="without a zone"):
        OURS(datetime(2026, 11, 26))
    with pytest.raises(ValueError, match="without a zone"):
        Utc().process_bind_param(datetime(2026, 11, 26), dialect())


def test_the_hour_that_comes_twice_in_autumn_is_stored_as_two() -> None:
    """They compare as equal in their own zone, and are kept apart for all that a text is written once."""
    assert OURS
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Oslo"))
    second = first.replace(fold=1)
    assert first == second
    for _ in range(2):
        assert (OURS(first), OURS(second)) == ("2026-10-25 00:30:00.000000", "2026-10-25 01:30:00.000000")
