"""Times are stored as the text that SQLAlchemy itself would write, whatever zone they come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

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
