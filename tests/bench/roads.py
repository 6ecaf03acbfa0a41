"""The whole road, ours and the naive one: from a Dovecot mailbox of N mails to the last answer that the sink took.

All are measured in turn, several times over: a machine that slows down for a minute slows each of them down, and one
that is measured only while it did tells nothing.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from processor.store.engine import upgrade
from tests.bench.naive import naive
from tests.bench.shares import peak_memory, processor_time
from tests.bench.site import PASSWORD, USER, kill, site
from tests.bench.waiting import CLOSELY, started, wait, wait_for_all
from tests.servers.postgres import Postgres, installed

NAIVE = "naive baseline (understands nothing)"
HEAD = (
    f"{'whole road':38} {'mails/s':>8} {'ratio':>6} {'least':>6} {'most':>6} {'answers':>8} {'peak MB':>8} "
    f"{'ours ms':>8} {'servers ms':>11}"
)


@dataclass(frozen=True, slots=True)
class Road:
    """Mails a second, answers sent, peak memory in MB; then processor time in ms a mail: our program's, the servers'."""

    rate: float
    answers: int
    memory: float
    ours: float
    servers: float


def in_turn(measures: Mapping[str, Callable[[], Road]], rounds: int) -> dict[str, list[Road]]:
    """What each measure found, one after the other, and that as often as there are rounds."""
    found: dict[str, list[Road]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return found


def rows(found: Mapping[str, Sequence[Road]]) -> Iterator[str]:
    """A line for each measure: medians, and the ratios to the naive baseline of the same round."""
    for name, roads in found.items():
        ratios = [road.rate / base.rate for road, base in zip(roads, found[NAIVE], strict=True)]
        memory = max(road.memory for road in roads)
        yield (
            f"{name:38} {median(road.rate for road in roads):8.0f} {median(ratios):6.2f} {min(ratios):6.2f} "
            f"{max(ratios):6.2f} {roads[0].answers:8} {f'{memory:.0f}' if memory else '-':>8} "
            f"{median(road.ours for road in roads):8.2f} {median(road.servers for road in roads):11.2f}"
        )


@contextmanager
def measures(mails: Sequence[bytes]) -> Iterator[dict[str, Callable[[], Road]]]:
    """The roads by their names; those on PostgreSQL, which syncs each commit too, only where it is installed."""
    on_sqlite = {
        NAIVE: lambda: whole_road_naive(mails),
        "processor, one process": lambda: whole_road(mails, 0),
        "processor, one worker beside the daemon": lambda: whole_road(mails, 1),
        "processor, two workers": lambda: whole_road(mails, 2),
    }
    if not installed():
        print("PostgreSQL is not installed: its road is not measured")
        yield on_sqlite
        return
    with Postgres(sync=True) as server:
        yield on_sqlite | {
            "on PostgreSQL, one worker": lambda: _on_postgres(mails, 1, server),
            "on PostgreSQL, two workers": lambda: _on_postgres(mails, 2, server),
        }


def whole_road_naive(mails: Sequence[bytes]) -> Road:
    with tempfile.TemporaryDirectory() as name, site(Path(name)) as here:
        here.dovecot.deliver_at_once(USER, mails)
        theirs, ours, began = processor_time(here.servers), time.process_time(), time.perf_counter()
        answered = naive(here.dovecot.imap_port, USER, PASSWORD, here.smtp_port, Path(name) / "naive.db")
        spent, ours = time.perf_counter() - began, time.process_time() - ours
        theirs = processor_time(here.servers) - theirs
        assert answered == len(mails) == len(here.taken())
        # It runs in this process, whose memory tells nothing of it.
        return Road(len(mails) / spent, answered, 0.0, *(1000 * each / len(mails) for each in (ours, theirs)))


def _on_postgres(mails: Sequence[bytes], workers: int, server: Postgres) -> Road:
    """The road to a database of its own on this server."""
    url = server.url(f"bench_{time.monotonic_ns()}")
    upgrade(url)
    return whole_road(mails, workers, url)


def whole_road(mails: Sequence[bytes], workers: int, store: str = "") -> Road:
    """From the first mail kept to all done; ``store`` is a URL, "" for SQLite."""
    with tempfile.TemporaryDirectory() as name, site(Path(name)) as here:
        here.store = store
        here.configure(workers)
        process = started(here, workers)
        try:
            time.sleep(1)
            sides = ((process.pid,), here.servers)
            before = [processor_time(side) for side in sides]
            here.dovecot.deliver_at_once(USER, mails)
            wait(lambda: here.ask("select 1 from mail limit 1"), "the first mail", pause=lambda: CLOSELY)
            began = time.perf_counter()
            wait_for_all(here, len(mails))
            spent = time.perf_counter() - began
            worked = [processor_time(side) - begun for side, begun in zip(sides, before, strict=True)]
            memory = peak_memory(process.pid)
        finally:
            kill(process)
        ours, servers = (1000 * each / len(mails) for each in worked)
        return Road(len(mails) / spent, len(here.taken()), memory, ours, servers)
