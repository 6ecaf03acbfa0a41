"""The table of daily counts that the pages of insight are drawn from."""

from __future__ import annotations

from sqlmodel import Field

from processor.store.columns import Words
from processor.store.mail_tables import Row


class DayCountRow(Row, table=True):
    """How often something happened on a day of Oslo's calendar (ISO); nothing of any person is in it.

    ``week`` is the day's Monday.  ``name`` is a request type, or a rule; ``bucket`` an hour, a stretch of time or a state: see ``happened.Measure``.
    ``account`` is the mailbox that the mail came to, so that who sees some mailboxes is shown their numbers alone.
    """

    __tablename__ = "day_count"

    measure: str = Field(primary_key=True)
    day: str = Field(primary_key=True)
    name: str = Field(primary_key=True, sa_type=Words)
    bucket: int = Field(primary_key=True)
    account: str = Field(primary_key=True, sa_type=Words)
    week: str
    count: int
