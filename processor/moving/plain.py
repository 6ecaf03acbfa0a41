"""A page of HTML as the text that a mail program would show."""

from __future__ import annotations

from email.message import EmailMessage

from processor.message import Extracted
from processor.pipeline import read_mail


def plain_text(page: str) -> str:
    """The text of a page; read as the one part of a mail, so that it is read as mails are."""
    mail = EmailMessage()
    mail.set_content(page, subtype="html")
    return read_mail(mail.as_bytes(), lambda *_: Extracted(fault="skipped")).text.strip()
