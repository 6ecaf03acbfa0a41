"""Tables of access: recovery codes, a sign-in in the middle, API tokens, and webhooks with their deliveries."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from processor.store.columns import Utc, Words
from processor.store.mail_tables import Row


class RecoveryCode(Row, table=True):
    """A code that stands in for the second step once, by its SHA-256; the row goes when it is used."""

    __tablename__ = "recovery_code"

    digest: str = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    made_at: datetime = Field(sa_type=Utc)


class SignInStep(Row, table=True):
    """What a sign-in or an enrolment is in the middle of, by the SHA-256 of the secret that the browser holds.

    ``data`` is JSON; nothing in it is worth anything without ``config.key`` or the browser.
    """

    __tablename__ = "sign_in_step"

    digest: str = Field(primary_key=True)
    kind: str
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    data: str = Field(default="{}", sa_type=Words)
    ends_at: datetime = Field(sa_type=Utc)


class ApiToken(Row, table=True):
    """A program's key to the API, by its SHA-256; ``role`` and ``mailboxes`` bound what its owner may anyway."""

    __tablename__ = "api_token"

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    name: str = Field(sa_type=Words)
    role: str
    mailboxes: str = Field(default="", sa_type=Words)
    made_at: datetime = Field(sa_type=Utc)
    ends_at: datetime = Field(sa_type=Utc)
    seen_at: datetime | None = Field(default=None, sa_type=Utc)


class WebhookMark(Row, table=True):
    """Up to which event a webhook has been told."""

    __tablename__ = "webhook_mark"

    hook: str = Field(primary_key=True, sa_type=Words)
    last_event: int = Field(sa_type=BigInteger)


class WebhookDelivery(Row, table=True):
    """A message to a webhook, the same bytes at each try; ``state`` is waiting, sent or failed.

    ``due_at`` is when it is tried next: a try begins by moving it on, so that no other process tries the same.
    ``status`` is HTTP's of the last answer, 0 without one.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("hook", "event_id"),
        Index("ix_webhook_delivery_state_due_at", "state", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    hook: str = Field(sa_type=Words)
    event_id: int
    message_id: str
    body: str = Field(sa_type=Words)
    state: str
    tries: int = 0
    due_at: datetime = Field(sa_type=Utc)
    status: int = 0
    error: str = Field(default="", sa_type=Words)
    made_at: datetime = Field(sa_type=Utc)
    changed_at: datetime = Field(sa_type=Utc)
