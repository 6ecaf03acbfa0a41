from __future__ import annotations

from datetime import UTC, datetime

import pytest

from processor.deciding.moments import moment_of

# A Thursday in winter, 11.00 in Oslo.
NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("2t", "2026-11-26T12:00"),
        ("2 h", "2026-11-26T12:00"),
        ("3d", "2026-11-29T07:00"),
        ("1u", "2026-12-03T07:00"),
        ("I  morgen", "2026-11-27T07:00"),
        ("tomorrow", "2026-11-27T07:00"),
        ("31.12", "2026-12-31T07:00"),
        ("1.7.2027", "2027-07-01T06:00"),
        ("1.2.", "2027-02-01T07:00"),
        ("31.12.2026 14.30", "2026-12-31T13:30"),
        ("31.12.2026 kl. 14:30", "2026-12-31T13:30"),
        ("2026-12-31 14:30", "2026-12-31T13:30"),
        ("2026-12-31T14:30", "2026-12-31T13:30"),
    ],
)
def test_a_time_is_understood_as_staff_write_it(words: str, wanted: str) -> None:
    assert moment_of(words, NOW) == datetime.fromisoformat(f"{wanted}+00:00")


@pytest.mark.parametrize("words", ["", "snart", "31.13", "30.2.2027", "31.12 25.00", "31.12 10.61", "2x", "1.1.99999"])
def test_what_is_no_time_is_none(words: str) -> None:
    assert moment_of(words, NOW) is None
