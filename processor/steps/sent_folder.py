"""The Sent folder's steps: colleagues' replies are found there, and copies of ours are put there.

It is read before new mail is taken in, so that what was answered while nobody read is known before it is decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from processor import journal
from processor.ciphers import DamagedError
from processor.config import Config
from processor.mail_servers import MailboxSettings, SmtpSettings
from processor.message import Extracted
from processor.steps.deliver import WITH_FILES, gap_after, letter
from processor.store.colleagues import SentMail, attach_late, note_sent, note_text, unread
from processor.store.forwarding import files_of
from processor.store.outbox import outgoing
from processor.store.sent_copies import Due, copied, copy_failed, due_copies, want_none
from processor.store.watermarks import advance, watermark
from processor.world.failures import Disconnected, Failure, Misconfigured, Refusal
from processor.world.mailbox import Mailbox
from processor.world.sent_mail import ZONES, SentHeader

# Each pass begins with it, and IDLE may end a waiting many times a minute.
READ_EACH = timedelta(seconds=20)
# After each so many lost lines in a row mail is taken in all the same: one mail there may be what breaks them.
MOST_BREAKS = 3
COPIES_A_PASS = 20
TEXTS_A_PASS = 20
TEXT_BYTES = 1_000_000
GIVE_UP_AFTER = timedelta(days=7)


@dataclass
class SentFolder:
    """What a mailbox's loop knows of its Sent folder.

    ``smtp`` is what our replies leave by, ``own`` are the domains of our addresses, ``name`` is None until it is
    looked for, and "" where there is none.
    """

    smtp: SmtpSettings | None
    own: frozenset[str]
    name: str | None = None
    read_at: datetime | None = None
    broke: int = 0
    trouble: str = ""


def sent_folder_of(config: Config, settings: MailboxSettings) -> SentFolder:
    """The Sent folder of one of the configured mailboxes, not looked for yet."""
    addresses = [*config.own_addresses, *([config.smtp.from_address] if config.smtp else []), settings.user]
    return SentFolder(config.smtp, frozenset(each.rpartition("@")[2].lower() for each in addresses if "@" in each))


def read_sent(mailbox: Mailbox, sent: SentFolder | None, engine: Engine, clock: Callable[[], datetime]) -> int:
    """Find what colleagues have written since the last time; how many replies were attached to tickets.

    A folder that cannot be read is told of and holds up nothing.  No connection, or a lost one, is raised: then the
    folder is read before anything else on the next one, but for one at which the line breaks every time.
    """
    now = clock()
    if sent is None or (sent.read_at is not None and now - sent.read_at < READ_EACH):
        return 0
    # Not as a failure of the folder: the next try may succeed, and new mail would be taken in before it is read.
    mailbox.connect()
    sent.read_at = now
    attached = attach_late(engine, mailbox.settings.name, now)
    try:
        attached += _read(mailbox, sent, engine, clock)
        sent.trouble, sent.broke = "", 0
    except Disconnected:
        # Else the next pass would take in, and answer, what a colleague has answered while we could not read.
        sent.broke += 1
        if sent.broke % MOST_BREAKS:
            sent.read_at = None
        raise
    except Failure as failure:
        _tell(mailbox, sent, failure)
    if attached:
        journal.colleagues_answered(mailbox.settings.name, attached)
    return attached


def put_copies(mailbox: Mailbox, sent: SentFolder | None, engine: Engine, clock: Callable[[], datetime]) -> int:
    """Put copies of replies that have left into the folder; how many lie there now."""
    if sent is None:
        return 0
    account = mailbox.settings.name
    if not mailbox.settings.sent_copies or sent.smtp is None:
        want_none(engine, account)
        return 0
    due = due_copies(engine, account, clock(), COPIES_A_PASS)
    if not due:
        return 0
    try:
        folder = _folder(mailbox, sent)
    except Refusal:
        return 0
    if not folder:
        want_none(engine, account)
        return 0
    done = 0
    for each in due:
        if not _put(mailbox, sent.smtp, folder, each, engine, clock()):
            # What it says of one it says of all, for now.
            sent.name = None
            break
        done += 1
    return done


def _read(mailbox: Mailbox, sent: SentFolder, engine: Engine, clock: Callable[[], datetime]) -> int:
    account, folder = mailbox.settings.name, _folder(mailbox, sent)
    if not folder or not _begun(mailbox, engine, folder):
        return 0
    attached = 0
    known = watermark(engine, account, folder)
    if known is not None:
        for batch in mailbox.sent_headers(folder, known.last_uid, known.uidvalidity):
            mails = [mail for each in batch.headers if (mail := _sent_mail(each, sent.own, clock()))]
            attached += note_sent(engine, account, folder, batch.uidvalidity, mails, clock())
            advance(engine, account, folder, batch.uidvalidity, batch.reached)
    for reply in unread(engine, account, TEXTS_A_PASS):
        begin = mailbox.beginning(reply.folder, reply.uidvalidity, reply.uid, TEXT_BYTES)
        note_text(engine, reply.reply_id, _words(begin) if begin else "")
    return attached


def _folder(mailbox: Mailbox, sent: SentFolder) -> str:
    if sent.name is None:
        sent.name = mailbox.sent_folder()
    return sent.name


def _begun(mailbox: Mailbox, engine: Engine, folder: str) -> bool:
    """Whether the folder is read; at first from shortly before the mailbox's own first start, not from its beginning."""
    account = mailbox.settings.name
    known = watermark(engine, account, folder)
    if known is None:
        # The watched folders have a mark, or this is the first pass: then nothing is held that was answered.
        inbox = watermark(engine, account, mailbox.settings.folder)
        if inbox is None or inbox.answer_from is None:
            return False
        found = mailbox.before(folder, (inbox.answer_from - ZONES).date())
        if found is None:
            raise Misconfigured(f"there is no folder {folder}")
        advance(engine, account, folder, *found)
    return True


