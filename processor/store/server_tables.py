"""Tables of what others do in a mailbox that we read, and of what its server held when we compared."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from processor.store.columns import Utc, Words, index_among
from processor.store.mail_tables import Row

UNREAD = "ticket_id IS NOT NULL AND text_read = false"


class ColleagueReply(Row, table=True):
    """A mail of the Sent folder that is not ours and names other mails.

    ``digest`` is keyed, of its Message-ID (of its place where it has none).  Until the mail that it answers is
    decided here ``ticket_id`` is None, and ``colleague_reference`` holds what it names.  ``recipients`` are
    addr-specs with spaces between.  ``answered``: it went to the customer.  ``text_read``: ``text`` holds its words,
    or the server has it no more.
    """

    __tablename__ = "colleague_reply"
    __table_args__ = (index_among("ix_colleague_reply_unread", "account", where=UNREAD),)

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    account: str = Field(sa_type=Words)
    folder: str = Field(sa_type=Words)
    uidvalidity: int = Field(sa_type=BigInteger)
    uid: int = Field(sa_type=BigInteger)
    message_id: str | None = Field(default=None, sa_type=Words, index=True)
    sender: str = Field(default="", sa_type=Words)
    recipients: str = Field(default="", sa_type=Words)
    subject: str = Field(default="", sa_type=Words)
    sent_at: datetime = Field(sa_type=Utc)
    seen_at: datetime = Field(sa_type=Utc)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id", index=True)
    mail_id: int | None = Field(default=None, foreign_key="mail.id")
    answered: bool = False
    text_read: bool = False
    text: str = Field(default="", sa_type=Words)


class ColleagueReference(Row, table=True):
    """A Message-ID that a colleague's reply names and that leads to no ticket yet; place 0 is the nearest."""

    __tablename__ = "colleague_reference"

    reply_id: int = Field(primary_key=True, foreign_key="colleague_reply.id")
    place: int = Field(primary_key=True)
    message_id: str = Field(sa_type=Words, index=True)


class SentCopy(Row, table=True):
    """That a reply of ours that a server took is to lie in the account's Sent folder, one row for each reply.

    ``state`` is ``waiting``, ``done`` (it lies there, whoever put it), ``none`` (the account wants no copies) or
    ``given_up``.  ``dated_at`` is its Date header, so that the copy has the bytes that left.
    """

    __tablename__ = "sent_copy"
    __table_args__ = (Index("ix_sent_copy_state_account_due", "state", "account", "due_at"),)

    outbox_id: int = Field(primary_key=True, foreign_key="outbox.id")
    account: str = Field(sa_type=Words)
    state: str = "waiting"
    dated_at: datetime = Field(sa_type=Utc)
    due_at: datetime = Field(sa_type=Utc)
    tries: int = 0
    error: str = Field(default="", sa_type=Words)
    folder: str = Field(default="", sa_type=Words)
    done_at: datetime | None = Field(default=None, sa_type=Utc)


class ReconciliationRow(Row, table=True):
    """The last complete comparison of a folder with what we kept of it.

    ``next_uid`` is the first UID that the server had not given out then.  ``counts`` and ``examples`` are canonical
    JSON by the kind of difference: how many, and the first UIDs.
    """

    __tablename__ = "reconciliation"

    account: str = Field(primary_key=True, sa_type=Words)
    folder: str = Field(primary_key=True, sa_type=Words)
    uidvalidity: int = Field(sa_type=BigInteger)
    next_uid: int = Field(sa_type=BigInteger)
    began_at: datetime = Field(sa_type=Utc)
    swept_at: datetime = Field(sa_type=Utc)
    held: int
    counts: str = "{}"
    examples: str = "{}"
