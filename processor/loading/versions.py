"""A version for each rule row, so that "which version of which rule decided this" has an answer.

A row's version is the digest of what it says itself: its condition, what it does, and the words of its
template.  The version of the whole rulebook changes with any file, so it alone would make every rule new.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from processor.rulebook import Row, Rulebook

SHORT = 8


def row_versions(rulebook: Rulebook, templates_dir: Path) -> dict[str, tuple[str, str, str]]:
    """Each row's version, its condition and its reply, by its name; ``templates_dir`` is the rulebook's own."""
    rows = [row for kind in rulebook.types.values() for row in kind.rows]
    return {row.name: (_version(row, templates_dir), row.when, row.reply) for row in rows}


def _version(row: Row, templates_dir: Path) -> str:
    digest = hashlib.sha256()
    for part in _parts(row, templates_dir):
        digest.update(part + b"\0")
    return digest.hexdigest()[:SHORT]


def _parts(row: Row, templates_dir: Path) -> Iterator[bytes]:
    yield from (each.encode() for each in (row.when, row.reply, row.reply_kind, *row.asks))
    yield from (
        f"{each.kind} {each.needs} {each.due_days} {each.confirm} {each.due_months}".encode() for each in row.actions
    )
    yield repr(row.follow_up).encode()
    for template in dict.fromkeys((row.reply, *(each.confirm for each in row.actions))):
        folder, _, name = template.partition("/")
        for path in sorted((templates_dir / folder).glob(f"{name}.*.txt")) if name else ():
            yield path.name.encode()
            yield path.read_bytes()