def _sent_mail(seen: SentHeader, own: frozenset[str], now: datetime) -> SentMail | None:
    """A mail by its header; None for one that answers none, or that a program wrote."""
    # Imported when there is one, since the daemon itself reads no mail.
    from processor.pipeline import read_header

    message = read_header(seen.header)
    names = (*message.in_reply_to, *reversed(message.references))
    automatic = any(name == "auto-submitted" and not value.startswith("no") for name, value in message.marks)
    if not names or automatic:
        return None
    others = dict.fromkeys(each.spec for each in (*message.to, *message.cc) if each.domain not in own)
    return SentMail(
        uid=seen.uid,
        message_id="" if message.message_id_made else message.message_id,
        names=names,
        sender=message.sender.spec if message.sender else "",
        recipients=tuple(others),
        subject=message.subject,
        sent_at=seen.internaldate or message.date or now,
    )


def _words(raw: bytes) -> str:
    """What the colleague wrote, without what is quoted below it."""
    from processor.pipeline import read_mail

    message = read_mail(raw, lambda *_: Extracted())
    new = "".join(message.text[part.start : part.end] for part in message.sections if part.kind in ("new", "signature"))
    return new.strip()


def _put(mailbox: Mailbox, smtp: SmtpSettings, folder: str, due: Due, engine: Engine, now: datetime) -> bool:
    """Put one copy; false when the server does not take it, which is tried again later."""
    row = outgoing(engine, due.outbox_id)
    try:
        raw = letter(row, smtp, due.dated_at, files_of(engine, row.id) if row.kind in WITH_FILES else ())
    except (ValueError, DamagedError) as error:
        # It was erased meanwhile, or its file does not open: nothing is left to copy.
        copy_failed(engine, due, str(error), None)
        return True
    try:
        ours = mailbox.put_copy(folder, raw, row.message_id, due.dated_at)
    except Disconnected:
        raise
    except Failure as failure:
        again = now + gap_after(due.tries) if now - due.dated_at < GIVE_UP_AFTER else None
        copy_failed(engine, due, failure.reason, again)
        journal.copy_failed(mailbox.settings.name, folder, failure.reason, again is None)
        return False
    copied(engine, due, folder, ours, now)
    return True


def _tell(mailbox: Mailbox, sent: SentFolder, failure: Failure) -> None:
    """Say once what is wrong with the folder, and look for it anew: it may have been renamed."""
    if failure.reason != sent.trouble:
        journal.sent_folder_failed(mailbox.settings.name, sent.name or "", failure.reason)
    sent.name, sent.trouble = None, failure.reason
