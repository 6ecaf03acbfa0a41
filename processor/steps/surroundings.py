"""The context of a batch of mails: what the store knows about them, asked in few queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from processor.config import Config
from processor.deciding.authenticity import judge
from processor.deciding.case import Case
from processor.deciding.completing import completed
from processor.deciding.domains import domain_of, organisational
from processor.deciding.identity import new_ticket_no
from processor.deciding.lookalike import lookalikes, traits
from processor.deciding.matching import asked, wider
from processor.findings import Understanding
from processor.gate import TYPES
from processor.lookup import Lookups
from processor.message import Address, Message
from processor.provenance import Signature
from processor.rulebook import Rulebook
from processor.scan import Scan
from processor.steps.conversation import Conversation
from processor.store.by_hand import BY_HAND
from processor.store.context import (
    bounded_address,
    known_contacts,
    replies_in_all,
    replies_lately,
    replies_to_domains,
    replies_to_many,
)
from processor.store.contract_lookup import contracts_for
from processor.store.forms import ticket_with_form
from processor.store.likenesses import domains_like, owners_of
from processor.store.outages import Outage, outage_of, outages
from processor.store.work import Pending
from processor.ticket import Context

NOBODY = ""
NOTHING_ASKED, NOT_SCANNED = Lookups(), Scan()
AT_ONCE = timedelta(minutes=1)


class Surroundings:
    """What is known at the time of one batch.

    Replies decided within the batch are counted as they are noted, so that a flood in one batch is
    limited like one over an hour.  ``starts`` is each account's time from which mail is answered.
    ``understandings`` are those of the messages, in their order: what they say leads to their contracts; and so are
    their checked ``signatures``, none where nobody checked.
    """

    def __init__(
        self,
        connection: Connection,
        rulebook: Rulebook,
        config: Config,
        messages: Sequence[Message],
        starts: Mapping[str, datetime],
        now: datetime,
        understandings: Sequence[Understanding],
        signatures: Sequence[tuple[Signature, ...]] = (),
    ) -> None:
        senders = [each.sender for each in messages if each.sender]
        self.connection, self.rulebook, self.config, self.starts, self.now = connection, rulebook, config, starts, now
        self.asked = [
            asked(message, understanding, rulebook.public_domains)
            for message, understanding in zip(messages, understandings, strict=True)
        ]
        domains = {each.domain for each in senders} | {domain for each in self.asked for domain in each.domains}
        self.contacts, self.register = known_contacts(connection, {each.spec for each in senders}, domains)
        found = contracts_for(connection, self.asked) if self.register else []
        self.known = self._domains_like(senders)
        self.contracts = {message.digest: own for message, own in zip(messages, found, strict=False)}
        self.understandings = {each.digest: said for each, said in zip(messages, understandings, strict=True)}
        self.signatures = {each.digest: own for each, own in zip(messages, signatures, strict=False)}
        self.conversation = Conversation(connection, rulebook, config, messages)
        self.outages: list[Outage] | None = None
        self.to_sender = Counter(replies_to_many(connection, {each.spec for each in senders}, now))
        self.circles = {each.digest: self._circle(each.sender) for each in messages}
        self.to_domain = Counter(replies_to_domains(connection, {*self.circles.values()} - {NOBODY}, now))
        self.in_all = replies_in_all(connection, now)

    def note_reply(self, message: Message) -> None:
        """Count a reply that was decided in this batch."""
        self.in_all += 1
        if message.sender:
            self.to_sender[bounded_address(message.sender.spec)] += 1
            self.to_domain[self.circle(message)] += 1

    def circle(self, message: Message) -> str:
        """The organisation's domain whose replies are counted together; "" where anybody may have an address."""
        return self.circles[message.digest]

    def of(
        self, mail: Pending, message: Message, lookups: Lookups = NOTHING_ASKED, scan: Scan = NOT_SCANNED
    ) -> tuple[Context, int | None]:
        """A mail's context with what was asked outside; the second value is the ticket that it joins."""
        config, sender = self.config, message.sender
        ticket, earlier, apart = self.conversation.of(
            message, self.understandings[message.digest], self.signatures.get(message.digest, ())
        )
        context = Context(
            now=self.now,
            arrival=mail.arrival_time,
            ticket_no=ticket.ticket_no if ticket else new_ticket_no(message.letter, config.key, config.ticket_prefix),
            joins=ticket is not None,
            mailbox=mail.account,
            purpose=mail.purpose,
            junk=mail.junk,
            # What a person brought has passed no server of ours, whatever its header says.
            authserv_ids=() if mail.folder == BY_HAND else config.authserv_ids,
            by_hand=mail.folder == BY_HAND,
            own_addresses=config.own_addresses,
            replies_to_sender=self.to_sender[bounded_address(sender.spec)] if sender else 0,
            replies_to_domain=self.to_domain[circle] if (circle := self.circle(message)) else 0,
            replies_in_thread=(
                replies_lately(self.connection, NOBODY, ticket.ticket_id, self.now).in_thread if ticket else 0
            ),
            replies_in_all=self.in_all,
            known_sender=self._known(message),
            limits=config.limits,
            answer_from=self.starts[mail.account],
            answer_within_hours=config.answer_within_hours,
            team=config.team,
            contracts=self.contracts.get(message.digest, ()),
            earlier=earlier,
            may_belong_to=apart,
            outage_hours=self._outage_hours(mail),
            form_seen_in=self._form_seen(message, ticket.ticket_no if ticket else ""),
            signatures=self.signatures.get(message.digest, ()),
            powers=config.provenance.powers,
            lookalikes=lookalikes(sender, self.known, self.rulebook.public_domains) if self.known else (),
            owners=self._owners(self.understandings[message.digest]),
            lookups=lookups,
            scan=scan,
        )
        return self._with_contracts(context, message), ticket.ticket_id if ticket else None

    def whole_of(self, mail: Pending, message: Message) -> Understanding:
        """What a mail says together with the notice that it completes; its own words where it completes none."""
        context, _ = self.of(mail, message)
        return self._whole(context, message).understanding

    def _with_contracts(self, context: Context, message: Message) -> Context:
        """The contracts of the notice that an answer completes, which the answer's own words may not lead to."""
        if not (self.register and context.joins and context.earlier):
            return context
        whole = self._whole(context, message)
        if not whole.completes:
            return context
        (found,) = contracts_for(self.connection, [asked(message, whole.understanding, self.rulebook.public_domains)])
        return replace(context, contracts=found, owners=self._owners(whole.understanding))

    def _whole(self, context: Context, message: Message) -> Case:
        said, own = self.understandings[message.digest], frozenset(self.config.own_addresses)
        provenance = judge(message, self.config.authserv_ids, own, context.signatures)
        return completed(Case(message, said, provenance, context, self.rulebook, own))

    def _circle(self, sender: Address | None) -> str:
        public = self.rulebook.public_domains
        whose = NOBODY if sender is None or sender.domain in public else organisational(sender.domain)
        return NOBODY if whose in public else bounded_address(whose)

    def _domains_like(self, senders: Sequence[Address]) -> list[tuple[str, str]]:
        """Customers' domains that the strangers of this batch may be taken for."""
        if not self.register:
            return []
        public = self.rulebook.public_domains
        strangers = [each for each in senders if not self._holds(each)]
        found = [traits(each, public) for each in strangers]
        keys = {key for keys, _ in found for key in keys}
        return domains_like(self.connection, keys, {name for _, named in found for name in named})

    def _owners(self, said: Understanding) -> tuple[str, ...]:
        """Whose the domains are that rights are asked for."""
        if not self.register or not any(request.type in TYPES for request in said.requests):
            return ()
        places = (*said.fields.domains, *map(domain_of, said.fields.emails))
        found = owners_of(self.connection, {each for place in places for each in wider(place, frozenset())})
        return tuple(f"{domain} {customer_no}" for domain, customer_no in found)

    def _outage_hours(self, mail: Pending) -> int:
        """How long nothing was read when the mail arrived; only what is not decided at once may have waited so."""
        if self.now - mail.arrival_time < AT_ONCE:
            return 0
        if self.outages is None:
            self.outages = outages(self.connection, self.starts.keys(), mail.arrival_time)
        found = outage_of(self.outages, mail.account, mail.arrival_time)
        return found.hours if found else 0

    def _form_seen(self, message: Message, own: str) -> str:
        """Another ticket that holds the same filled-in form; a customer who sends it again in the same one copies nothing."""
        form = self.understandings[message.digest].form
        return ticket_with_form(self.connection, form, own) if form else ""

    def _known(self, message: Message) -> bool:
        sender = message.sender
        if sender is None:
            return False
        return ("address", bounded_address(sender.spec)) in self.contacts or self._holds(sender)

    def _holds(self, sender: Address) -> bool:
        domains = wider(sender.domain, self.rulebook.public_domains) or (sender.domain,)
        return any(("domain", bounded_address(each)) in self.contacts for each in domains)
