"""Delivery's loop: what is ready leaves, over a connection kept open; a failing server is left alone for a while.

A daemon has a few of them: while one waits for the SMTP server, another's attempt is written to the disk.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from processor import journal
from processor.mail_servers import SmtpSettings
from processor.steps.deliver import FEW, Delivery, deliver
from processor.steps.failing import note_delivery, note_success
from processor.store.counts import sending
from processor.store.outbox import abandon
from processor.store.troubles import DELIVERY
from processor.world.backoff import gap
from processor.world.handing import way_out

IDLE_SECONDS = 1.0
WELL_SECONDS = 30.0
MANY = 91
"""Replies claimed at once, the first and thirty times three; else FEW, so that the connections share what is ready."""
HAND_SECONDS = 1.0
"""Many only where the replies before went so fast that many leave within this time."""
# RFC 5321 4.5.3.2.6 lets a server take ten minutes for one mail; after this long the loop has hung.
SERVER_SECONDS = 1800.0
# At the end: for what has not reached DATA, and for what has.
BEFORE_DATA_SECONDS = 2
PAST_DATA_SECONDS = 20


class DeliveryLoop(threading.Thread):
    """One connection's delivery.  ``worker`` is a name that nobody else has.

    ``wake`` tells that something may be ready; ``others`` is called when more is than one takes at once.
    """

    def __init__(
        self,
        settings: SmtpSettings,
        engine: Engine,
        worker: str,
        clock: Callable[[], datetime],
        ended: threading.Event,
        beat: Callable[[float], None] = lambda _: None,
    ) -> None:
        super().__init__(name="delivery", daemon=True)
        self.engine, self.worker, self.clock, self.ended, self.beat = engine, worker, clock, ended, beat
        self.settings = settings
        self.courier = way_out(settings)
        self.ready = threading.Event()
        self.idle = False
        self.others: Callable[[], None] = lambda: None
        self.hand = FEW
        self.failures = 0
        self.owing = False
        self.well_until = 0.0

    def wake(self) -> None:
        """Something may be ready."""
        self.ready.set()

    def run(self) -> None:
        """Deliver until ended; the mail in hand is finished."""
        with self.courier:
            while self._going():
                self.ready.clear()
                began = time.monotonic()
                made = self._step()
                if made.claimed:
                    journal.answers_sent(made.claimed, made.taken)
                    self.hand = hand_after(made.taken, time.monotonic() - began)
                self.failures = self.failures + 1 if made.trouble else 0
                self._note(made)
                if self.failures:
                    # Nothing in the outbox is lost meanwhile.
                    pause = gap(self.failures, random.random())  # noqa: S311  (jitter, no secret)
                    journal.delivery_paused(made.trouble, pause)
                    self.ended.wait(pause)
                elif not made.more:
                    self.idle = True
                    self.ready.wait(IDLE_SECONDS)
                    self.idle = False

    def _note(self, made: Delivery) -> None:
        """Let the alarms know how it goes; that it goes well is asked about now and then, as another loop may have failed."""
        if made.trouble:
            note_delivery(self.engine, made.trouble, self.clock())
            self.well_until = 0.0
        elif made.claimed and time.monotonic() >= self.well_until:
            note_success(self.engine, DELIVERY)
            self.well_until = time.monotonic() + WELL_SECONDS

    def _step(self) -> Delivery:
        try:
            if self.owing:
                # Of what we had claimed nobody else would know for a quarter of an hour.
                abandon(self.engine, self.worker, self.clock())
                self.owing = False
            road = (self.engine, self.courier, self.settings, self.worker, self.clock)
            return deliver(*road, self.hand, self._going, self.others)
        except Exception as error:
            self.owing = True
            journal.step_failed("delivery", error)
            return Delivery(0, 0, type(error).__name__)

    def _going(self) -> bool:
        """Asked before each mail: whether to go on."""
        self.beat(SERVER_SECONDS)
        return not self.ended.is_set()


class Deliveries:
    """The connections of a daemon, of which one that is free takes what is ready; none until ``connect``."""

    def __init__(self) -> None:
        self.loops: list[DeliveryLoop] = []

    def connect(
        self,
        settings: SmtpSettings,
        engine: Engine,
        daemon: str,
        clock: Callable[[], datetime],
        ended: threading.Event,
        beat_of: Callable[[str], Callable[[float], None]],
    ) -> None:
        """Make as many loops as the settings say, to be started by the caller."""
        names = [f"delivery-{number}" for number in range(1, settings.connections + 1)]
        self.loops = [DeliveryLoop(settings, engine, f"{daemon}/{name}", clock, ended, beat_of(name)) for name in names]
        for loop in self.loops:
            loop.others = self.wake

    def wake(self) -> None:
        """Replies may be ready: whoever is free takes them, and calls another if it cannot take them all."""
        free = [loop for loop in self.loops if loop.idle]
        for loop in free[:1] or self.loops:
            loop.wake()

    def wake_all(self) -> None:
        """Let each see that the daemon ends."""
        for loop in self.loops:
            loop.wake()

    def end(self) -> None:
        """Wait for the mails in hand, and then no longer: the daemon ends."""
        self._join(BEFORE_DATA_SECONDS)
        try:
            if any(sending(loop.engine) for loop in self._alive()[:1]):
                self._join(PAST_DATA_SECONDS)
            for loop in self._alive():
                # What has not reached DATA is tried again at the next start; what has is unknown.
                loop.courier.abort()
                abandon(loop.engine, loop.worker, loop.clock())
        except SQLAlchemyError as error:
            # The next start, or another daemon, puts it right.
            journal.step_failed("delivery", error)

    def _alive(self) -> list[DeliveryLoop]:
        return [loop for loop in self.loops if loop.is_alive()]

    def _join(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        for loop in self.loops:
            loop.join(max(0.0, until - time.monotonic()))


def hand_after(taken: int, seconds: float) -> int:
    """How many to claim after so many left within these seconds."""
    return MANY if taken * HAND_SECONDS >= MANY * seconds else FEW
