"""Each fuzz target for a short while, and all bytes that once broke a promise; `make fuzz` goes on for longer."""

from __future__ import annotations

import pytest

from tests.fuzz import run
from tests.fuzz.run import BrokenError, fuzz, kept, tried
from tests.fuzz.targets import TARGETS, Target

FEW = {"fields": 30, "patterns": 60, "rules": 40}


@pytest.mark.parametrize("name", TARGETS)
def test_no_damaged_bytes_break_a_promise(name: str) -> None:
    tries = FEW.get(name, 200)
    assert fuzz(name, 120.0, tries, seed=20261126) == tries


@pytest.mark.parametrize("name", TARGETS)
def test_what_once_broke_a_promise_does_so_no_more(name: str) -> None:
    for data in kept(name):
        tried(name, TARGETS[name], data)


def test_a_broken_promise_is_told_and_its_bytes_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(run, "CORPUS", tmp_path_factory.mktemp("corpus"))
    for target in (
        Target(lambda _: "wrong", lambda: [b"x"]),
        Target(lambda data: data.decode("ascii"), lambda: [b"x"]),
    ):
        with pytest.raises(BrokenError, match="the bytes are kept"):
            tried("mime", target, b"\xff")
    assert kept("mime") == [b"\xff"]
