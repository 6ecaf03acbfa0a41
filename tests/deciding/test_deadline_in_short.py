"""A deadline in a few words, as the queue lists it."""

from __future__ import annotations

from datetime import date

import pytest

from processor.deciding.staff_words import deadline_in_short
from processor.ticket import Deadline

END, NEXT = date(2019, 1, 31), date(2019, 4, 30)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, ""),
        (Deadline("unknown"), ""),
        (Deadline("timely", END, next_service_day=NEXT), "ends 31.01.2019, in time"),
        (Deadline("borderline", END, next_service_day=NEXT), "ends 31.01.2019, borderline, else ends 30.04.2019"),
        (Deadline("late", END), "ends 31.01.2019, too late for the end before"),
    ],
)
def test_it_says_the_end_and_whether_it_is_in_time(found: Deadline | None, said: str) -> None:
    assert deadline_in_short(found) == said
