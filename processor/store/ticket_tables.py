"""Tables of what follows from mails: tickets, items, actions, approvals, and the audit's events."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from processor.store.columns import Utc, Words, index_among
from processor.store.mail_tables import Row

OPEN = "state NOT IN ('done', 'rejected', 'superseded')"

CONTINUES = "continues IS NOT NULL"

JUDGING = "kind IN ('mail.retyped', 'outbox.edited', 'outbox.cancel', 'action.rejected')"


class Ticket(Row, table=True):
    """A case.  ``version`` grows with each proven mail, so that an approval knows what it approved.

    It sleeps until ``snoozed_until``; ``split_from`` is the ticket whose mail it was made of.
    """

    __tablename__ = "ticket"
    __table_args__ = (Index("ix_ticket_state_changed", "state", "changed_at"),)

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    state: str
    sender: str = Field(sa_type=Words, index=True)
    subject: str = Field(default="", sa_type=Words)
    language: str = ""
    company: str = Field(default="", sa_type=Words)
    provenance: str = ""
    outcome: str = ""
    version: int = 1
    opened_at: datetime = Field(sa_type=Utc)
    changed_at: datetime = Field(sa_type=Utc)
    merged_into: int | None = Field(default=None, foreign_key="ticket.id")
    snoozed_until: datetime | None = Field(default=None, sa_type=Utc)
    split_from: int | None = None


class ItemRow(Row, table=True):
    """One request type for one organisation.  ``evidence`` is canonical JSON; ``risk`` sorts the queue.

    ``known`` (canonical JSON of Known) is what the customer has said about it so far, ``arrived_at`` when the
    first mail came, ``asks`` what it still lacks, in words with spaces between.  ``how`` and ``continues`` name
    the earlier item that it repeats or withdraws.  At ``follow_up_at`` the customer is reminded again.
    At ``answered_at`` a colleague answered it by another way than ours.
    """

    __tablename__ = "item"
    __table_args__ = (
        index_among("ix_item_continues", "continues", where=CONTINUES),
        index_among("ix_item_follow_up_at", "follow_up_at", where="follow_up_at IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    mail_id: int = Field(foreign_key="mail.id", index=True)
    type: str
    org_no: str = Field(default="", index=True)
    customer_no: str = Field(default="", sa_type=Words, index=True)
    rule: str = ""
    template: str = ""
    confidence: float = 0.0
    risk: int = 0
    evidence: str = ""
    arrived_at: datetime | None = Field(default=None, sa_type=Utc)
    known: str = Field(default="", sa_type=Words)
    asks: str = ""
    how: str = ""
    continues: int | None = None
    follow_up_at: datetime | None = Field(default=None, sa_type=Utc)
    followed_up: int = 0
    answered_at: datetime | None = Field(default=None, sa_type=Utc)


class ActionRow(Row, table=True):
    """Something a person does elsewhere.  ``facts`` is canonical JSON; ``held_by`` is the item that withdraws it."""

    __tablename__ = "action"
    __table_args__ = (
        Index("ix_action_state_due", "state", "due"),
        # The queue in its order; whoever asks must say "open" in these words (IN would lead SQLite to the index above).
        index_among("ix_action_open_due", "due", "id", where=OPEN),
        Index("ix_action_changed_at", "changed_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    ticket_id: int = Field(foreign_key="ticket.id", index=True)
    item_id: int = Field(foreign_key="item.id", index=True)
    kind: str
    needs: str
    state: str
    due: datetime = Field(sa_type=Utc)
    facts: str = ""
    version: int = 1
    reason: str = Field(default="", sa_type=Words)
    changed_by: str = Field(default="", sa_type=Words)
    changed_at: datetime = Field(sa_type=Utc)
    held_by: int | None = None


class Approval(Row, table=True):
    """One person's yes to one version of an action; a second yes of the same person cannot be stored."""

    __tablename__ = "approval"
    __table_args__ = (UniqueConstraint("action_id", "version", "person_id"),)

    id: int | None = Field(default=None, primary_key=True)
    action_id: int = Field(foreign_key="action.id")
    version: int
    person_id: int = Field(foreign_key="person.id")
    at: datetime = Field(sa_type=Utc)


class GateStep(Row, table=True):
    """What was done for one version of a gated action: ``called``, ``noticed``, or ``outside`` by a first person."""

    __tablename__ = "gate_step"
    __table_args__ = (UniqueConstraint("action_id", "version", "step"),)

    id: int | None = Field(default=None, primary_key=True)
    action_id: int = Field(foreign_key="action.id")
    version: int
    step: str
    person_id: int | None = Field(default=None, foreign_key="person.id")
    at: datetime = Field(sa_type=Utc)


class PersonRow(Row, table=True):
    """One of the staff; the secret is stored as scrypt, the desk's password as Argon2id, ``""`` for none yet.

    ``role`` is reader, agent, approver or admin.  ``language`` is the desk's for them, ``""`` for the browser's.
    ``mailboxes`` is a JSON list of the accounts whose tickets they see, ``""`` for all.  The secret of the second step
    is made of ``totp_nonce`` (``""``: none) and the configuration's key; ``totp_step`` is the last step that was used.
    ``provider_name`` is what single sign-on calls them, ``provider_subject`` who that was the first time.
    """

    __tablename__ = "person"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True, sa_type=Words)
    salt: str
    secret: str
    active: bool = True
    added_at: datetime = Field(sa_type=Utc)
    role: str = "approver"
    password: str = ""
    language: str = ""
    mailboxes: str = Field(default="", sa_type=Words)
    totp_nonce: str = ""
    totp_step: int = Field(default=0, sa_type=BigInteger)
    provider_name: str = Field(default="", sa_type=Words)
    provider_subject: str = Field(default="", sa_type=Words)


class EventRow(Row, table=True):
    """What happened, never changed.  ``data`` holds no personal text; ``text_digest`` vouches for the text beside it."""

    __tablename__ = "event"
    __table_args__ = (
        # The few by which staff judged a decision, among all those by which the program told what it did.
        index_among("ix_event_judging", "kind", "id", where=JUDGING),
        index_among("ix_event_mail_id", "mail_id", where="mail_id IS NOT NULL"),
        index_among("ix_event_ticket_id", "ticket_id", where="ticket_id IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Utc)
    kind: str
    actor: str = Field(sa_type=Words)
    mail_id: int | None = Field(default=None, foreign_key="mail.id")
    ticket_id: int | None = Field(default=None, foreign_key="ticket.id")
    action_id: int | None = Field(default=None, foreign_key="action.id")
    outbox_id: int | None = Field(default=None, foreign_key="outbox.id")
    data: str = "{}"
    text_digest: str = ""


class EventText(Row, table=True):
    """The erasable part of an event: personal text, with the salt that makes its digest unguessable."""

    __tablename__ = "event_text"

    event_id: int = Field(primary_key=True, foreign_key="event.id")
    salt: str
    text: str = Field(sa_type=Words)


class SettingRow(Row, table=True):
    """A switch or number that is changed while running; ``answers_stopped`` is the stop switch."""

    __tablename__ = "setting"

    name: str = Field(primary_key=True)
    value: str = Field(sa_type=Words)


class LevelRow(Row, table=True):
    """How much a request type may do alone; mail that arrived before ``since`` goes by ``before``."""

    __tablename__ = "level"

    type: str = Field(primary_key=True)
    level: str
    before: str
    since: datetime = Field(sa_type=Utc)
    actor: str = Field(sa_type=Words)
