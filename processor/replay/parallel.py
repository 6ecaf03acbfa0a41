"""Pages of stored mails handed to processes, and their results taken back in the order of the mails.

Each process loads the rules on trial by itself, since compiled conditions cannot be passed between
processes.  Only so many pages are under way at once that memory stays flat, however large the store is.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import cache
from itertools import islice

from processor.replay.play import Page, Player, Trial, player
from processor.store.engine import open_to_read
from processor.store.past import past_pages
from processor.world.confined import Confined

PAGE = 50
AHEAD = 3
"""Pages that wait for each process."""


def replayed(trial: Trial, store_url: str, jobs: int) -> Iterator[Page]:
    """What became of each page, oldest mails first; the same pages in the same order for any number of jobs."""
    engine = open_to_read(store_url)
    try:
        pages = past_pages(engine, trial.since, PAGE)
        yield from _here(trial, pages) if jobs < 2 else _beside(trial, pages, jobs)
    finally:
        engine.dispose()


def _here(trial: Trial, pages: Iterator[tuple[int, int]]) -> Iterator[Page]:
    with player(trial) as one:
        for first, last in pages:
            yield one.page(first, last)


def _beside(trial: Trial, pages: Iterator[tuple[int, int]], jobs: int) -> Iterator[Page]:
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawning) as pool:
        under_way: deque[Future[Page]] = deque()
        try:
            for first, last in islice(pages, jobs * AHEAD):
                under_way.append(pool.submit(_page, trial, first, last))
            while under_way:
                yield under_way.popleft().result()
                for first, last in islice(pages, 1):
                    under_way.append(pool.submit(_page, trial, first, last))
        finally:
            for each in under_way:
                each.cancel()


def _page(trial: Trial, first: int, last: int) -> Page:
    return _player(trial).page(first, last)


@cache
def _player(trial: Trial) -> Player:
    """The one player of this process; the child that reads files ends when this process does."""
    return Player(trial, Confined())
