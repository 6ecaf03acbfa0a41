"""A decided mail on its way into the store, and where it landed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from processor.findings import Understanding
from processor.message import Message
from processor.ticket import Context, Decision, Level


class NumberTakenError(Exception):
    """A new ticket's number is in use already (one chance in 10^12 a ticket); decide the mail anew with another."""


@dataclass(frozen=True, slots=True)
class Record:
    """A decided mail.

    ``ticket_no`` is the number of its ticket if it gets one of its own.  ``level`` is the lowest of its
    items'.  The reply, if any, leaves from ``envelope_from`` (``""`` is the null sender of RFC 3834)
    and not by itself after ``leave_before``.
    """

    mail_id: int
    ticket_no: str
    joins_ticket_id: int | None
    message: Message
    understanding: Understanding
    decision: Decision
    context: Context
    level: Level
    stopped: bool
    reply_message_id: str
    sender_spec: str
    now: datetime
    envelope_from: str = ""
    leave_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The ticket a mail is in now.  ``duplicate``: an equal letter, or the same mail, was recorded before."""

    mail_id: int
    ticket_id: int
    ticket_no: str
    outbox_id: int | None
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a mail lands: ``fresh`` ones make items and a reply, ``decided_before`` ones change nothing.

    ``early`` mails arrived before the first start of their mailbox and are never answered by themselves.
    """

    ticket_id: int
    ticket_no: str
    fresh: bool
    joined: bool = False
    decided_before: bool = False
    early: bool = False
