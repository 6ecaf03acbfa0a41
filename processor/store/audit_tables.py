"""Tables of the audit chain and of what privacy asks for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field

from processor.store.columns import Utc, Words
from processor.store.mail_tables import Row


class Seal(Row, table=True):
    """A link of the audit chain over a run of events; the database refuses to change or delete it.

    ``listed`` has a line for each event, its id and the SHA-256 of its canonical bytes.  ``head`` is one line with
    the digest of the seal before and that of ``listed``; ``digest`` is the SHA-256 of ``head``.
    """

    __tablename__ = "seal"

    id: int | None = Field(default=None, primary_key=True)
    last_event: int = Field(index=True)
    head: str = Field(sa_type=Text)
    digest: str
    listed: str = Field(sa_type=Text)


class LegalHold(Row, table=True):
    """A ticket that nothing may be erased of, neither by schedule nor on request, until it is released."""

    __tablename__ = "legal_hold"

    ticket_id: int = Field(primary_key=True, foreign_key="ticket.id")
    at: datetime = Field(sa_type=Utc)
    actor: str = Field(sa_type=Words)
    reason: str = Field(default="", sa_type=Words)


class Erasure(Row, table=True):
    """A mail whose bytes were erased, and if ``whole`` all personal text that was read from it too."""

    __tablename__ = "erasure"

    mail_id: int = Field(primary_key=True, foreign_key="mail.id")
    at: datetime = Field(sa_type=Utc)
    whole: bool
    why: str
