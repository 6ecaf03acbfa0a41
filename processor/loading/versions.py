"""A version for each rule row, so that "which version of which rule decided this" has an answer.

A row's version is the digest of what it says itself: its condition, what it does, and the words of its
template.  The version of the whole rulebook changes with any file, so it alone would make every rule new.
Automatic mail is told by no row but by the program itself, from headers and the patterns of data/automatic.toml:
each kind of it has the version of its patterns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from processor.rulebook import AUTOMATIC_OWNER, Pattern, Row, Rulebook

SHORT = 8
BY_THE_PROGRAM = "the program's own guard: headers, and [[{kind}]] of data/automatic.toml"


def row_versions(rulebook: Rulebook, templates_dir: Path) -> dict[str, tuple[str, str, str]]:
    """Each row's version, its condition and its reply, by its name; ``templates_dir`` is the rulebook's own."""
    rows = [row for kind in rulebook.types.values() for row in kind.rows]
    own = {
        AUTOMATIC_OWNER + kind: (_digest(_patterns(patterns)), BY_THE_PROGRAM.format(kind=kind), "")
        for kind, patterns in rulebook.vocabulary.automatic.items()
    }
    return own | {row.name: (_digest(_parts(row, templates_dir)), row.when, row.reply) for row in rows}


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part + b"\0")
    return digest.hexdigest()[:SHORT]


def _patterns(patterns: Iterable[Pattern]) -> Iterator[bytes]:
    for each in patterns:
        yield f"{each.name} {each.weight} {each.where}".encode()
        yield from (part.pattern.encode() if part else b"" for part in (each.any, each.unless, each.also, each.mail))


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
