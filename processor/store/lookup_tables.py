"""The table of what outside registers answered lately."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from processor.store.columns import Utc, Words
from processor.store.mail_tables import Row


class LookupRow(Row, table=True):
    """The last answer of a register about an organisation number, as JSON; only answers, never their absence."""

    __tablename__ = "lookup"

    kind: str = Field(primary_key=True)
    org_no: str = Field(primary_key=True)
    asked_at: datetime = Field(sa_type=Utc, index=True)
    answer: str = Field(sa_type=Words)
