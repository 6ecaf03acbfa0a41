"""Tables of what goes out: the outbox and its attempts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from processor.store.columns import Utc, Words
from processor.store.mail_tables import Row


class OutboxRow(Row, table=True):
    """A reply.  Its key is item, kind and issue; ``answers_mail_id`` makes the automatic reply of a mail one.

    ``recipient_domain`` is the organisation's, "" for a domain of the public and where no limit counts it.
    ``automatic`` is false as soon as a person stands behind the row.  ``by_person``: a person wrote the
    letter or let this very one go, so that it does not leave as an automatic one (RFC 3834 section 5); to send it
    again, or to let go all that a restore held, is no such thing.  ``due_at`` is when a retry or a hold ends; after
    ``leave_before`` an automatic row is too old to leave.  ``fence`` grows with each claim, so that a late worker's
    writes fail.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("item_id", "kind", "issue"),
        Index("ix_outbox_state_due", "state", "due_at"),
        # These answer the limits' questions by themselves, without the rows.
        Index("ix_outbox_recipient_created", "recipient", "created_at", "automatic", "state"),
        Index("ix_outbox_domain_created", "recipient_domain", "created_at", "automatic", "state"),
        Index("ix_outbox_created", "created_at", "automatic", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    ticket_no: str
    mail_id: int | None = Field(default=None, foreign_key="mail.id")
    item_id: int | None = Field(default=None, foreign_key="item.id")
    answers_mail_id: int | None = Field(default=None, foreign_key="mail.id", unique=True)
    kind: str
    issue: int = 1
    state: str
    hold_reason: str = Field(default="", sa_type=Words)
    automatic: bool = True
    by_person: bool = False
    approved_by: str = Field(default="", sa_type=Words)
    recipient: str = Field(sa_type=Words)
    recipient_domain: str = Field(default="", sa_type=Words)
    to_addr: str = Field(sa_type=Words)
    envelope_from: str = Field(default="", sa_type=Words)
    subject: str = Field(sa_type=Words)
    text: str = Field(sa_type=Words)
    html: str = Field(default="", sa_type=Words)
    template: str = ""
    language: str = ""
    message_id: str = Field(unique=True)
    in_reply_to: str = Field(default="", sa_type=Words)
    refs: str = Field(default="", sa_type=Words)
    created_at: datetime = Field(sa_type=Utc)
    changed_at: datetime = Field(sa_type=Utc)
    due_at: datetime | None = Field(default=None, sa_type=Utc)
    leave_before: datetime | None = Field(default=None, sa_type=Utc)
    attempted_at: datetime | None = Field(default=None, sa_type=Utc, index=True)
    claimed_by: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_type=Utc)
    fence: int = 0
    tries: int = 0
    error: str = Field(default="", sa_type=Words)
    response: str = Field(default="", sa_type=Words)


class OutboxFile(Row, table=True):
    """A file that leaves with a mail, in its order; ``kind`` is its media type.

    ``wrapped`` is its key under the operator's of the name ``key_id``; both are empty where it lies in clear.
    """

    __tablename__ = "outbox_file"

    outbox_id: int = Field(primary_key=True, foreign_key="outbox.id")
    number: int = Field(primary_key=True)
    name: str = Field(sa_type=Words)
    kind: str = Field(sa_type=Words)
    content: bytes = Field(sa_type=LargeBinary)
    key_id: str = Field(default="", index=True)
    wrapped: str = ""


class OutboxAttempt(Row, table=True):
    """Written before the first byte of DATA, so that a crash leaves its trace."""

    __tablename__ = "outbox_attempt"
    __table_args__ = (UniqueConstraint("outbox_id", "fence"),)

    id: int | None = Field(default=None, primary_key=True)
    outbox_id: int = Field(foreign_key="outbox.id")
    fence: int
    host: str = Field(sa_type=Words)
    message_id: str
    at: datetime = Field(sa_type=Utc)
    outcome: str = ""
    response: str = Field(default="", sa_type=Words)
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
