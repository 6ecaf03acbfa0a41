"""A mail as a source of history shows it, and what every source can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from processor.store.history import PastNote

KNOWN, NOTES_ONLY = "known", "notes_only"
"""Why there is no mail to read that is no fault: it is here already; a ticket of another system has notes alone."""


@dataclass(frozen=True, slots=True)
class Found:
    """A mail, or in ``fault`` why there is none, and the source's ``position`` behind it.

    ``raw`` is None for a mail too large to hold: ``pieces`` gives its bytes, to be used before the next mail is asked
    for, and ``head`` its beginning.  ``at`` is what the source says of its time and ``at_from`` what that is: server,
    separator or export.  ``own`` is None where the mail itself must tell who wrote it.  ``done`` is how far the source
    is read, in its own unit.  ``lacking`` counts files that another system names and does not give.
    """

    name: str
    position: str
    done: int
    folder: str = ""
    raw: bytes | None = field(default=None, repr=False)
    size: int = 0
    head: bytes = field(default=b"", repr=False)
    pieces: Callable[[], Iterator[bytes]] | None = field(default=None, repr=False)
    fault: str = ""
    at: datetime | None = None
    at_from: str = ""
    own: bool | None = None
    thread: str = ""
    open: bool = False
    place: tuple[int, int] | None = None
    kept_as: int | None = None
    notes: tuple[PastNote, ...] = ()
    lacking: int = 0


class Source(Protocol):
    """Where mails of the time before us lie.

    ``name`` is its kind and place, ``mark`` tells another one under the same name, ``size`` is how much there is in
    its ``unit``, 0 if nobody knows before the end.
    """

    name: str
    mark: str
    size: int
    unit: str

    def done_at(self, position: str) -> int:
        """How much of it lies before a position, in its unit."""

    def mails(self, after: str) -> Iterator[Found]:
        """The mails behind a position, ``""`` for all.  Raises OSError or Failure where the source itself fails."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose mail a source holds: the account it is attributed to, and its purpose."""

    account: str
    purpose: str = ""


def wire(raw: bytes) -> bytes:
    """The bytes as a server sends them: files of this machine end lines with LF, and digests must be the same."""
    return raw if b"\r\n" in raw else raw.replace(b"\n", b"\r\n")
