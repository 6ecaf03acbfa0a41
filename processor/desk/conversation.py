"""What was written on a ticket, in order: the customer's mails, our replies, colleagues' own, staff's notes; and what was done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from processor.store.notes import NOTED
from processor.store.ticket_view import MailView, ReplyView, TicketView
from processor.ticket import OutboxState


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was written: ``who`` for a note or a colleague's letter, one of ``mail`` and ``reply`` for the others."""

    kind: Literal["mail", "reply", "note", "colleague"]
    at: datetime
    who: str = ""
    text: str = ""
    mail: MailView | None = None
    reply: ReplyView | None = None


def conversation(view: TicketView) -> list[Entry]:
    """Oldest first; what was withdrawn before it left is no part of it."""
    return sorted(_entries(view), key=lambda each: each.at)


def withdrawn(view: TicketView) -> list[ReplyView]:
    """What was withdrawn before it left, as far as its words are still there."""
    return [each for each in view.replies if each.state == OutboxState.CANCELLED and each.to]


def _entries(view: TicketView) -> Iterator[Entry]:
    for mail in view.mails:
        yield Entry("mail", mail.arrived_at, mail=mail)
    for reply in view.replies:
        if reply.state != OutboxState.CANCELLED:
            yield Entry("reply", reply.created_at, text=reply.text, reply=reply)
    for letter in view.colleagues:
        yield Entry("colleague", letter.sent_at, who=letter.sender, text=letter.text or letter.subject)
    for event in view.events:
        if event.kind == NOTED:
            # A note of another system names whoever wrote it there.
            yield Entry("note", event.at, who=str(event.data.get("who") or event.actor), text=event.text)
