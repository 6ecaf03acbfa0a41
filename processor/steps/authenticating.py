"""Signatures of a batch of mails checked against DNS, where our own server wrote nothing about who sent them.

Each mail that is worth it has a thread of its own, so that one author's dead name server costs nobody else's mail
anything; what is not in when the time is over is *not checked*, and its sender unproven.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

from processor import journal
from processor.config import Config
from processor.deciding.authenticity import checkable
from processor.deciding.domains import aligned
from processor.message import Message
from processor.provenance import Signature

Verify = Callable[[Sequence[tuple[bytes, Message]]], list[tuple[Signature, ...]]]
"""Checks the signatures of each mail of a batch."""
MOST_THREADS = 8
GRACE = 0.2
Check = Callable[[bytes, str, float], tuple[Signature, ...]]


class Signatures:
    """The checking of signatures for the life of a process, with the keys that it has seen."""

    def __init__(self, config: Config) -> None:
        self.settings, self.authserv_ids = config.provenance, config.authserv_ids
        self.check = _checker(config) if config.provenance.check_signatures else None
        self.threads: ThreadPoolExecutor | None = None

    def of(self, mails: Sequence[tuple[bytes, Message]]) -> list[tuple[Signature, ...]]:
        """The signatures of each mail; waits for the configured time at most, and not at all where none is asked for."""
        asked = [self.check is not None and checkable(message, self.authserv_ids) for _, message in mails]
        if not any(asked):
            return unverified(mails)
        until = time.monotonic() + self.settings.timeout
        running = [
            self._start(raw, message, until) if needed else None
            for (raw, message), needed in zip(mails, asked, strict=True)
        ]
        wait([each for each in running if each is not None], self.settings.timeout + GRACE)
        return [
            _told(each, message) if each is not None else () for each, (_, message) in zip(running, mails, strict=True)
        ]

    def _start(self, raw: bytes, message: Message, until: float) -> Future[tuple[Signature, ...]]:
        assert self.check is not None
        assert message.sender is not None
        if self.threads is None:
            self.threads = ThreadPoolExecutor(MOST_THREADS, "signatures")
        return self.threads.submit(self.check, raw, message.sender.domain, until)


def unverified(mails: Sequence[tuple[bytes, Message]]) -> list[tuple[Signature, ...]]:
    """Check nothing."""
    return [()] * len(mails)


def _checker(config: Config) -> Check:
    # Its libraries take a quarter of a second to import, which nobody should pay who does not use them.
    from processor.world.signatures import Keys, check

    settings = config.provenance
    keys = Keys(settings.dns_servers)

    def run(raw: bytes, domain: str, until: float) -> tuple[Signature, ...]:
        return check(raw, domain, partial(aligned, domain), settings.arc_sealers, keys, until)

    return run


def _told(found: Future[tuple[Signature, ...]], message: Message) -> tuple[Signature, ...]:
    domain = message.sender.domain if message.sender else ""
    if found.cancel() or not found.done():
        return (Signature("dkim", domain, "not_checked", "there was no time to check it"),)
    if error := found.exception():
        journal.step_failed("signatures", error if isinstance(error, Exception) else RuntimeError(str(error)))
        return (Signature("dkim", domain, "not_checked", "checking it failed"),)
    return found.result()
