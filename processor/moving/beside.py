"""Batches of mails handed to processes that read and understand them, and taken back in their order.

Each process loads the rules by itself.  Only so many batches are under way at once that memory stays flat, however
large the archive is.  A mail that kills its process is told apart, by trying its batch again mail by mail.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import chain, islice
from pathlib import Path

from processor.loading.configuration import load_config
from processor.loading.rules import load_rulebook
from processor.moving.found import Found, Owner
from processor.moving.past import Reader
from processor.store.history import PastMail

AHEAD = 3
"""Batches that wait for each process."""
KILLED = "reading it killed the process"


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a process needs to make its Reader."""

    config: Path
    owner: Owner
    now: datetime


Batch = Sequence[Found]
Result = list[PastMail | str]


def read_beside(
    recipe: Recipe, batches: Iterator[Batch], jobs: int, reader: Reader | None = None
) -> Iterator[tuple[Batch, Result]]:
    """Each batch with what its mails are, in the order of the batches; ``jobs`` 1 reads in this process.

    ``reader`` is one that this process has already.
    """
    first = list(islice(batches, 2))
    # Processes take a second to start, which a single batch is not worth.
    if jobs < 2 or len(first) < 2:
        for batch in chain(first, batches):
            yield batch, _read(recipe, batch, reader)
        return
    pool = _Pool(jobs)
    under_way: deque[tuple[Batch, Future[Result]]] = deque()
    try:
        for batch in chain(first, batches):
            under_way.append((batch, pool.submit(recipe, batch)))
            if len(under_way) > jobs * AHEAD:
                yield pool.result(recipe, under_way)
        while under_way:
            yield pool.result(recipe, under_way)
    finally:
        pool.end()


class _Pool:
    """The processes, which are started anew when a mail has killed one of them."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self.pool = self._start(jobs)

    def submit(self, recipe: Recipe, batch: Batch) -> Future[Result]:
        # What streams a large mail stays here: its beginning is enough, and a function cannot be sent.
        sent = [replace(each, pieces=None) for each in batch]
        try:
            return self.pool.submit(_read, recipe, sent)
        except BrokenProcessPool as error:
            broken: Future[Result] = Future()
            broken.set_exception(error)
            return broken

    def result(self, recipe: Recipe, under_way: deque[tuple[Batch, Future[Result]]]) -> tuple[Batch, Result]:
        batch, future = under_way.popleft()
        try:
            return batch, future.result()
        except BrokenProcessPool:
            self.pool.shutdown(wait=True, cancel_futures=True)
            found = self._one_by_one(recipe, batch)
            self.pool = self._start(self.jobs)
            # All that waited has fallen with the process that died.
            rest = [(other, self.submit(recipe, other)) for other, _ in under_way]
            under_way.clear()
            under_way.extend(rest)
            return batch, found

    def end(self) -> None:
        self.pool.shutdown(wait=True, cancel_futures=True)

    def _one_by_one(self, recipe: Recipe, batch: Batch) -> Result:
        """The mails of a batch in a process of their own, which is started anew where one kills it."""
        found: Result = []
        alone = self._start(1)
        for mail in batch:
            try:
                found += alone.submit(_read, recipe, [replace(mail, pieces=None)]).result()
            except BrokenProcessPool:
                found.append(KILLED)
                alone.shutdown()
                alone = self._start(1)
        alone.shutdown()
        return found

    def _start(self, jobs: int) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"))


def _read(recipe: Recipe, batch: Batch, reader: Reader | None = None) -> Result:
    # The rules take a second to load, which what is known or broken does not need.
    return [each.fault or (reader or _reader(recipe)).past(each) for each in batch]


@cache
def _reader(recipe: Recipe) -> Reader:
    """The one reader of this process, by the rules in force when it first read."""
    config = load_config(recipe.config, passwords=False)
    rulebook = load_rulebook(config.rules_dir, config.templates_dir, config.own_addresses)
    return Reader(config, rulebook, recipe.owner, recipe.now)
