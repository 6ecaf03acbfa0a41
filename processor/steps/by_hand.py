"""What a person takes in by hand, as a mail: an .eml as it is, a scan or a note as a letter around it."""

from __future__ import annotations

import secrets
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime

from processor.config import Config
from processor.deciding.calendar import OSLO
from processor.message import Attachment, Extracted
from processor.pipeline import read_mail
from processor.store.forwarding import File

NO_MAIL = "the file is no mail: it names neither sender nor subject"
NOTHING = "choose a file or write what was said"
NO_ADDRESS = "this is no address to write to"
NO_TIME = "name the day and the time at which it arrived, such as 18.08.2026 10.02"
AHEAD = "it cannot have arrived after now"
NOT_HERE = "choose one of the mailboxes"
REASONS = (NO_MAIL, NOTHING, NO_ADDRESS, NO_TIME, AHEAD, NOT_HERE)
FORMS = ("%d.%m.%Y %H.%M", "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%d.%m.%Y kl. %H.%M")


class CannotTakeInError(Exception):
    """Nothing is taken in; the words, one of REASONS, say why."""


def moment(text: str, now: datetime) -> datetime:
    """A time in Oslo as staff write it; CannotTakeInError for none, and for one ahead."""
    for form in FORMS:
        try:
            found = datetime.strptime(" ".join(text.split()), form).replace(tzinfo=OSLO)
        except ValueError:
            continue
        if found > now:
            raise CannotTakeInError(AHEAD)
        return found.astimezone(now.tzinfo)
    raise CannotTakeInError(NO_TIME)


def whole_mail(raw: bytes) -> bytes:
    """An uploaded .eml as it is; CannotTakeInError for a file that is none."""
    message = read_mail(raw, lambda *_: Extracted())
    if not message.from_ and not message.subject:
        raise CannotTakeInError(NO_MAIL)
    return raw


def letter_around(
    config: Config, note: str, files: list[File], sender: str, subject: str, arrived_at: datetime
) -> bytes:
    """A mail of a note and scans, as if whoever brought them had sent it; ``sender`` may be empty."""
    if not note.strip() and not files:
        raise CannotTakeInError(NOTHING)
    made = EmailMessage()
    domain = config.smtp.from_address.rpartition("@")[2] if config.smtp else "processor.invalid"
    try:
        if sender:
            made["From"] = sender
        made["Subject"] = " ".join(subject.split())[:200] or (files[0].name if files else "Note")
    except (ValueError, MessageError) as error:
        raise CannotTakeInError(NO_ADDRESS) from error
    if own := next(iter(config.own_addresses), ""):
        made["To"] = own
    made["Date"] = format_datetime(arrived_at)
    # Two notes of the same words are two notes.
    made["Message-ID"] = f"<by-hand.{secrets.token_hex(12)}@{domain}>"
    made.set_content(note.strip() or "-")
    for each in files:
        main, _, sub = each.kind.partition("/")
        made.add_attachment(each.content, maintype=main, subtype=sub, filename=each.name)
    raw = made.as_bytes()
    if sender and read_mail(raw, lambda *_: Extracted()).sender is None:
        raise CannotTakeInError(NO_ADDRESS)
    return raw


def is_mail(each: Attachment) -> bool:
    """Whether an uploaded file is a mail and not a scan."""
    return each.filename.casefold().endswith(".eml") or each.true_type == "message/rfc822"
