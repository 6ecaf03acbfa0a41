"""The letters of a ticket as the bytes that left, made again and held against the digests that were sealed then."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine

from processor.mail_servers import SmtpSettings
from processor.steps.deliver import letter
from processor.store.dossier import SealedEvent
from processor.store.outbox import outgoing

BEGUN, TAKEN = "outbox.attempt", "outbox.sent"


def letters_left(engine: Engine, smtp: SmtpSettings | None, events: Sequence[SealedEvent]) -> dict[int, bytes]:
    """Each letter that a server took, by its number in the outbox.

    A letter is made of its row, the sender's settings and its Date.  Where it does not come out with the digest that
    was sealed as it left, because the settings have changed or its words were erased, it is left out.
    """
    if smtp is None:
        return {}
    begun = {(each.outbox_id, each.data.get("fence")): each.data for each in events if each.kind == BEGUN}
    found: dict[int, bytes] = {}
    for each in events:
        told = begun.get((each.outbox_id, each.data.get("fence")), {}) if each.kind == TAKEN else {}
        if each.outbox_id is None or not told.get("sha256"):
            continue
        try:
            raw = letter(outgoing(engine, each.outbox_id), smtp, datetime.fromisoformat(str(told["dated"])))
        except ValueError:
            continue
        if hashlib.sha256(raw).hexdigest() == told["sha256"]:
            found[each.outbox_id] = raw
    return found
