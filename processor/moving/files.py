"""Mails out of a Maildir or a tree of .eml files, in the order of their paths."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from processor.moving.found import Found, wire
from processor.moving.mbox import HEAD, HELD, PIECE

EMPTY = "the file is empty"
DRAFT = "it is a draft, which nobody sent"


class Tree:
    """A folder with everything below it: Maildirs (Maildir++ too) give what is in ``new`` and ``cur``, other
    folders their ``*.eml``.  A position is the path of the last mail, as the folder sees it.
    """

    unit = "mails"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = f"folder {path.absolute()}"
        self.mark = ""
        self.paths = sorted(_mails(path))
        self.size = len(self.paths)

    def done_at(self, position: str) -> int:
        """How many paths come before the next one."""
        return bisect_right(self.paths, position)

    def mails(self, after: str) -> Iterator[Found]:
        """The mails behind a path, each read when it is asked for."""
        for number, path in enumerate(self.paths, 1):
            if path > after:
                yield self._found(path, number)

    def _found(self, path: str, number: int) -> Found:
        file = self.path / path
        parent = file.parent.parent if file.parent.name in ("cur", "new") else file.parent
        folder = str(Path(self.path.name) / parent.relative_to(self.path))
        if "D" in path.rpartition(":2,")[2] and ":2," in path:
            return Found(path, path, number, fault=DRAFT)
        try:
            size = file.stat().st_size
            if size > HELD:
                with file.open("rb") as opened:
                    head = opened.read(HEAD)
                place = (0, number)
                return Found(
                    path, path, number, folder, size=size, head=head, pieces=lambda: _pieces(file), place=place
                )
            raw = wire(file.read_bytes())
        except OSError as error:
            return Found(path, path, number, fault=f"it cannot be read: {error.strerror or error}")
        if not raw.strip():
            return Found(path, path, number, fault=EMPTY)
        return Found(path, path, number, folder, raw=raw, size=len(raw))


class OneMail(Tree):
    """A single .eml file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.parent)
        self.name = f"file {path.absolute()}"
        self.paths = [path.name]
        self.size = 1


def _mails(path: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(path):
        here = Path(folder)
        maildir = here.name in ("cur", "new") and (here.parent / "cur").is_dir() and (here.parent / "new").is_dir()
        if here.name == "tmp" and (here.parent / "cur").is_dir():
            folders.clear()
            continue
        for file in files:
            if (maildir and not file.startswith(".")) or file.lower().endswith(".eml"):
                yield str((here / file).relative_to(path))


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            yield piece
