"""What a mail of an archive is and says: the pure part of moving in, run in as many processes as there are cores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from processor.config import Config
from processor.deciding.authenticity import judge
from processor.deciding.domains import is_own, organisational
from processor.deciding.identity import new_ticket_no
from processor.extracting.extract import Kind
from processor.findings import Request, Understanding
from processor.message import Address, Extracted, Message
from processor.moving.found import Found, Owner
from processor.pipeline import read_header, read_mail
from processor.rulebook import Rulebook
from processor.store.columns import canonical
from processor.store.context import bounded_address, bounded_id
from processor.store.history_threads import PastItem, PastMail
from processor.ticket import Known
from processor.understanding.understand import understand

NO_MAIL = "it is no mail: no From, no Date, no Message-ID"
NO_TIME = "nothing tells when it came"
BROKE = "it broke the program"
MOST_NAMED = 20
NUMBERS = 3
AHEAD = timedelta(days=1)
"""How far a clock may be wrong: a later time is a lie, and the next source is asked."""


@dataclass(frozen=True)
class Reader:
    """Reads an owner's mails by the rules in force.  ``now`` bounds what may be believed of times."""

    config: Config
    rulebook: Rulebook
    owner: Owner
    now: datetime

    def past(self, found: Found) -> PastMail | str:
        """The mail, or in words why it cannot be taken in; never raises."""
        try:
            return self._past(found)
        except Exception as error:
            return f"{BROKE}: {type(error).__name__}: {error}"[:300]

    def _past(self, found: Found) -> PastMail | str:
        message = read_header(found.head) if found.raw is None else read_mail(found.raw, _unopened)
        if not message.from_ and message.message_id_made and message.date is None and found.own is None:
            return NO_MAIL
        arrived, why = self._arrived(message, found)
        if arrived is None:
            return NO_TIME
        own = self._own(message) if found.own is None else found.own
        said = None if own else understand(message, self.rulebook)
        config, sender = self.config, message.sender or (message.from_[0] if message.from_ else None)
        return PastMail(
            name=found.name,
            raw=found.raw,
            size=found.size,
            letter=message.letter,
            message_id=None if message.message_id_made else bounded_id(message.message_id),
            named=_named(message),
            own=own,
            automatic=(said.automatic or "") if said else "",
            sender=bounded_address(sender.spec) if sender else "",
            recipient=self._recipient(message),
            subject=message.subject,
            language=said.language if said else "",
            company=(said.fields.company or "") if said else "",
            provenance="" if own else judge(message, config.authserv_ids, config.own_addresses).result,
            arrived_at=arrived,
            arrival_from=why,
            items=_items(said) if said else (),
            numbers=tuple(self._number(message.letter, n) for n in range(NUMBERS)),
            account=self.owner.account,
            folder=found.folder,
            purpose=self.owner.purpose,
            thread=found.thread,
            open=found.open,
            kept_as=found.kept_as,
            place=found.place,
            shown_at=found.at,
        )

    def _arrived(self, message: Message, found: Found) -> tuple[datetime | None, str]:
        """When the mail came and what tells it: topmost Received, its Date, or whatever the source says."""
        told = (
            (found.at if found.at_from == "export" else None, "export"),
            (message.arrival if message.arrival_from == "received" else None, "received"),
            (message.date, "date"),
            (found.at, found.at_from),
        )
        return next(((at, why) for at, why in told if at and at <= self.now + AHEAD), (None, ""))

    def _own(self, message: Message) -> bool:
        """Whether we, or a colleague, wrote it.  What only says so, and came from outside with a failing DMARC, does not count."""
        author = message.sender
        if author is None or not self._ours(author):
            return False
        return not message.received_count or judge(message, self.config.authserv_ids).result != "forged"

    def _ours(self, address: Address) -> bool:
        if bounded_address(address.spec) in self.config.own_addresses:
            return True
        return address.domain not in self.rulebook.public_domains and is_own(address, self.config.own_addresses)

    def _recipient(self, message: Message) -> str:
        others = (each for each in (*message.to, *message.cc) if not self._ours(each))
        return next((bounded_address(each.spec) for each in others), "")

    def _number(self, letter: str, again: int) -> str:
        named = letter if not again else f"{letter}\0{again}"
        return new_ticket_no(named, self.config.key, self.config.ticket_prefix)


def side_of(public_domains: frozenset[str], spec: str) -> str:
    """Who may join what an address began: its organisational domain, or at a public one the address alone."""
    domain = spec.rpartition("@")[2].lower()
    wide = organisational(domain)
    return spec.lower() if not wide or domain in public_domains else wide


def _named(message: Message) -> tuple[str, ...]:
    """The Message-IDs of the thread, nearest first; a long thread by its ends."""
    ids = [one for one in dict.fromkeys((*message.in_reply_to, *reversed(message.references))) if one]
    if len(ids) > MOST_NAMED:
        ids = ids[: MOST_NAMED // 2] + ids[-MOST_NAMED // 2 :]
    return tuple(bounded_id(one) for one in ids if one != message.message_id)


def _items(said: Understanding) -> tuple[PastItem, ...]:
    fields = said.fields
    known = canonical(Known(fields, said.role, said.topics))
    return tuple(
        PastItem(
            type=request.type,
            org_no=next(iter(fields.org_no), ""),
            customer_no=next(iter(fields.customer_no), ""),
            confidence=request.confidence,
            known=known,
            evidence=_evidence(request, said),
        )
        for request in said.requests
    )


def _evidence(request: Request, said: Understanding) -> str:
    return canonical({"requests": [request.evidence], "fields": said.field_evidence, "account": None})


def _unopened(content: bytes, kind: Kind, digest: str) -> Extracted:  # noqa: ARG001
    """History's files are kept and not opened: nobody decides by them, and a hostile one would cost seconds."""
    return Extracted(fault="skipped")
