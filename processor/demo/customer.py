"""A customer of the embedded demo, who sends a mail."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid


def send(port: int, sender: str, to: str, subject: str, text: str) -> str:
    """Send one mail to the demo's SMTP server on loopback; returns the server's answer.

    Raises OSError when no server answers there.
    """
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    mail.set_content(text)
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.mail(sender)
        smtp.rcpt(to)
        return smtp.data(mail.as_bytes())[1].decode("ascii", "replace")
