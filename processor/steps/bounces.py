"""A bounce that names a mail of ours marks that answer as bounced; any other changes nothing.

Bounces can be forged by anyone (RFC 3464 section 4.1), so only our own Message-IDs count: they are
keyed and cannot be guessed (threats.md T38, T39).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.engine import Engine

from processor.message import Message
from processor.store.outbox import bounced

MESSAGE_ID = re.compile(r"<[^<>\s@]{1,200}@[^<>\s@]{1,200}>")
MOST_IDS = 50
LONGEST_REASON = 300


def note_bounce(engine: Engine, message: Message, now: datetime) -> bool:
    """Mark the answer that a bounce returns; true if it was one that we sent."""
    reason = " ".join(message.words("new", "forwarded", "quoted").split())[:LONGEST_REASON]
    return any(bounced(engine, each, reason, now) for each in dict.fromkeys(_named(message)))


def _named(message: Message) -> Iterator[str]:
    """The Message-IDs that a bounce may speak of: of the returned mail, of the thread, in the text."""
    yield from (returned.message_id for returned in message.attached)
    yield from message.in_reply_to
    yield from message.references
    for number, found in enumerate(MESSAGE_ID.finditer(message.text)):
        if number == MOST_IDS:
            return
        yield found[0]
