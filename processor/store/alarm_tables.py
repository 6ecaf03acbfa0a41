"""The tables of alarms: which are raised, what of them is told by which way, and what the world fails with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field

from processor.store.columns import Utc, Words
from processor.store.mail_tables import Row


class AlarmRow(Row, table=True):
    """An alarm's last episode (processor/alarm.py); ``version`` grows with each change, so that one daemon makes it."""

    __tablename__ = "alarm"

    kind: str = Field(primary_key=True)
    subject: str = Field(primary_key=True, sa_type=Words)
    facts: str = Field(default="{}", sa_type=Words)
    raised_at: datetime = Field(sa_type=Utc)
    told_at: datetime = Field(sa_type=Utc)
    away_since: datetime | None = Field(default=None, sa_type=Utc)
    cleared_at: datetime | None = Field(default=None, sa_type=Utc)
    flaps: int = 0
    version: int = 1


class AlarmNoticeRow(Row, table=True):
    """One alarm told by one way: ``waiting`` (for its time), ``sent``, ``replaced`` by a newer one, or ``given_up``."""

    __tablename__ = "alarm_notice"
    __table_args__ = (Index("ix_alarm_notice_state_due", "state", "due_at"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str = Field(sa_type=Words)
    event: str
    facts: str = Field(default="{}", sa_type=Words)
    way: str = Field(sa_type=Words)
    state: str
    raised_at: datetime = Field(sa_type=Utc)
    made_at: datetime = Field(sa_type=Utc)
    due_at: datetime = Field(sa_type=Utc)
    claimed_until: datetime | None = Field(default=None, sa_type=Utc)
    tries: int = 0
    error: str = Field(default="", sa_type=Words)
    ended_at: datetime | None = Field(default=None, sa_type=Utc)


class TroubleRow(Row, table=True):
    """What a server fails with now; ``name`` is ``mailbox/ACCOUNT`` or ``delivery``.  Gone once it works again."""

    __tablename__ = "trouble"

    name: str = Field(primary_key=True, sa_type=Words)
    kind: str
    said: str = Field(default="", sa_type=Words)
    since: datetime = Field(sa_type=Utc)
    seen_at: datetime = Field(sa_type=Utc)
