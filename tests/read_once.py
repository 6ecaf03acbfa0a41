"""What depends on files' contents alone is read once by each process of the suite: some hundred tests change one line."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import typer.testing

from processor.loading import patterns, rules
from processor.loading.alternatives import by_first_letter
from processor.loading.problems import Problem

T = TypeVar("T")


def read_once() -> None:
    """From now on; what is wrong is told anew each time, since its words may hold the path."""
    _put(rules, "load_model", _by_content)
    _put(rules, "load_vocabulary", _by_content)
    joined = cache(by_first_letter)
    _put(patterns, "by_first_letter", lambda _: lambda texts: joined(tuple(texts)))
    # A tree of a hundred and thirty commands, built at each call.
    _put(typer.testing, "_get_command", cache)


def _put(module: ModuleType, name: str, around: Callable[[Any], Any]) -> None:
    setattr(module, name, around(getattr(module, name)))


def _by_content(load: Callable[[Path], tuple[T, list[Problem]]]) -> Callable[[Path], tuple[T, list[Problem]]]:
    known: dict[str, T] = {}

    def loaded(path: Path) -> tuple[T, list[Problem]]:
        content = _digest(path)
        if content in known:
            return known[content], []
        found, problems = load(path)
        if not problems:
            known[content] = found
        return found, problems

    return loaded


def _digest(path: Path) -> str:
    files = [path] if path.is_file() else sorted(path.glob("*.toml"))
    return sha256(b"\0".join(each.name.encode() + b"\0" + each.read_bytes() for each in files)).hexdigest()
