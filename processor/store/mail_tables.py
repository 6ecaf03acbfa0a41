"""Tables of what came in: mails, their bytes, where they arrived, and how far each folder is read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData, UniqueConstraint
from sqlmodel import Field, SQLModel

from processor.store.columns import Utc, Words, index_among

WAITS = "sender_key > 0"
HAS_FORM = "form_digest <> ''"


class Row(SQLModel):
    """The root of our tables, apart from any other SQLModel of the process."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Mail(Row, table=True):
    """A mail by its bytes; ``outcome`` is its own decision's, which may differ from its ticket's.

    ``digest`` and ``form_digest`` (of what its form says) are keyed; the first outlives the bytes, so nothing comes in again.
    ``sender_key`` is who it says that it is from, as a keyed number (fair.py); 0 once it waits no more.  ``own``: we, or a colleague, wrote it.
    """

    __tablename__ = "mail"
    __table_args__ = (
        Index("ix_mail_state_id", "state", "id"),
        Index("ix_mail_state_arrived_at", "state", "arrived_at", "id"),
        Index("ix_mail_state_account_arrived_at", "state", "account", "arrived_at", "id"),
        # Not of mails that wait, which have none of these yet.
        index_among("ix_mail_decided_at", "decided_at", where="decided_at IS NOT NULL"),
        index_among("ix_mail_message_id", "message_id", where="message_id IS NOT NULL"),
        index_among("ix_mail_ticket_id", "ticket_id", where="ticket_id IS NOT NULL"),
        # Few mails bring a form; whoever asks must say so in these words.
        index_among("ix_mail_form_digest", "form_digest", "id", where=HAS_FORM),
        # Of waiting mails alone; whoever asks must say so in these words.
        index_among("ix_mail_waiting_sender", "sender_key", "arrived_at", "id", where=WAITS),
    )

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    sender_key: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    form_digest: str = ""
    size: int = Field(sa_type=BigInteger)
    state: str
    reason: str = Field(default="", sa_type=Words)
    account: str = Field(sa_type=Words)
    folder: str = Field(sa_type=Words)
    purpose: str = Field(default="", sa_type=Words)
    junk: bool = False
    arrived_at: datetime = Field(sa_type=Utc)
    kept_at: datetime = Field(sa_type=Utc)
    decided_at: datetime | None = Field(default=None, sa_type=Utc)
    message_id: str | None = Field(default=None, sa_type=Words)
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id")
    outcome: str = ""
    duplicate: bool = False
    own: bool = False
    tries: int = 0
    claimed_by: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_type=Utc)


class RawMail(Row, table=True):
    """A mail's bytes, apart from the hot table; not ``whole`` when only its header could be had."""

    __tablename__ = "raw_mail"

    mail_id: int = Field(primary_key=True, foreign_key="mail.id")
    whole: bool = True
    # Last, since SQLite reads a row from its beginning.
    content: bytes = Field(sa_type=LargeBinary)


class RawPart(Row, table=True):
    """A piece of at most 1 MB of a mail too large to hold in memory; numbers count from 1."""

    __tablename__ = "raw_part"

    mail_id: int = Field(primary_key=True, foreign_key="mail.id")
    number: int = Field(primary_key=True)
    content: bytes = Field(sa_type=LargeBinary)


class RawKey(Row, table=True):
    """The key under which a mail's bytes are sealed, wrapped under the operator's of the name ``key_id``.

    A mail without such a row lies in clear.  Apart from the bytes, so that a new operator's key rewrites none of them.
    """

    __tablename__ = "raw_key"

    mail_id: int = Field(primary_key=True, foreign_key="mail.id")
    key_id: str = Field(index=True)
    wrapped: str


class ArrivalRow(Row, table=True):
    """Where a mail was seen.  ``reuse`` counts the times the server gave the same UID to another mail."""

    __tablename__ = "arrival"
    __table_args__ = (
        UniqueConstraint("account", "folder", "uidvalidity", "uid", "reuse"),
        Index("ix_arrival_owed", "account", "folder", "uidvalidity", "done"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account: str = Field(sa_type=Words)
    folder: str = Field(sa_type=Words)
    uidvalidity: int = Field(sa_type=BigInteger)
    uid: int = Field(sa_type=BigInteger)
    reuse: int = 0
    internaldate: datetime | None = Field(default=None, sa_type=Utc)
    size: int = Field(sa_type=BigInteger)
    mail_id: int = Field(foreign_key="mail.id", index=True)
    seen_at: datetime = Field(sa_type=Utc)
    done: bool = False
    done_at: datetime | None = Field(default=None, sa_type=Utc)


class Letter(Row, table=True):
    """A letter (keyed digest of Message-ID, From, Date and new text) and the ticket that it made or joined."""

    __tablename__ = "letter"

    digest: str = Field(primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    mail_id: int = Field(foreign_key="mail.id")


class Mailbox(Row, table=True):
    """An account and the time of its first start: nothing that arrived earlier is answered.

    ``seen_at`` is when its folders were last read to their ends.
    """

    __tablename__ = "mailbox"

    account: str = Field(primary_key=True, sa_type=Words)
    answer_from: datetime = Field(sa_type=Utc)
    seen_at: datetime | None = Field(default=None, sa_type=Utc)


class OutageRow(Row, table=True):
    """A time in which an account's folders were not read, because the program or the server stood still."""

    __tablename__ = "outage"

    id: int | None = Field(default=None, primary_key=True)
    account: str = Field(sa_type=Words, index=True)
    began_at: datetime = Field(sa_type=Utc)
    ended_at: datetime = Field(sa_type=Utc)


class WatermarkRow(Row, table=True):
    """How far a folder has been read under one UIDVALIDITY."""

    __tablename__ = "watermark"

    account: str = Field(primary_key=True, sa_type=Words)
    folder: str = Field(primary_key=True, sa_type=Words)
    uidvalidity: int = Field(sa_type=BigInteger)
    last_uid: int = Field(sa_type=BigInteger)


class RegisterContact(Row, table=True):
    """An address or a domain (lower case) known as a customer's."""

    __tablename__ = "register_contact"

    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True, sa_type=Words)
    added_at: datetime = Field(sa_type=Utc)
