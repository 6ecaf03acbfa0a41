"""The table of leases: which daemon lives, and which of them reads a mailbox.  Empty on SQLite."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from processor.store.columns import Utc, Words
from processor.store.mail_tables import Row


class LeaseRow(Row, table=True):
    """A lease by the database's clock: over at ``until``, unless its holder renews it before.

    ``name`` is ``mailbox/ACCOUNT``, or ``daemon/HOLDER`` by which a daemon is known to live.  ``fence`` grows
    each time that the lease changes hands and never shrinks, so that a former holder's writes fail.
    ``hands`` is how many workers a daemon has.
    """

    __tablename__ = "lease"

    name: str = Field(primary_key=True, sa_type=Words)
    holder: str = Field(sa_type=Words)
    fence: int = 1
    hands: int = 0
    taken_at: datetime = Field(sa_type=Utc)
    until: datetime = Field(sa_type=Utc)
