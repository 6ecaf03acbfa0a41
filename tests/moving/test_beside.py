"""Batches come back in their order, whatever a mail does to the process that reads it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from processor.moving import beside
from processor.moving.beside import Batch, Recipe, read_beside
from processor.moving.found import Found, Owner

RECIPE = Recipe(Path("config.toml"), Owner("a"), datetime(2026, 11, 26, tzinfo=UTC))


class Reader:
    """Gives each mail's name back; one named poison kills its process."""

    def past(self, found: Found) -> str:
        if found.name == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        return f"read {found.name}"


@pytest.fixture(autouse=True)
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that know this reader, since they are forks of this one."""
    fork = multiprocessing.get_context("fork")
    monkeypatch.setattr(beside, "_reader", lambda _: Reader())
    monkeypatch.setattr("processor.moving.beside.multiprocessing.get_context", lambda _: fork)


def batches(*names: str) -> Iterator[Batch]:
    return ([Found(each, "", 0, fault="known" if each == "known" else "") for each in name.split()] for name in names)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_mail_that_kills_its_process_is_named_and_the_others_are_read() -> None:
    names = [f"{n} {n}b" for n in range(8)]
    names[3] = "3 poison 3b"
    found = list(read_beside(RECIPE, batches(*names), 2))
    assert [" ".join(each.name for each in batch) for batch, _ in found] == names
    assert found[3][1] == ["read 3", beside.KILLED, "read 3b"]
    assert [result for n, (_, result) in enumerate(found) if n != 3] == [
        [f"read {n}", f"read {n}b"] for n in range(8) if n != 3
    ]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_only_some_batches_are_taken_from_the_source_at_once() -> None:
    taken: list[str] = []
    waiting = threading.Event()

    def source() -> Iterator[Batch]:
        for n in range(50):
            taken.append(str(n))
            yield [Found(str(n), "", 0)]
        waiting.set()

    under_way = read_beside(RECIPE, source(), 2)
    next(under_way)
    assert len(taken) <= 2 * beside.AHEAD + 1
    assert len(list(under_way)) == 49
    assert waiting.is_set()


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_is_no_mail_to_read_keeps_its_reason(jobs: int) -> None:
    ((_, result),) = read_beside(RECIPE, batches("a known b"), jobs)
    assert result == ["read a", "known", "read b"]
