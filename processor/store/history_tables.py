"""Tables of what was moved in: how far each source is read, and which threads its mails name."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from processor.store.columns import Utc, Words
from processor.store.mail_tables import Row

HISTORY = "history"
"""The outcome of mails and tickets of which nobody decided here."""
IMPORTED = "imported"
"""How an item of history continues the earlier ones: not at all, and no later one continues it."""


class ImportRow(Row, table=True):
    """A source of history (a file, a folder of a server) and the place up to which its mails are kept.

    ``source`` is its kind and its path; ``mark`` tells another file under the same name.  ``position`` is the
    source's own word for how far it is read, ``""`` at the beginning.  ``tally`` is canonical JSON of what became of
    the mails so far.
    """

    __tablename__ = "import_run"

    source: str = Field(primary_key=True, sa_type=Words)
    mark: str
    position: str = Field(default="", sa_type=Words)
    tally: str = Field(default="{}", sa_type=Words)
    began_at: datetime = Field(sa_type=Utc)
    changed_at: datetime = Field(sa_type=Utc)
    ended_at: datetime | None = Field(default=None, sa_type=Utc)


class ThreadName(Row, table=True):
    """A Message-ID that a mail of history names and that has not come (yet), and the ticket of the mail that names it.

    ``ours``: a mail of our own names it, or the ticket of another system bears it.
    """

    __tablename__ = "thread_name"

    message_id: str = Field(primary_key=True, sa_type=Words)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    ours: bool = False
