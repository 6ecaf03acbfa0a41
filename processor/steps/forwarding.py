"""A customer's mail as it is sent on to somebody of our own: who wrote it, its words, and its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy.engine import Engine

from processor.config import Config
from processor.deciding.calendar import OSLO
from processor.deciding.identity import reply_message_id
from processor.masking import masked
from processor.message import Attachment, Extracted, Message
from processor.pipeline import read_mail
from processor.store.forwarding import File, Forward, forwarded_before
from processor.store.past import past_mails

MOST_BYTES = 20_000_000
"""Of all files together; most servers take no more."""
NOT_ALLOWED = "mail is sent on to the addresses under forward_to in [desk] alone"
NO_SERVER = "nothing can be sent without [smtp]"
NO_MAIL = "there is no such mail, or its bytes are gone"
TOO_LARGE = "its files are too large to be sent on"
REASONS = (NOT_ALLOWED, NO_SERVER, NO_MAIL, TOO_LARGE)
WORDS = {
    "nb": ("Videresendt", "Fra", "Til", "Sendt", "Emne", "Ikke med"),
    "en": ("Forwarded", "From", "To", "Sent", "Subject", "Left out"),
}


class CannotForwardError(Exception):
    """Nothing is sent; the words, one of REASONS, say why."""


def forward_of(
    engine: Engine,
    config: Config,
    mail_id: int,
    to: str,
    note: str,
    language: str,
    leave_out: Callable[[Attachment], bool],
) -> Forward:
    """The letter that sends a mail on; files that ``leave_out`` names, and those too large to be read, are named in it."""
    allowed = {each.lower(): each for each in config.desk.forward_to}
    if to.strip().lower() not in allowed:
        raise CannotForwardError(NOT_ALLOWED)
    if config.smtp is None:
        raise CannotForwardError(NO_SERVER)
    stored = next(iter(past_mails(engine, mail_id, mail_id, None)), None)
    if stored is None or stored.raw is None:
        raise CannotForwardError(NO_MAIL)
    message = read_mail(stored.raw, lambda *_: Extracted())
    files = [each for each in message.attachments if each.content and not leave_out(each)]
    if sum(len(each.content) for each in files) > MOST_BYTES:
        raise CannotForwardError(TOO_LARGE)
    left_out = [each.filename or each.true_type for each in message.attachments if each not in files]
    said = WORDS.get(language, WORDS["en"])
    name = f"forward/{mail_id}/{forwarded_before(engine, mail_id) + 1}"
    domain = config.smtp.from_address.rpartition("@")[2]
    return Forward(
        mail_id=mail_id,
        to=allowed[to.strip().lower()],
        subject=f"[{stored.ticket_no}] {said[0]}: {masked(message.subject)}"[:500],
        text="\n".join(_lines(message, stored.ticket_no, stored.arrived_at, masked(note.strip()), said, left_out)),
        message_id=reply_message_id(config.key, message.letter, name, domain),
        envelope_from=config.smtp.envelope_from,
        language=language,
        files=tuple(File(each.filename or f"{n}", each.true_type, each.content) for n, each in enumerate(files, 1)),
    )


def _lines(
    message: Message, ticket_no: str, arrived: datetime, note: str, said: tuple[str, ...], left_out: list[str]
) -> Iterator[str]:
    if note:
        yield from (note, "")
    yield f"---------- {said[0]} ({ticket_no}) ----------"
    people = [f"{each.name} <{each.spec}>" if each.name else each.spec for each in message.from_]
    yield f"{said[1]}: {', '.join(people)}"
    yield f"{said[2]}: {', '.join(each.spec for each in message.to)}"
    yield f"{said[3]}: {(message.date or arrived).astimezone(OSLO):%d.%m.%Y %H.%M}"
    yield f"{said[4]}: {masked(message.subject)}"
    yield from (f"{said[5]}: {each}" for each in left_out)
    yield ""
    yield masked(message.text)
