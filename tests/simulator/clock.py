"""Simulated time: one true second counter, and for each machine a clock that may be wrong and may jump."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

# Ordinary days, and the hours around both changes of Oslo's clocks.
STARTS = (
    datetime(2026, 11, 26, 8, 0, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
    datetime(2026, 12, 31, 22, 50, tzinfo=UTC),
)


class Clock:
    """``second`` only grows; ``off`` is by how much a machine's clock is wrong."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.second = 0.0
        self.off: defaultdict[str, float] = defaultdict(float)

    def true(self) -> datetime:
        """What a right clock shows, aware UTC."""
        return self.start + timedelta(seconds=self.second)

    def of(self, machine: str) -> Callable[[], datetime]:
        """The clock of a machine."""
        return lambda: self.true() + timedelta(seconds=self.off[machine])

    def jump(self, seconds: float) -> None:
        """Put every clock wrong, as a bad time server does to the machines of a company."""
        for machine in list(self.off):
            self.off[machine] += seconds
