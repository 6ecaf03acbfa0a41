from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processor.world.backoff import gap


def test_gaps_double_from_a_second_to_five_minutes() -> None:
    assert [gap(failures, 0.0) for failures in range(11)] == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_jitter_takes_off_half_at_most(failures: int, jitter: float) -> None:
    whole = gap(failures, 0.0)
    assert whole / 2 <= gap(failures, jitter) <= whole <= 300
