"""A contract register in memory, as ``explain --contracts`` uses one: it finds what the store would find."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from processor.contract import Asked, Contract, name_key
from processor.deciding.matching import asked, wider
from processor.findings import Understanding
from processor.message import Address, Message
from processor.ticket import Context

NEIGHBOURS = 10


class Register:
    """Contracts by number, domain and name."""

    def __init__(self, contracts: Iterable[Contract]) -> None:
        self._by: dict[tuple[str, str], list[Contract]] = defaultdict(list)
        named = []
        for each in sorted(contracts, key=lambda each: (each.customer_no, each.product)):
            self._by["org_no", each.org_no].append(each)
            self._by["customer_no", each.customer_no].append(each)
            for domain in each.domains:
                self._by["domain", domain].append(each)
            named.append((name_key(each.name), each.customer_no, each.product, each))
        self._named = sorted(named, key=lambda entry: entry[:3])

    def of(self, wanted: Asked) -> tuple[Contract, ...]:
        """The contracts that a mail may be about; names alike only where nothing else is found."""
        keys = [
            *(("org_no", number) for number in wanted.org_nos),
            *(("customer_no", number) for number in wanted.customer_nos),
            *(("domain", domain) for domain in wanted.domains),
        ]
        found = dict.fromkeys(each for key in keys for each in self._by.get(key, ()))
        return tuple(found) or self._alike(name_key(wanted.name))

    def known_to(
        self, context: Context, message: Message, understanding: Understanding, public_domains: frozenset[str]
    ) -> Context:
        """The context of a mail with what the register says about it."""
        found = self.of(asked(message, understanding, public_domains))
        return replace(context, contracts=found, known_sender=self.knows(message.sender, public_domains))

    def knows(self, sender: Address | None, public_domains: frozenset[str]) -> bool:
        """Whether the sender's domain, or one above it, is a customer's: what makes a sender known to the running
        program."""
        domains = wider(sender.domain, public_domains) if sender else ()
        return any(("domain", each) in self._by for each in domains)

    def _alike(self, key: str) -> tuple[Contract, ...]:
        if not key:
            return ()
        at = bisect_left(self._named, (key,), key=lambda entry: entry[:1])
        return tuple(entry[3] for entry in self._named[max(0, at - NEIGHBOURS) : at + NEIGHBOURS])
