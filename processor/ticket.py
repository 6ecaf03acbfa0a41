"""Tickets, decisions and what leaves them: plain frozen values and the names of their states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from processor.contract import Basis, Contract
from processor.findings import Fields, Role
from processor.lookup import Lookups
from processor.provenance import Powers, Signature
from processor.rulebook import Needs, ReplyKind
from processor.scan import Scan

Authenticity = Literal["proven", "unproven", "forged"]
Outcome = Literal["answer", "review", "ignore"]


class Level(StrEnum):
    """How much a request type may do alone (design.md, autonomy)."""

    OBSERVE = "observe"
    DRAFT = "draft"
    APPROVE = "approve"
    AUTOMATIC = "automatic"


class MailState(StrEnum):
    KEPT = "kept"
    DECIDED = "decided"
    SET_ASIDE = "set_aside"


class TicketState(StrEnum):
    OPEN = "open"
    WITH_CUSTOMER = "with_customer"
    SNOOZED = "snoozed"
    CLOSED = "closed"
    MERGED = "merged"


class ActionState(StrEnum):
    WAITING = "waiting"
    SECONDED = "seconded"
    APPROVED = "approved"
    DONE = "done"
    HELD = "held"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"

    @property
    def in_words(self) -> str:
        """For staff, who do not know the names of the states."""
        words = {self.SECONDED: "approved by one of two", self.SUPERSEDED: "dropped, since the mail is something else"}
        return words.get(self, self.value)


class OutboxState(StrEnum):
    DRAFT = "draft"
    HELD = "held"
    READY = "ready"
    SENDING = "sending"
    SENT = "sent"
    RETRY = "retry"
    UNKNOWN = "unknown"
    FAILED = "failed"
    BOUNCED = "bounced"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who wrote this, as far as trusted headers tell (design.md, the table)."""

    result: Authenticity
    why: str


