"""A ticket by hand: an .eml, a scan or a note, with when it arrived, on what it came, and who says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from starlette.responses import Response

from processor.config import Config
from processor.desk.answering import go, page
from processor.desk.asking import Asked, Desk
from processor.desk.language import N_
from processor.desk.mail_pages import is_program
from processor.desk.notices import told
from processor.desk.queue_pages import view_of
from processor.desk.uploads import NOT_SENT, Upload, attachment, refused
from processor.desk.words import SOURCES
from processor.desk.write_page import INFECTED
from processor.message import Attachment
from processor.steps.by_hand import (
    NOT_HERE,
    NOTHING,
    CannotTakeInError,
    is_mail,
    letter_around,
    moment,
    whole_mail,
)
from processor.steps.scanning import Scanner
from processor.store.by_hand import Brought, take_in
from processor.store.forwarding import File
from processor.store.visible import sees_ticket

ONE_MAIL = N_("an .eml is taken in alone, without other files or a note")


def form(desk: Desk, asked: Asked) -> Response:
    """The empty form."""
    return _form(desk, asked, {}, "", 200)


def bring(desk: Desk, asked: Asked) -> Response:
    """Take it in; its ticket comes with the next look of the program, or is there already."""
    fields = asked.form
    try:
        box = next((each for each in _mailboxes(desk, asked) if each == fields.get("mailbox", "")), None)
        if box is None:
            raise CannotTakeInError(NOT_HERE)
        at = moment(fields.get("arrived_at", ""), desk.clock())
        source = fields.get("source", "")
        raw = raw_of(desk.config, fields, asked.files, at)
        purpose = next(each.purpose for each in desk.config.mailboxes if each.name == box)
        said_by = fields.get("said_by", "").strip() or asked.person.name
        brought = Brought(box, raw, at, source if source in SOURCES else "other", said_by, purpose)
    except CannotTakeInError as cannot:
        return _form(desk, asked, fields, str(cannot), 422)
    landed = take_in(desk.engine, brought, asked.person, desk.clock())
    desk.changed()
    if landed.ticket_no and sees_ticket(desk.engine, asked.account.scope, landed.ticket_no):
        return go(f"/ticket/{landed.ticket_no}", view=view_of(asked), did=f"{landed.ticket_no}.known")
    return go("/queue", view=view_of(asked), did="brought" if landed.new else "brought_before")


def _form(desk: Desk, asked: Asked, fields: Mapping[str, str], wrong: str, status: int) -> Response:
    values = {"fields": fields, "wrong": wrong, "mailboxes": _mailboxes(desk, asked), "notice": told(desk, asked)}
    return page(desk, asked, "take_in.html", status, **values)


def _mailboxes(desk: Desk, asked: Asked) -> list[str]:
    """Those that the person sees."""
    scope = asked.account.scope
    return [each.name for each in desk.config.mailboxes if scope is None or each.name in scope]


def raw_of(config: Config, fields: Mapping[str, str], files: Sequence[Upload], at: datetime) -> bytes:
    """What was brought, as a mail: the .eml as it is, or a letter around note (``text``) and scans; CannotTakeInError.

    ``sender`` and ``subject`` are of whoever sent the note or scan.
    """
    note = fields.get("text", "").replace("\r\n", "\n")[:50_000]
    seen = [(each, attachment(each)) for each in files]
    scanner = Scanner(config.scan)
    if scanner.on and any(scanner.ask(each.content).state != "clean" for each in files):
        raise CannotTakeInError(INFECTED)
    mails = [upload for upload, each in seen if is_mail(each)]
    if mails:
        if len(files) > 1 or note.strip():
            raise CannotTakeInError(ONE_MAIL)
        return whole_mail(mails[0].content)
    sender, subject = fields.get("sender", "").strip(), fields.get("subject", "")
    if not files and not note.strip():
        raise CannotTakeInError(NOTHING)
    return letter_around(config, note, [_scan(*each) for each in seen], sender, subject, at)


def _scan(upload: Upload, each: Attachment) -> File:
    if is_program(each):
        raise CannotTakeInError(NOT_SENT)
    if why := refused(each):
        raise CannotTakeInError(why)
    return File(each.filename, each.true_type, upload.content)
