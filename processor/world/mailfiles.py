"""Mails from files: an .eml, a folder of them, a Maildir or an mbox."""

from __future__ import annotations

import mailbox
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path


def mails(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Yield each mail's name and bytes; None for one that could not be read.

    An .eml is named by its file name, one of an mbox ``box.mbox#3`` (counted from 1).  A folder gives
    its own ``*.eml`` in order of name, a Maildir what is in ``new`` and ``cur``.
    """
    if path.is_dir():
        maildir = (path / "cur").is_dir() and (path / "new").is_dir()
        files = [*path.glob("new/*"), *path.glob("cur/*")] if maildir else path.glob("*.eml")
        for each in sorted(file for file in files if file.is_file()):
            yield each.name, _bytes(each)
    elif _is_mbox(path):
        yield from _mbox(path)
    else:
        yield path.name, _bytes(path)


def _is_mbox(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return path.suffix != ".eml" and file.read(5) == b"From "
    except OSError:
        return False


def _mbox(path: Path) -> Iterator[tuple[str, bytes | None]]:
    with closing(mailbox.mbox(path, create=False)) as box:
        for number, key in enumerate(box.iterkeys(), 1):
            try:
                yield f"{path.name}#{number}", box.get_bytes(key)
            except (OSError, KeyError):
                yield f"{path.name}#{number}", None


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
