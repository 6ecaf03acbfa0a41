"""One step of the gate: the customer's other contacts are told of a request for rights that one person has approved."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Engine

from processor.config import Config
from processor.deciding.gate_notice import letter_to_contact
from processor.deciding.identity import reply_message_id
from processor.store.gate_notices import Notice, Untold, untold, write_notices


def tell_contacts(engine: Engine, config: Config, now: datetime) -> int:
    """Write the notices that are due; of how many actions.  Without a server to send by, the gate stays shut."""
    if config.smtp is None:
        return 0
    told = 0
    for about in untold(engine):
        told += write_notices(engine, about, _notices(about, config), now)
    return told


def _notices(about: Untold, config: Config) -> list[Notice]:
    assert config.smtp is not None
    ours = {*config.own_addresses, config.smtp.from_address.lower()}
    subject, text = letter_to_contact(about.type, about.ticket_no, config.team)
    return [
        Notice(to, subject, text, _message_id(config, about, to), config.smtp.envelope_from)
        for to in about.contacts
        if to.lower() not in ours
    ]


def _message_id(config: Config, about: Untold, to: str) -> str:
    assert config.smtp is not None
    name = f"gate/{about.action_id}/{about.version}/{to}"
    return reply_message_id(config.key, about.ticket_no, name, config.smtp.from_address.rpartition("@")[2])
