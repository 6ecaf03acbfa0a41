"""The mail servers that the configuration names, as plain frozen values: mailboxes, ways out, and logins by OAuth2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

Tls = Literal["implicit", "starttls", "plain"]
Via = Literal["smtp", "sendmail", "lmtp", "file"]
Settling = Literal["keyword", "seen", "move", "delete", "nothing"]
Provider = Literal["microsoft", "google", "other"]
Flow = Literal["device", "browser", "client_credentials", "service_account"]


class SecretMissing(Exception):
    """A secret that the configuration refers to is not there; the text says which and where."""


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """How tokens for one login are got, and where they are kept.

    ``login`` is the mailbox's name, or "smtp".  ``flow``: a person agrees once, by a code that is typed elsewhere
    (``device``) or in a browser (``browser``); or the application is let in by itself.  ``client_secret``, ``certificate``
    (PEM with its private key), ``service_account`` (JSON) and ``key`` are read when needed and raise what
    loading/secrets.py raises.  Tokens lie in ``file``, encrypted with ``key``.  ``idle_days``: a consent that is not used
    for so long ends.  ``secret_ends`` and ``consent_days`` are what the operator knows and no server tells.
    """

    login: str
    provider: Provider
    flow: Flow
    user: str
    client_id: str
    file: Path
    key: Callable[[], str] = field(repr=False)
    scopes: tuple[str, ...] = ()
    token_url: str = ""
    device_url: str = ""
    authorize_url: str = ""
    redirect_host: str = "127.0.0.1"
    client_secret: Callable[[], str] | None = field(repr=False, default=None)
    certificate: Callable[[], str] | None = field(repr=False, default=None)
    service_account: Callable[[], str] | None = field(repr=False, default=None)
    ca_file: str | None = None
    timeout: float = 20.0
    idle_days: float = 0.0
    consent_days: float = 0.0
    secret_ends: date | None = None


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """One IMAP account and what is done on the server with mail that we have recorded.

    ``tls`` "plain" is for loopback only.  ``password`` is asked at every login, so that a rotated
    secret is taken without a restart.  ``junk_folder`` None means: the folder that the server marks
    as \\Junk.  ``handled`` is done to mail that was decided, ``review`` to mail that a person must
    see; their folders are used by "move" alone.  ``timeout`` is seconds for every wait on the
    server, ``max_bytes`` the size above which a mail is streamed and not held in memory, ``batch``
    the most mails of one FETCH, ``poll_seconds`` the promise where the server has no IDLE.
    Mail that arrived before the day ``since`` is left where it is; None takes all.  Whatever it says, no
    mail from before the first start is ever answered.  With ``oauth`` a token is shown instead of a password.
    ``sent_folder`` is where colleagues' replies are looked for and ours are put; None means the one that the server
    marks or usually names so, "" none.  Without ``sent_copies`` ours are not put there.
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
    poll_seconds: float = 60.0
    since: date | None = None
    oauth: OAuthSettings | None = None
    sent_folder: str | None = None
    sent_copies: bool = True


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The server that takes our mail, and the names we write in it.

    ``envelope_from`` "" means the null sender ``<>`` (RFC 3834 3.3).  ``user`` "" means no login.
    ``reply_to`` "" leaves the header out.  ``helo`` "" means this machine's own name.  ``timeout``
    is seconds for connecting and for each reply but those of RFC 5321 4.5.3.2 that need longer.
    ``connections`` are kept open side by side: while one waits for the server, the next is written down.
    ``via``: "lmtp" speaks that to ``host``, which may be a socket's path; "sendmail" runs ``command``; "file" writes
    into ``folder`` and sends nothing.  ``dkim_selectors`` name the keys that the server signs with, for ``doctor``.
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
    connections: int = 2
    oauth: OAuthSettings | None = None
    via: Via = "smtp"
    command: tuple[str, ...] = ("/usr/sbin/sendmail",)
    folder: str = ""
    dkim_selectors: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where mails go, as a person reads it."""
        if self.via == "sendmail":
            return self.command[0]
        if self.via == "file":
            return self.folder
        return self.host if self.host.startswith("/") else f"{self.host}:{self.port}"
