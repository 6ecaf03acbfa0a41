"""Which ticket a mail joins and what it may continue there: by its thread, or as the same customer's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from processor.config import Config
from processor.deciding.authenticity import judge
from processor.deciding.conversation import meant, sought
from processor.deciding.domains import organisational
from processor.deciding.identity import valid_ticket_no
from processor.deciding.joining import may_join, of_one_side
from processor.findings import Understanding
from processor.message import Address, Message
from processor.provenance import Signature
from processor.rulebook import Rulebook
from processor.store.context import FoundTicket, Threads, is_ticket
from processor.store.decided import Looked
from processor.store.earlier import Found, items_of_customer, items_of_ticket, newest_item
from processor.ticket import Decision, Earlier, Provenance, TicketState

MOST_SUBJECT = 1000
Mark = tuple[str, str]


class Conversation:
    """What was said before, as far as a batch of mails may join it.

    Two notices for the same contract in one batch would not see each other, so the second one waits
    (``must_wait``) until the first one is recorded.
    """

    def __init__(self, connection: Connection, rulebook: Rulebook, config: Config, messages: Sequence[Message]) -> None:
        self.connection, self.rulebook, self.config = connection, rulebook, config
        self.marks: set[Mark] = set()
        self.number = re.compile(rf"\b{re.escape(config.ticket_prefix)}-\w{{4}}-\w{{4}}\b", re.IGNORECASE)
        # Before all else, so that what comes after it is looked at once more when the batch is recorded.
        self.newest = newest_item(connection)
        self.threads = Threads(connection, [_thread(each) for each in messages])

    def of(
        self, message: Message, understanding: Understanding, signatures: Sequence[Signature] = ()
    ) -> tuple[FoundTicket | None, tuple[Earlier, ...], str]:
        """The ticket that the mail joins, None for one of its own, and the earlier items that it may continue.

        Last the number of a ticket that it names and may not join, ``""`` if there is none: staff see both together.
        """
        named = self.threads.ticket_for(_thread(message))
        if not named and not sought(understanding, self.rulebook):
            return None, (), self._in_subject(message)
        provenance = judge(message, self.config.authserv_ids, self.config.own_addresses, signatures)
        if not self.config.provenance.powers.of(provenance.result).joins:
            # Whatever the sender is worth else, the table lets nobody of this level into another's ticket.
            provenance = Provenance("unproven", provenance.why)
        ticket = named if named and self._joins(message, provenance, named) else None
        others = self._of_customer(message, understanding, provenance)
        about = meant([each.item for each in others], understanding, self.rulebook)
        if ticket is None:
            open_ids = {each.item_id for each in about if each.open}
            ticket = next((_ticket(each) for each in reversed(others) if each.item.item_id in open_ids), None)
        inside = [each.item for each in items_of_ticket(self.connection, ticket.ticket_id)] if ticket else []
        known = {each.item_id for each in inside}
        apart = "" if ticket else named.ticket_no if named else self._in_subject(message)
        return ticket, (*inside, *(each for each in about if each.item_id not in known)), apart

    def note(self, message: Message, decision: Decision) -> None:
        """A mail of this batch is decided: another about the same contract waits until it is recorded."""
        for item in decision.items:
            if (kind := self.rulebook.types.get(item.type)) and kind.repeated:
                self.marks |= self._marks(message, item.known.fields.org_no, item.known.fields.customer_no)

    def looked(self, message: Message, decision: Decision) -> Looked | None:
        """What was known when the mail was decided, if it makes a request that another may repeat."""
        types = frozenset(
            each.type
            for each in decision.items
            if not each.how and (kind := self.rulebook.types.get(each.type)) and kind.repeated
        )
        if not types or message.sender is None or decision.provenance.result != "proven":
            return None
        side = self._side(message.sender)
        return Looked(self.newest, side if "@" in side else f"@{side}", types)

    def must_wait(self, message: Message, understanding: Understanding) -> bool:
        """Whether the mail may repeat or take back what a mail of this batch asks for."""
        if not self.marks or not sought(understanding, self.rulebook):
            return False
        fields = understanding.fields
        return not self.marks.isdisjoint(self._marks(message, fields.org_no, fields.customer_no))

    def _joins(self, message: Message, provenance: Provenance, ticket: FoundTicket) -> bool:
        """Whether this sender may join the ticket of the thread (design.md, who wrote this)."""
        public = self.rulebook.public_domains
        return may_join(message, provenance, ticket.sender, named_our_message_id=ticket.ours, public_domains=public)

    def _in_subject(self, message: Message) -> str:
        """The ticket whose number stands in the subject; a number alone opens nothing (threats T13)."""
        prefix = self.config.ticket_prefix
        words = self.number.findall(message.subject[:MOST_SUBJECT])
        return next(
            (
                each.upper()
                for each in words
                if valid_ticket_no(each, prefix) and is_ticket(self.connection, each.upper())
            ),
            "",
        )

    def _of_customer(self, message: Message, understanding: Understanding, provenance: Provenance) -> list[Found]:
        """Earlier notices of the same customer that this sender may join, from any thread."""
        types = sought(understanding, self.rulebook)
        if not types or provenance.result != "proven" or message.sender is None:
            return []
        fields, public = understanding.fields, self.rulebook.public_domains
        found = items_of_customer(self.connection, types, fields.org_no, fields.customer_no, message.sender.spec)
        allowed = [each for each in found if of_one_side(message, provenance, each.ticket_sender, public)]
        return [replace(each, item=replace(each.item, in_ticket=False)) for each in allowed]

    def _marks(self, message: Message, org_nos: tuple[str, ...], customer_nos: tuple[str, ...]) -> set[Mark]:
        if message.sender is None:
            return set()
        side = self._side(message.sender)
        numbers = {(side, number) for number in (*org_nos, *customer_nos)}
        return numbers | {(message.sender.spec.lower(), "")}

    def _side(self, sender: Address) -> str:
        """Who may join what this sender began: their organisational domain, or at a public one they alone."""
        domain = organisational(sender.domain)
        return sender.spec.lower() if not domain or sender.domain in self.rulebook.public_domains else domain


def _thread(message: Message) -> tuple[str, ...]:
    """The Message-IDs that a mail answers, nearest first."""
    return (*message.in_reply_to, *reversed(message.references))


def _ticket(found: Found) -> FoundTicket:
    return FoundTicket(found.ticket_id, found.ticket_no, found.ticket_sender, TicketState.OPEN, ours=False)
