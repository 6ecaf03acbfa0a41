"""A decided mail on its way into the store, and where it landed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from processor.findings import Understanding
from processor.message import Message
from processor.ticket import Context, Decision, Level


class NumberTakenError(Exception):
    """A new ticket's number is in use already (one chance in 10^12 a ticket); decide the mail anew with another."""


class OvertakenRequestError(Exception):
    """Another worker has just recorded a request for the same contract; decide the mail anew, so that it joins."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was known of requests that a mail might repeat: items up to ``newest``, of a ``side``.

    The side is how the addresses end that may join ("@fjordbygg-demo.no", or one whole address).
    """

    newest: int
    side: str
    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Record:
    """A decided mail.

    ``ticket_no`` is the number of its ticket if it gets one of its own.  ``level`` is the lowest of its
    items'.  The reply, if any, leaves from ``envelope_from`` (``""`` is the null sender of RFC 3834)
    and not by itself after ``leave_before``; those to one ``reply_domain`` are counted together.
    ``looked`` is None where it makes no request that another mail may repeat.
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
    reply_domain: str = ""
    looked: Looked | None = None


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
