"""Tables of notices to staff: who wants which, and of which actions each was told."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from processor.store.columns import Utc, Words
from processor.store.mail_tables import Row


class NoticeWish(Row, table=True):
    """What a person wants to be written: to which address, the daily digest, the urgent ones.

    No urgent one leaves from the hour ``quiet_from`` until ``quiet_to`` of Oslo's clock; equal ones are no quiet time.
    """

    __tablename__ = "notice_wish"

    person_id: int = Field(primary_key=True, foreign_key="person.id")
    address: str = Field(sa_type=Words)
    digest: bool = False
    urgent: bool = False
    quiet_from: int = 20
    quiet_to: int = 7


class NoticeTold(Row, table=True):
    """A person was told that this action is urgent; once is enough."""

    __tablename__ = "notice_told"

    person_id: int = Field(primary_key=True, foreign_key="person.id")
    action_id: int = Field(primary_key=True, foreign_key="action.id", index=True)
    at: datetime = Field(sa_type=Utc)
