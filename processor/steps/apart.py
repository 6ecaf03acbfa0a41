"""A ticket of its own for a mail that shares one: its number and whose it is, read from the mail once more."""

from __future__ import annotations

from sqlalchemy.engine import Engine

from processor.config import Config
from processor.deciding.identity import new_ticket_no
from processor.message import Extracted
from processor.pipeline import read_mail
from processor.store.merging import NO_MAIL, Apart, CannotMergeError, free_number
from processor.store.past import past_mails

TRIES = 5
"""Numbers made of one mail; two tickets have the same one with a chance of one in 10^12."""


def apart(engine: Engine, config: Config, mail_id: int) -> Apart:
    """What the ticket is made of; CannotMergeError for a mail that is unknown or erased."""
    stored = next(iter(past_mails(engine, mail_id, mail_id, None)), None)
    if stored is None or stored.raw is None:
        raise CannotMergeError(NO_MAIL)
    message = read_mail(stored.raw, lambda *_: Extracted())
    names = (f"split {number} {message.digest}" for number in range(TRIES))
    number = free_number(engine, [new_ticket_no(each, config.key, config.ticket_prefix) for each in names])
    return Apart(number, message.sender.spec if message.sender else "", message.subject)
