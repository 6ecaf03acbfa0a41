"""Everything that watches one daemon, wired for it: pulse, systemd, and the port where it may be asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Engine

from processor import journal
from processor.config import Config
from processor.consent import Consent
from processor.store.alarm_notices import way_measures
from processor.store.alarms import open_alarms
from processor.store.leases import leases
from processor.store.measures import Measures, measure
from processor.store.reconciliation import reconciliations
from processor.store.reloading import Standing, standing
from processor.store.tally import Tally, Totals
from processor.store.transaction import reading
from processor.watch.pulse import Pulse
from processor.watch.readiness import not_ready
from processor.watch.systemd import ALIVE, READY, STOPPING, Systemd, reloading

CACHED_SECONDS = 3.0
BUSY_SECONDS = 8.0
STATUS_SECONDS = 10.0
RELOAD_SECONDS = 900.0
RULES_KINDS = ("rules.accepted", "rules.reloaded", "rules.refused")


class StoreBusy(Exception):
    """Another asker waits for the store already, and it does not answer."""


class Lookout:
    """One daemon seen from outside.

    ``rules`` tells the version of the rules in force, "" for none; ``consents`` how the logins by OAuth stand.
    """

    def __init__(
        self,
        config: Config,
        engine: Engine,
        clock: Callable[[], datetime],
        rules: Callable[[], str],
        systemd: Systemd | None = None,
        consents: Callable[[], Sequence[Consent]] = tuple,
    ) -> None:
        self.pulse = Pulse()
        self.consents = consents
        self._config, self._engine, self._clock, self._rules = config, engine, clock, rules
        self._systemd = systemd or Systemd()
        self._lock = threading.Lock()
        self._tally = Tally()
        self._seen: tuple[Measures, Totals, Standing] | None = None
        self._seen_at = self._told_at = float("-inf")
        self._stop_serving: Callable[[], None] = lambda: None
        self._reconciled: dict[str, datetime | None] = dict.fromkeys(each.name for each in config.mailboxes)

    @property
    def tick_seconds(self) -> float:
        """How often ``tick`` is to be called: thrice within systemd's patience."""
        return min(5.0, (self._systemd.watchdog or 15.0) / 3)

    def begin(self) -> None:
        """The loops run: open the port, if one is configured, and tell systemd that the start is over."""
        if self._config.watch_listen:
            for each in reconciliations(self._engine):
                # The folder that was compared longest ago.
                known = self._reconciled.get(each.account) or each.swept_at
                self._reconciled[each.account] = min(known, each.swept_at)
            # Imported when wanted, since it brings the metrics' library along.
            from processor.watch.serving import serve

            self._stop_serving = serve(self, self._config.watch_listen)
        self._systemd.tell(READY, "STATUS=Running")

    def tick(self) -> None:
        """Feed systemd's watchdog, but only if every loop ticks, and say how things stand."""
        late = [loop for loop, is_late in self.pulse.late().items() if is_late]
        if late:
            journal.loops_late(late)
        elif self._systemd.watchdog:
            self._systemd.tell(ALIVE)
        if self._systemd.listens and time.monotonic() - self._told_at >= STATUS_SECONDS:
            self._told_at = time.monotonic()
            self._systemd.tell(f"STATUS={self._status(late)}")

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Rules are being looked at while the block runs, which may take a while."""
        self.pulse.beat("main", RELOAD_SECONDS)
        self._systemd.tell(*reloading())
        try:
            yield
        finally:
            self._systemd.tell(READY)

    def note_reconciled(self, account: str, at: datetime) -> None:
        """All folders of an account were compared with what we kept."""
        self._reconciled[account] = at

    def reconciled(self) -> dict[str, str | None]:
        """When each mailbox was last compared to its end, as far as this daemon knows; asks no store."""
        return {account: at.isoformat() if at else None for account, at in sorted(self._reconciled.items())}

    def end(self) -> None:
        """Nothing new is begun any more."""
        self._systemd.tell(STOPPING, "STATUS=Finishing what was begun")
        self._stop_serving()

    def seen(self) -> tuple[Measures, Totals, Standing]:
        """The store as it was at most a few seconds ago; raises StoreBusy, or what the store raises.

        The first time reads the whole audit trail: five seconds for 100,000 tickets on a busy machine, during
        which only who asks for totals waits.
        """
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            raise StoreBusy
        try:
            if self._seen is None or time.monotonic() - self._seen_at > CACHED_SECONDS:
                self._seen = self._look(self._seen)
                self._seen_at = time.monotonic()
            return self._seen
        finally:
            self._lock.release()

    def missing(self) -> list[str]:
        """Why the program is not ready; empty when it is."""
        polls = {each.name: each.poll_seconds for each in self._config.mailboxes}
        try:
            return list(not_ready(measure(self._engine, self._clock()), polls, self._rules()))
        except Exception as error:
            # Which driver says it, and how, is nobody's business on this port.
            return [f"the store does not answer ({type(error).__name__})"]

    def _look(self, before: tuple[Measures, Totals, Standing] | None) -> tuple[Measures, Totals, Standing]:
        now = self._clock()
        with reading(self._engine) as conn:
            raised, ways = tuple(open_alarms(conn)), tuple(way_measures(conn, now))
        measures = replace(measure(self._engine, now), leases=tuple(leases(self._engine)), alarms=raised, ways=ways)
        with reading(self._engine) as conn:
            totals = self._tally.totals(conn, now)
            # Found at the end of the trail only where they are new.
            same = before and all(before[1].events[kind] == totals.events[kind] for kind in RULES_KINDS)
            return measures, totals, before[2] if before and same else standing(conn)

    def _status(self, late: list[str]) -> str:
        if late:
            return f"Hung: {', '.join(late)}"
        try:
            found = measure(self._engine, self._clock())
        except Exception as error:
            return f"The store does not answer ({type(error).__name__})"
        told = [f"{found.mails['kept']} mails to decide", f"{sum(found.actions.values())} actions wait"]
        told += [f"{count} replies {state}" for state in ("unknown", "failed") if (count := found.replies[state])]
        told += ["answers are stopped"] if found.stopped else []
        return ", ".join(told)
