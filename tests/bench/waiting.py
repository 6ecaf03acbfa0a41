"""Waiting for the measured program, at little cost to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.site import Site
from tests.servers import ready

CLOSELY = 0.01
"""Seconds between two looks where a moment is measured: under a hundredth of the shortest run."""
SELDOM = 0.5
DECIDED = "select count(*) from mail where state='decided'"
LEAVING = "select 1 from outbox where state in ('ready','sending','retry') limit 1"


def wait(
    true: Callable[[], object],
    what: str,
    seconds: float = 240,
    log: Path | None = None,
    pause: Callable[[], float] = lambda: 0.05,
) -> None:
    """Return when it is true; ends the run with the log's last lines when it never is."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise SystemExit(f"waited in vain for {what}\n{log.read_text()[-3000:] if log else ''}")
        time.sleep(pause())


def wait_for_all(here: Site, mails: int) -> None:
    """Return when so many mails are decided and every answer has left; looks closely only near the end."""
    left = mails

    def all_decided() -> bool:
        nonlocal left
        left = mails - int(str(here.ask(DECIDED)[0][0]))
        return left == 0

    wait(all_decided, "all decisions", pause=lambda: max(CLOSELY, SELDOM * left / mails))
    wait(lambda: not here.ask(LEAVING), "all answers", pause=lambda: CLOSELY)


def started(here: Site, workers: int) -> ready.Process:
    """The daemon, when it has opened its mailbox and its workers have read the rules."""
    log = here.folder / "log"
    log.unlink(missing_ok=True)
    process = here.start()
    wait(lambda: "mailbox opened" in log.read_text(), "the daemon to open its mailbox", 60, log)
    wait(lambda: log.read_text().count("worker ready") == workers, "the workers to have read the rules", 60, log)
    return process
