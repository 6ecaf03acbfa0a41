"""Understanding and deciding in the daemon's own process: for the demo, small machines and ``once``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from processor import journal
from processor.config import Config
from processor.rulebook import Rulebook
from processor.steps.acceptance import Acceptance, Sight, accept, described
from processor.steps.authenticating import Signatures
from processor.steps.follow_ups import follow_up
from processor.steps.lookups import Registers
from processor.steps.scanning import Scanner
from processor.steps.several import own_name
from processor.steps.work_off import Decided, work_off
from processor.store.work import free_claims
from processor.world.confined import Confined

PAUSE_AFTER_FAULT = 2
REMIND_SECONDS = 60
# A batch whose files each take their longest.
BATCH_SECONDS = 1800.0


class InProcess:
    """One thread that works off what was kept; ``watch`` is shown each decided batch."""

    def __init__(
        self,
        engine: Engine,
        config: Config,
        rulebook: Rulebook,
        clock: Callable[[], datetime],
        watch: Callable[[list[Decided]], None] = lambda _: None,
    ) -> None:
        self.engine, self.config, self.rulebook, self.clock, self.watch = engine, config, rulebook, clock, watch
        self.acceptance = described(rulebook, config.templates_dir)
        self.name = own_name()
        self.kept = threading.Event()
        self.files = Confined()
        self.registers, self.signatures = Registers(config.lookups, engine, clock), Signatures(config)
        self.scanner = Scanner(config.scan)

    def start(
        self, ended: threading.Event, recorded: Callable[[], None], beat: Callable[[float], None] = lambda _: None
    ) -> None:
        """Work until ended; ``recorded`` is called after each batch."""
        self.thread = threading.Thread(target=self._loop, args=(ended, recorded, beat), name="work")
        self.thread.start()

    def wake(self) -> None:
        """Mail was kept."""
        self.kept.set()

    def reload(self, force: bool) -> Acceptance:
        """Take the rules anew, unless there are problems; ``force`` asks no examples."""
        config = self.config
        sight = Sight(config.own_addresses, config.authserv_ids, None if force else config.rules_dir)
        found, rulebook = accept(config.rules_dir, config.templates_dir, sight)
        if rulebook is not None:
            self.rulebook, self.acceptance = rulebook, found
        return found

    def hang_up(self) -> None:
        """The daemon has cut the connections of this process, which are ours too."""

    def stop(self) -> None:
        """Let the batch in hand be finished."""
        self.kept.set()
        self.thread.join()
        self.files.close()

    def step(self) -> tuple[int, int]:
        """Work one batch off; how many mails were claimed and how many decided."""
        road = (self.engine, self.rulebook, self.config, f"{self.name}/work", self.clock, self.files.extract)
        asked = self.registers.ask
        claimed, decided = work_off(*road, look_up=asked, verify=self.signatures.of, scan=self.scanner.of)
        if claimed:
            journal.mails_decided("daemon", len(decided), claimed - len(decided))
            self.watch(decided)
        return claimed, len(decided)

    def remind(self) -> int:
        """Write the reminders to customers whose time has come."""
        return follow_up(self.engine, self.rulebook, self.config, self.clock())

    def _loop(self, ended: threading.Event, recorded: Callable[[], None], beat: Callable[[float], None]) -> None:
        reminded, failed = time.monotonic(), False
        while not ended.is_set():
            beat(BATCH_SECONDS)
            self.kept.clear()
            try:
                if failed:
                    # Of the batch in hand nobody else would know for minutes.
                    free_claims(self.engine, self.name, tried=False)
                failed = False
                claimed, _ = self.step()
                if not claimed and time.monotonic() - reminded >= REMIND_SECONDS:
                    reminded = time.monotonic()
                    claimed = self.remind()
            except Exception as error:
                journal.step_failed("work", error)
                failed = isinstance(error, SQLAlchemyError)
                ended.wait(PAUSE_AFTER_FAULT)
                continue
            if claimed:
                recorded()
            else:
                self.kept.wait(1)
