"""Waiting for the measured program, at little cost to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.site import Site
from tests.servers import ready


def wait(true: Callable[[], object], what: str, seconds: float = 240, log: Path | None = None) -> None:
    """Return when it is true; ends the run with the log's last lines when it never is."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise SystemExit(f"waited in vain for {what}\n{log.read_text()[-3000:] if log else ''}")
        # Fifty looks a second took a tenth of a core from what is measured.
        time.sleep(0.05)


def started(here: Site, workers: int) -> ready.Process:
    """The daemon, when it has opened its mailbox and its workers have read the rules."""
    log = here.folder / "log"
    log.unlink(missing_ok=True)
    process = here.start()
    wait(lambda: "mailbox opened" in log.read_text(), "the daemon to open its mailbox", 60, log)
    wait(lambda: log.read_text().count("worker ready") == workers, "the workers to have read the rules", 60, log)
    return process
