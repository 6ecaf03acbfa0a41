"""What the conditions ask about, gathered from the store in a few cheap questions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Engine

from processor.alarms.conditions import Seen
from processor.config import Config
from processor.steps.consents import consents
from processor.store.leases import leases
from processor.store.measures import measure
from processor.store.switch import breaker_open_since
from processor.store.troubles import troubles
from processor.store.urgent import urgent_tickets


def look(engine: Engine, config: Config, now: datetime) -> Seen:
    """How the program stands now."""
    found = measure(engine, now)
    return Seen(
        at=now,
        polls={each.name: each.poll_seconds for each in config.mailboxes},
        mailboxes={box.account: box for box in found.mailboxes},
        troubles=troubles(engine),
        leases=leases(engine),
        oldest_mail=found.oldest_mail,
        breaker_at=breaker_open_since(engine),
        unknown_replies=found.replies["unknown"],
        urgent=urgent_tickets(engine, now, config.alarms.thresholds.deadline_days),
        disk_free=found.disk_free,
        consents=consents(config),
        reconciled={box.account: box.reconciled_at for box in found.mailboxes},
    )