@dataclass(frozen=True, slots=True)
class Context:
    """What the world knows about a mail when it is decided; stored with the decision.

    ``arrival`` is aware UTC.  ``ticket_no`` is the number the mail's ticket has or would get.
    ``replies_*`` count automatic replies lately, over the windows of ``Limits``.  Mail that arrived
    before ``answer_from`` (the mailbox's first start) is never answered.  ``contracts`` are those of the
    register that the mail may be about: matching chooses among them.  ``earlier`` are the items that it may
    continue; it arrived while no mail was read for ``outage_hours``, 0 outside of an outage.  It names the
    ticket ``may_belong_to`` and may not join it, ``""`` if it names none.  ``signatures`` are those that we checked,
    ``powers`` what each level of provenance may cause, ``lookalikes`` the customers' domains that the sender's looks
    like or that the display name shows, and ``owners`` whose the domains are that rights are asked for ("x.no 100042").
    ``scan`` is what the virus scanner said of the mail; ``form_seen_in`` another ticket in which the same filled-in
    form came before, "" for none.  ``by_hand``: a person brought it, and no server of ours vouches for its headers.
    """

    now: datetime
    arrival: datetime
    arrival_flag: str = ""
    ticket_no: str = ""
    joins: bool = False
    mailbox: str = ""
    purpose: str = ""
    junk: bool = False
    authserv_ids: tuple[str, ...] = ()
    own_addresses: tuple[str, ...] = ()
    replies_to_sender: int = 0
    replies_to_domain: int = 0
    replies_in_thread: int = 0
    replies_in_all: int = 0
    known_sender: bool = False
    limits: Limits | None = None
    answer_from: datetime | None = None
    answer_within_hours: float = 24.0
    team: str = "Kundesenteret"
    lookups: Lookups = Lookups()
    contracts: tuple[Contract, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    outage_hours: int = 0
    may_belong_to: str = ""
    signatures: tuple[Signature, ...] = ()
    powers: Powers = Powers()
    lookalikes: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    scan: Scan = Scan()
    by_hand: bool = False
    form_seen_in: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the customer has said about an item so far, in all of their mails."""

    fields: Fields = Fields()
    role: Role = "customer"
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """An item of an earlier mail that a mail may continue.

    ``in_ticket``: it lies in the ticket that the mail joins.  ``arrival`` is the first mail's, aware UTC.
    ``open``: an action of it waits, or it never had one; ``stands`` tells staff how its actions stand.
    """

    item_id: int
    type: str
    org_no: str
    rule: str
    template: str
    confidence: float
    arrival: datetime
    known: Known
    asks: tuple[str, ...] = ()
    in_ticket: bool = True
    open: bool = True
    stands: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """Most automatic replies per sender and day (higher for known ones), per domain, per thread, and in all an hour.

    Two in a thread, since two robots that answer each other must end there (threats T32).  A domain is an
    organisation's; domains of the public, and customers that are known, have no such limit.
    """

    per_sender: int = 5
    per_known_sender: int = 60
    per_domain: int = 50
    per_thread: int = 2
    in_all: int = 1000


@dataclass(frozen=True, slots=True)
class DeadlineCandidate:
    contract: str
    last_service_day: date


@dataclass(frozen=True, slots=True)
class Deadline:
    """domain.md section 3; without a contract the status is unknown, with candidates for staff only.

    ``basis`` is the weaker of the two days', ``bases`` names each date's.  ``next_service_day`` is the end
    that a refused notice would reach, ``access_until`` the last day of access where there is one, and
    ``access`` says it in words for staff.  ``rule`` names the NoticeRule.
    """

    status: Literal["timely", "borderline", "late", "unknown"]
    last_service_day: date | None = None
    last_safe_notice_day: date | None = None
    basis: Basis | None = None
    candidates: tuple[DeadlineCandidate, ...] = ()
    flags: tuple[str, ...] = ()
    rule: str = ""
    next_service_day: date | None = None
    access_until: date | None = None
    access: str = ""
    bases: tuple[tuple[str, Basis], ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person does in another system.  ``due`` is aware UTC; ``facts`` is what staff need."""

    kind: str
    needs: Needs
    due: datetime
    item: str
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A contract that a notice may be about, and the deadline that it has under it."""

    contract: Contract
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class Account:
    """Whose request an item is, by the contract register; for staff alone.

    ``how`` is what told the customer, ``""`` when nothing did; ``suggestions`` are customers that it may be,
    as "100042 Fjord Bygg AS".  ``agreements`` are the contracts that a notice is about.
    """

    how: Literal["org_no", "customer_no", "domain", ""] = ""
    customer_no: str = ""
    name: str = ""
    suggestions: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    deadline: Deadline | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One request type for one organisation within a ticket; ``account`` is None where no register was asked.

    ``how`` it continues the earlier items ``continues`` (by id): the first of them is completed, is
    repeated, or all are withdrawn; ``may_withdraw`` is not sure enough to hold them.  ``adds`` is what their
    open actions are told.  ``asks`` is what is still lacking, of which the customer is reminded at ``follow_up_at`` (aware UTC).
    """

    type: str
    org_no: str
    rule: str
    template: str
    confidence: float
    actions: tuple[Action, ...]
    account: Account | None = None
    how: Literal["", "completes", "repeats", "withdraws", "may_withdraw"] = ""
    continues: tuple[int, ...] = ()
    adds: Mapping[str, str] = field(default_factory=dict)
    known: Known = Known()
    arrival: datetime | None = None
    asks: tuple[str, ...] = ()
    follow_up_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What would leave at level automatic; ``kind`` is the weightiest of its parts."""

    template: str
    kind: ReplyKind
    language: str
    to: str
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about a mail, and why; equal for equal inputs.

    ``withheld`` names the guard that took the reply away, ``""`` if none did.
    """

    outcome: Outcome
    rule: str
    because: tuple[str, ...]
    provenance: Provenance
    items: tuple[Item, ...]
    deadline: Deadline
    reply: Reply | None
    withheld: str = ""
    warnings: tuple[str, ...] = ()
    fields: Fields = Fields()
    version: str = ""

    @property
    def actions(self) -> tuple[Action, ...]:
        return tuple(action for item in self.items for action in item.actions)
