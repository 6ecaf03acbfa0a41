"""The naive baseline: what an afternoon's script does, so that our figures have something beside them.

Definition: one imaplib session over a mailbox; unseen mails one by one with ``FETCH (RFC822)`` and
``STORE +FLAGS \\Seen`` as state; parsed by ``email.policy.default`` (headers and the first text body
read); one SQLite commit a mail (journal WAL, synchronous FULL) of the raw bytes; one SMTP connection
and one short answer a mail.  It understands nothing, recovers from nothing and answers everything.
"""

from __future__ import annotations

import email
import imaplib
import smtplib
import sqlite3
from email import policy
from email.message import EmailMessage
from pathlib import Path


def naive(imap_port: int, user: str, password: str, smtp_port: int, database: Path) -> int:
    """Work a mailbox off; returns how many mails were answered."""
    store = sqlite3.connect(database)
    store.execute("pragma journal_mode=wal")
    store.execute("pragma synchronous=full")
    store.execute("create table mail (id integer primary key, sender text, subject text, body text, raw blob)")
    box = imaplib.IMAP4("127.0.0.1", imap_port)
    box.login(user, password)
    box.select("INBOX")
    answered = 0
    for number in box.search(None, "UNSEEN")[1][0].split():
        raw = box.fetch(number, "(RFC822)")[1][0][1]  # type: ignore[index]
        message = email.message_from_bytes(raw, policy=policy.default)  # type: ignore[arg-type]
        body = message.get_body(("plain", "html"))
        text = body.get_content() if body is not None else ""
        sender, subject = str(message["From"]), str(message["Subject"])
        store.execute("insert into mail (sender, subject, body, raw) values (?, ?, ?, ?)", (sender, subject, text, raw))
        store.commit()
        answer = EmailMessage()
        answer["From"], answer["To"] = "oppsigelse@visma.no", message["From"].addresses[0].addr_spec
        answer["Subject"], answer["In-Reply-To"] = f"Mottatt: {subject}", str(message["Message-ID"])
        answer.set_content("Vi har mottatt e-posten din.\n")
        with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
            smtp.send_message(answer)
        box.store(number, "+FLAGS", "\\Seen")
        answered += 1
    box.logout()
    store.close()
    return answered
