"""May a mail that answers one of ours join its ticket?"""

from __future__ import annotations

from processor.deciding.domains import aligned, domain_of
from processor.message import Message
from processor.ticket import Provenance


def may_join(
    message: Message,
    provenance: Provenance,
    ticket_sender: str,
    named_our_message_id: bool,
    public_domains: frozenset[str] | None = None,
) -> bool:
    """Whether the mail becomes part of the ticket and may change its state (design.md, who wrote this).

    It must name one of our Message-IDs, be proven, and come from the ticket's sender or from their
    organisational domain; at a public mail domain (gmail.com) only from the very same address, and
    likewise when the public domains are not told.
    """
    return named_our_message_id and of_one_side(message, provenance, ticket_sender, public_domains)


def of_one_side(
    message: Message, provenance: Provenance, ticket_sender: str, public_domains: frozenset[str] | None = None
) -> bool:
    """Whether a proven mail comes from the ticket's sender, or from their (non-public) organisational domain."""
    if provenance.result != "proven" or message.sender is None:
        return False
    author = message.sender
    if author.spec.casefold() == ticket_sender.casefold():
        return True
    if public_domains is None or author.domain in public_domains:
        return False
    return aligned(author.domain, domain_of(ticket_sender))
