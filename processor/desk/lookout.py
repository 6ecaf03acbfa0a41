"""One look at the store in a turn, for all open pages together: what is new, and who looks at which ticket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.engine import Engine

from processor.store.presence import newest_event, present

TURN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """How the store stands: the newest event's number, and who (id, name) looks at which ticket (number)."""

    event: int
    present: Mapping[str, tuple[tuple[int, str], ...]]


@dataclass
class Lookout:
    """``changed`` is called when something new has happened, before anybody is told of it."""

    engine: Engine
    clock: Callable[[], datetime]
    changed: Callable[[], None]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _at: float = float("-inf")
    _look: Look = field(default_factory=lambda: Look(-1, {}))

    def look(self) -> Look:
        """The store as it stood within the last turn."""
        with self._lock:
            if time.monotonic() - self._at < TURN_SECONDS * 0.9:
                return self._look
            found = Look(newest_event(self.engine), present(self.engine, self.clock()))
            if found.event != self._look.event:
                self.changed()
            self._look, self._at = found, time.monotonic()
            return found
