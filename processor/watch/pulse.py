"""Whether the loops really tick: each says by when it will say so again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

Beat = Callable[[float], None]
"""Called by a loop with the seconds within which it will call again, or has hung."""


def no_beat(seconds: float) -> None:
    """For a loop that nobody watches."""


class Pulse:
    """When each loop has to be heard of again, by a clock that is not set; any thread may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def of(self, loop: str) -> Beat:
        """The beat of one loop."""
        return lambda seconds: self.beat(loop, seconds)

    def beat(self, loop: str, seconds: float) -> None:
        """The loop lives, and will be heard of within so many seconds."""
        with self._lock:
            self._until[loop] = self._clock() + seconds

    def late(self) -> dict[str, bool]:
        """Each loop that was ever heard of, and whether it should have been heard of by now."""
        now = self._clock()
        with self._lock:
            return {loop: until < now for loop, until in sorted(self._until.items())}

    @property
    def ticking(self) -> bool:
        """Whether there are loops, and none is late."""
        late = self.late()
        return bool(late) and not any(late.values())
