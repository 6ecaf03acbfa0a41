"""Tables of the desk: who is signed in, links to sign in by, failures, who holds a ticket, and what is searched."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from processor.store.columns import Utc, Words
from processor.store.mail_tables import Row


class SessionRow(Row, table=True):
    """A signed-in browser, by the SHA-256 of its cookie; without the row the cookie is worth nothing.

    ``browser`` is what it says of itself, in short; ``way`` is how the person signed in (sessions.py).
    """

    __tablename__ = "desk_session"

    digest: str = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    made_at: datetime = Field(sa_type=Utc)
    seen_at: datetime = Field(sa_type=Utc)
    ends_at: datetime = Field(sa_type=Utc)
    browser: str = Field(default="", sa_type=Words)
    way: str = ""


class LinkRow(Row, table=True):
    """A link by which a person sets a password, once; by the SHA-256 of its secret."""

    __tablename__ = "desk_link"

    digest: str = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    made_at: datetime = Field(sa_type=Utc)
    ends_at: datetime = Field(sa_type=Utc)


class FailureRow(Row, table=True):
    """Failed sign-ins in a row for a name (by its keyed digest), whether or not somebody is called so."""

    __tablename__ = "desk_failure"

    digest: str = Field(primary_key=True)
    failed: int
    last_at: datetime = Field(sa_type=Utc)
    locked_until: datetime | None = Field(default=None, sa_type=Utc)


class HolderRow(Row, table=True):
    """Who has taken a ticket on."""

    __tablename__ = "ticket_holder"

    ticket_id: int = Field(primary_key=True, foreign_key="ticket.id")
    person_id: int = Field(foreign_key="person.id", index=True)
    at: datetime = Field(sa_type=Utc)


class PresenceRow(Row, table=True):
    """Somebody has a ticket open, as far as is known ``until`` then."""

    __tablename__ = "ticket_presence"

    ticket_id: int = Field(primary_key=True, foreign_key="ticket.id")
    person_id: int = Field(primary_key=True, foreign_key="person.id")
    until: datetime = Field(sa_type=Utc)


class SearchText(Row, table=True):
    """A mail's words, one space between, which the database's own full-text index is over; erased with its mail."""

    __tablename__ = "search_text"

    mail_id: int = Field(primary_key=True, foreign_key="mail.id")
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    words: str = Field(sa_type=Words)
