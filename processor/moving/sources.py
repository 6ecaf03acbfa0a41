"""What a path holds, told by what is in it: an mbox, a folder, one mail, or another system's export."""

from __future__ import annotations

from pathlib import Path

from processor.moving.exports import Export, dialect_of
from processor.moving.files import OneMail, Tree
from processor.moving.found import Source
from processor.moving.mbox import FIELD, Mbox

SNIFF = 65_536


class NoSourceError(Exception):
    """A path is none of what can be taken in; the text says what it is, in a sentence."""


def source_of(path: Path, dialect: str = "") -> Source:
    """The source at a path; ``dialect`` names the other system of an export, ``""`` tells it by its fields.

    Raises NoSourceError.
    """
    try:
        if path.is_dir():
            return _folder(path)
        with path.open("rb") as file:
            head = file.read(SNIFF)
    except OSError as error:
        raise NoSourceError(f"{path}: {error.strerror or error}.") from None
    if not head.strip():
        raise NoSourceError(f"{path}: the file is empty.")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if dialect or start in (b"{", b"["):
        return _export(path, dialect)
    if head.startswith(b"From ") or path.suffix == ".mbox":
        return Mbox(path)
    if path.suffix.lower() == ".eml" or FIELD.match(head):
        return OneMail(path)
    raise NoSourceError(f"{path}: neither an mbox, nor a mail, nor an export of Zammad or Zendesk.")


def _folder(path: Path) -> Source:
    tree = Tree(path)
    if not tree.paths:
        raise NoSourceError(f"{path}: the folder holds no Maildir and no .eml file; name an mbox file itself.")
    return tree


def _export(path: Path, dialect: str) -> Source:
    found = dialect or dialect_of(path)
    if not found:
        raise NoSourceError(
            f"{path}: its first object is no ticket of Zammad (with articles) and none of Zendesk (with comments)."
        )
    return Export(path, found)
