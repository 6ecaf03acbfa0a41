"""The threads of alarms in a daemon: one that looks and tells, and one that pings while all is well.

The ping is apart, since a webhook that hangs must not look like a daemon that has died.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.engine import Engine

from processor import journal
from processor.alarms.rounds import take_round
from processor.alarms.ways import ping
from processor.config import Config, Webhook

LOOK_SECONDS = 20.0
PING_SECONDS = 60.0
HUNG_SECONDS = 900.0
"""The longest that a round may take, with every way at its limit."""
LOOKED_SECONDS = 180.0
"""A look longer ago than this means that the store does not answer."""
SETTLING_SECONDS = 5.0
STARTING_SECONDS = 600.0
"""Long enough to read every mailbox once after a night."""


class Watchman(threading.Thread):
    """Looks for alarms and tells them until ``ended``; ``beat`` says that it lives."""

    def __init__(
        self,
        config: Config,
        engine: Engine,
        clock: Callable[[], datetime],
        ended: threading.Event,
        beat: Callable[[float], None] = lambda _: None,
    ) -> None:
        super().__init__(name="alarms", daemon=True)
        self.config, self.engine, self.clock, self.ended, self.beat = config, engine, clock, ended, beat
        self.looked = float("-inf")
        self.began = time.monotonic()

    def run(self) -> None:
        """Once the start is over, a round each few seconds."""
        self.beat(HUNG_SECONDS)
        self.ended.wait(SETTLING_SECONDS)
        while not self.ended.is_set():
            self.beat(HUNG_SECONDS)
            self.round()
            self.ended.wait(LOOK_SECONDS)

    def round(self) -> None:
        """One round; a store that does not answer is the next round's affair, and the ping's."""
        try:
            starting = time.monotonic() - self.began < STARTING_SECONDS
            take_round(self.engine, self.config, self.clock(), starting)
            self.looked = time.monotonic()
        except Exception as error:
            journal.step_failed("alarms", error)

    @property
    def looking(self) -> bool:
        """Whether the store was looked at lately."""
        return time.monotonic() - self.looked < LOOKED_SECONDS


class DeadMansPing(threading.Thread):
    """Asks a URL each minute, as long as the loops tick and the store answers: its silence is the alarm."""

    def __init__(
        self, webhook: Webhook, watchman: Watchman, ticking: Callable[[], bool], ended: threading.Event
    ) -> None:
        super().__init__(name="ping", daemon=True)
        self.webhook, self.watchman, self.ticking, self.ended = webhook, watchman, ticking, ended
        self.withheld = ""

    def run(self) -> None:
        """Until ended; a ping that fails is the far end's to miss."""
        self.ended.wait(2 * SETTLING_SECONDS)
        while not self.ended.is_set():
            self.once()
            self.ended.wait(PING_SECONDS)

    def once(self) -> bool:
        """Ping, if all is well; whether it was answered."""
        against = self._against()
        if against and against != self.withheld:
            journal.ping_withheld(against)
        self.withheld = against
        if against:
            return False
        if error := ping(self.webhook):
            journal.ping_failed(error)
        return not error

    def _against(self) -> str:
        if not self.ticking():
            return "a loop has hung"
        return "" if self.watchman.looking else "the store does not answer"


def watch(
    config: Config,
    engine: Engine,
    clock: Callable[[], datetime],
    ended: threading.Event,
    beat: Callable[[float], None],
    ticking: Callable[[], bool],
) -> Watchman:
    """Begin to watch, and to ping where a URL is configured."""
    watchman = Watchman(config, engine, clock, ended, beat)
    watchman.start()
    if config.alarms.ping:
        DeadMansPing(config.alarms.ping, watchman, ticking, ended).start()
    return watchman
