"""The embedded demo's SMTP server: takes customers' mail into the mailboxes, keeps our answers.

Mail for one of our mailboxes is stamped as a company's border server would (Received, Return-Path and
Authentication-Results) and put into the IMAP server; all other mail is an answer to a customer and
lands as a file in ``sent``.  Here the built-in receiver is the trusted one: whatever reaches it on
loopback it marks as authenticated, and says so in the header's comment (design.md).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

AUTHSERV_ID = "mx.processor-demo.invalid"


def stamp(raw: bytes, mail_from: str, now: datetime, number: int) -> bytes:
    """Put the headers of a border server above a mail that was taken on loopback."""
    domain = mail_from.rpartition("@")[2] or "localhost"
    header = (
        f"Return-Path: <{mail_from}>\r\n"
        f"Received: from {domain} (localhost [127.0.0.1]) by {AUTHSERV_ID} with ESMTP\r\n"
        f" id {now:%y%m%d%H%M%S}{number:04d}; {format_datetime(now)}\r\n"
        f"Authentication-Results: {AUTHSERV_ID} (the embedded demo vouches for loopback);\r\n"
        f" spf=pass smtp.mailfrom={domain}; dmarc=pass header.from={domain}\r\n"
    )
    return header.encode("utf-8") + raw


class Receiver:
    """aiosmtpd's handler: sorts each mail by its recipient."""

    def __init__(self, folders: Mapping[str, str], put: Callable[[str, bytes], None], sent: Path) -> None:
        self.folders = folders
        self.put = put
        self.sent = sent
        self.numbers = itertools.count(1)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        now, number = datetime.now(UTC), next(self.numbers)
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        for recipient in envelope.rcpt_tos:
            if folder := self.folders.get(recipient.lower()):
                self.put(folder, stamp(raw, envelope.mail_from or "", now, number))
            else:
                self.sent.mkdir(parents=True, exist_ok=True)
                (self.sent / f"{now:%Y%m%dT%H%M%S}-{number:04d}.eml").write_bytes(raw)
        return f"250 2.0.0 taken as {number}"


def serve(folders: Mapping[str, str], put: Callable[[str, bytes], None], sent: Path, port: int) -> Controller:
    """Start the server in a thread of its own; ``folders`` maps our addresses to IMAP folders."""
    controller = Controller(Receiver(folders, put, sent), hostname="127.0.0.1", port=port)
    controller.start()
    return controller
