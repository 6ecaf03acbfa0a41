"""How long a customer waits: from a mail's arrival in the mailbox to the answer that the SMTP server took."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.site import USER, corpus, kill, site
from tests.bench.waiting import started, wait_for_all

GAP = (0.05, 0.45)
"""Seconds between two mails: a busy hour, not a flood."""


def latencies(count: int, workers: int = 1, seed: int = 1) -> list[float]:
    """Seconds from arrival to answer of each answered mail, by IDLE, shortest first."""
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as name, site(Path(name)) as here:
        here.configure(workers)
        process = started(here, workers)
        try:
            # The first answer pays for connecting.
            for raw in corpus(3, count):
                here.dovecot.deliver(USER, raw)
            wait_for_all(here, 3)
            arrived: list[tuple[str, float]] = []
            for raw in corpus(count):
                here.dovecot.deliver(USER, raw)
                arrived.append((_sender(raw), time.time()))
                time.sleep(dice.uniform(*GAP))
            wait_for_all(here, count + 3)
        finally:
            kill(process)
        taken = {str(to): float(str(row["time"])) for row in here.taken() for to in list(row["to"])}  # type: ignore[call-overload]
    return sorted(taken[sender] - at for sender, at in arrived if sender in taken)


def _sender(raw: bytes) -> str:
    return raw.partition(b"Return-Path: <")[2].partition(b">")[0].decode("ascii", "replace")


def summary(waited: list[float]) -> tuple[float, float]:
    """The median and the 99th percentile."""
    return statistics.median(waited), waited[min(len(waited) - 1, int(len(waited) * 0.99))]
