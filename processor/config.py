"""The configuration as plain frozen values; loading fills them from config.toml."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Tls = Literal["implicit", "starttls", "plain"]
Settling = Literal["keyword", "seen", "move", "delete", "nothing"]


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """One IMAP account and what is done on the server with mail that we have recorded.

    ``tls`` "plain" is for loopback only.  ``password`` is asked at every login, so that a rotated
    secret is taken without a restart.  ``junk_folder`` None means: the folder that the server marks
    as \\Junk.  ``handled`` is done to mail that was decided, ``review`` to mail that a person must
    see; their folders are used by "move" alone.  ``timeout`` is seconds for every wait on the
    server, ``max_bytes`` the size above which a mail is streamed and not held in memory, ``batch``
    the most mails of one FETCH.
    """

    name: str
    host: str
    port: int
    tls: Tls
    user: str
    password: Callable[[], str]
    folder: str = "INBOX"
    junk_folder: str | None = None
    purpose: str = ""
    ca_file: str | None = None
    timeout: float = 60.0
    handled: Settling = "keyword"
    handled_folder: str = ""
    review: Settling = "nothing"
    review_folder: str = ""
    max_bytes: int = 25_000_000
    batch: int = 50


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The server that takes our mail, and the names we write in it.

    ``envelope_from`` "" means the null sender ``<>`` (RFC 3834 3.3).  ``user`` "" means no login.
    ``reply_to`` "" leaves the header out.  ``helo`` "" means this machine's own name.  ``timeout``
    is seconds for connecting and for each reply but those of RFC 5321 4.5.3.2 that need longer.
    """

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: Callable[[], str] | None = None
    ca_file: str | None = None
    timeout: float = 60.0
    envelope_from: str = ""
    from_address: str = ""
    from_name: str = ""
    reply_to: str = ""
    helo: str = ""
