"""Where the example mails beside the rules lie, and by whose eyes they are read.

``examples.toml`` in their folder may say ``authserv_ids`` and ``own_addresses`` (else those of the
configuration hold) and, under ``[owed]``, which examples are not decided as their ``.want`` says yet, and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from processor.loading.patterns import line_of_key, read_toml
from processor.loading.problems import Problem
from processor.loading.rows import nearest

SETTINGS = "examples.toml"
KEYS = ("authserv_ids", "own_addresses", "owed")


@dataclass(frozen=True, slots=True)
class Examples:
    """A folder of example mails.  ``owed`` maps ``<folder>/<name>`` of an example to why it fails."""

    folder: Path
    authserv_ids: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()
    owed: Mapping[str, str] = field(default_factory=dict)

    @property
    def mails(self) -> list[Path]:
        """Every example, in the order of their names."""
        return sorted(self.folder.rglob("*.eml")) if self.folder.is_dir() else []

    def name(self, mail: Path) -> str:
        """An example's name: its path in the folder, without the ending."""
        return mail.relative_to(self.folder).with_suffix("").as_posix()


def examples_beside(rules_dir: Path) -> Path:
    """The folder of the examples: ``examples`` beside the rules; in the program's own repository tests/mails."""
    beside, shipped = rules_dir.parent / "examples", rules_dir.parent / "tests" / "mails"
    return shipped if shipped.is_dir() and not beside.is_dir() else beside


def load_examples(
    folder: Path, authserv_ids: tuple[str, ...], own_addresses: tuple[str, ...]
) -> tuple[Examples, list[Problem]]:
    """The folder with its settings; the configuration's hold where it has none."""
    path = folder / SETTINGS
    if not path.is_file():
        return Examples(folder, authserv_ids, own_addresses), []
    values, problems = read_toml(path)
    for key in values:
        if key not in KEYS:
            problems.append(Problem(path.name, line_of_key(path, key), f"unknown key {key!r}", nearest(key, KEYS)))
    lists = {"authserv_ids": authserv_ids, "own_addresses": own_addresses}
    for key in lists:
        found = values.get(key, list(lists[key]))
        if isinstance(found, list) and all(isinstance(each, str) for each in found):
            lists[key] = tuple(found)
        else:
            problems.append(Problem(path.name, line_of_key(path, key), f"{key} must be a list of texts"))
    owed = values.get("owed", {})
    if not isinstance(owed, dict) or not all(isinstance(why, str) for why in owed.values()):
        problems.append(Problem(path.name, line_of_key(path, "owed"), "owed must say for each example why it fails"))
        owed = {}
    problems += [
        Problem(path.name, line_of_key(path, name), f"there is no example {name!r}")
        for name in owed
        if not (folder / f"{name}.eml").is_file()
    ]
    return Examples(folder, lists["authserv_ids"], lists["own_addresses"], owed), problems
