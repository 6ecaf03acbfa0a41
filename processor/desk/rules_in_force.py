"""The rules that the desk writes letters by: read at the first need, and again when a file has changed."""

from __future__ import annotations

import threading
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

from processor.config import Config
from processor.loading.problems import Refused
from processor.loading.rules import load_rulebook
from processor.rulebook import Rulebook

LOOK_SECONDS = 10.0


class RulesInForce:
    """One rulebook for all requests; while new files are broken the old one stays."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._rulebook: Rulebook | None = None
        self._seen: tuple[float, int] = (0.0, 0)
        self._looked = -LOOK_SECONDS
        self._titles: dict[str, Mapping[str, str]] = {}
        self._titles_lock = threading.Lock()
        self._titles_looked = -LOOK_SECONDS

    def rulebook(self) -> Rulebook | None:
        """The rules without the model, which decides nothing here; None while they cannot be read."""
        with self._lock:
            if time.monotonic() - self._looked < LOOK_SECONDS:
                return self._rulebook
            state = _state(self._config)
            if state != self._seen:
                self._seen = state
                self._rulebook = self._load() or self._rulebook
            self._looked = time.monotonic()
            return self._rulebook

    def warm(self) -> None:
        """Read them in the background, so that the first ticket does not wait."""
        threading.Thread(target=self.rulebook, name="rules", daemon=True).start()

    def title(self, type: str, language: str) -> str:
        """What staff call a type of request; its name with spaces where no file says."""
        found = self.titles().get(type, {})
        return found.get(language) or found.get("nb") or type.replace("_", " ")

    def titles(self) -> dict[str, Mapping[str, str]]:
        """The titles of all types, in the order of their rank."""
        with self._titles_lock:
            if time.monotonic() - self._titles_looked > LOOK_SECONDS:
                self._titles = _titles(self._config.rules_dir) or self._titles
                self._titles_looked = time.monotonic()
            return self._titles

    def twins(self) -> frozenset[str]:
        """The types that are called as one of higher rank is, so that nobody could tell them apart in a list."""
        seen: set[tuple[tuple[str, str], ...]] = set()
        found = set()
        for name, title in self.titles().items():
            said = tuple(sorted(title.items()))
            if said in seen:
                found.add(name)
            seen.add(said)
        return frozenset(found)

    def _load(self) -> Rulebook | None:
        config = self._config
        try:
            return load_rulebook(config.rules_dir, config.templates_dir, config.own_addresses, None)
        except Refused:
            # The daemon tells what is wrong with them.
            return None


def _state(config: Config) -> tuple[float, int]:
    """The time of the newest file, and how many there are."""
    files = [
        each for folder in (config.rules_dir, config.templates_dir) for each in folder.rglob("*") if each.is_file()
    ]
    return max((each.stat().st_mtime for each in files), default=0.0), len(files)


def _titles(folder: Path) -> dict[str, Mapping[str, str]]:
    found: list[tuple[int, str, Mapping[str, str]]] = []
    for path in folder.glob("*.toml"):
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        title, rank = told.get("title"), told.get("rank", 0)
        if isinstance(title, dict) and isinstance(rank, int):
            found.append((rank, path.stem, title))
    return {name: title for _, name, title in sorted(found, key=lambda each: each[:2])}
