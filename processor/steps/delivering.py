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

from processor import journal
from processor.mail_servers import SmtpSettings
from processor.steps.deliver import Delivery, deliver
from processor.steps.failing import note_delivery, note_success
from processor.store.outbox import abandon
from processor.store.troubles import DELIVERY
from processor.world.backoff import gap
from processor.world.handing import way_out

IDLE_SECONDS = 1.0
WELL_SECONDS = 30.0
BATCH = 31
"""Replies claimed at once: few, so that the connections share what is ready; the first and ten times three."""
# RFC 5321 4.5.3.2.6 lets a server take ten minutes for one mail; after this long the loop has hung.
SERVER_SECONDS = 1800.0


class DeliveryLoop(threading.Thread):
    """One connection's delivery.  ``wake`` tells that something may be ready; ``worker`` is a name that nobody else has."""

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
                made = self._step()
                if made.claimed:
                    journal.answers_sent(made.claimed, made.taken)
                self.failures = self.failures + 1 if made.trouble else 0
                self._note(made)
                if self.failures:
                    # Nothing in the outbox is lost meanwhile.
                    pause = gap(self.failures, random.random())  # noqa: S311  (jitter, no secret)
                    journal.delivery_paused(made.trouble, pause)
                    self.ended.wait(pause)
                elif not made.claimed:
                    self.ready.wait(IDLE_SECONDS)

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
            return deliver(self.engine, self.courier, self.settings, self.worker, self.clock, BATCH, self._going)
        except Exception as error:
            self.owing = True
            journal.step_failed("delivery", error)
            return Delivery(0, 0, type(error).__name__)

    def _going(self) -> bool:
        """Asked before each mail: whether to go on."""
        self.beat(SERVER_SECONDS)
        return not self.ended.is_set()
