"""Showing a token to a mail server, and a newer one once where the first is refused.

A server may find a token expired before we do: its clock or ours is wrong, or the token was taken back.
"""

from __future__ import annotations

import base64
import imaplib
from collections.abc import Callable, Sequence
from typing import Any

from processor.mail_servers import MailboxSettings, OAuthSettings, SmtpSettings
from processor.world.failures import Disconnected, LoginRefused, Transient
from processor.world.outcomes import words
from processor.world.sasl import Mechanism, first_words, last_words, mechanism, reasons
from processor.world.token_answers import LONG_WORD
from processor.world.tokens import DOUBTED, access_token, doubt

LONGEST_COMMAND = 512
"""RFC 5321 section 4.5.3.1.4; a longer first response goes on a line of its own (RFC 4954 section 4)."""


def imap_login(client: Any, settings: MailboxSettings, passing: Sequence[str]) -> None:
    """Log in on a connection of imapclient's; ``passing`` are the words of a NO that speaks of the moment.

    Raises Disconnected, Transient, LoginRefused or Misconfigured.
    """
    kind = mechanism(lambda name: client.has_capability(f"AUTH={name}"))

    def shown(token: str) -> str:
        first = first_words(kind, settings.user, token, settings.host, settings.port)
        talk = Talk(kind, first)
        try:
            client._imap.authenticate(kind, talk)
        except imaplib.IMAP4.abort as error:
            raise Disconnected(f"the connection was lost at login: {spared(str(error), token)}") from None
        except imaplib.IMAP4.error as error:
            said = spared(str(error), token)
            if any(word in said.upper() for word in passing):
                raise Transient(f"the server takes no logins now: {said}") from None
            return f"{said} ({spared(talk.told, token)})" if talk.told else said
        return ""

    show(settings.oauth, settings.user, shown)


def smtp_login(smtp: Any, settings: SmtpSettings) -> None:
    """Log in on a connection of smtplib's; raises Transient, LoginRefused or Misconfigured, or OSError for the line."""
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    kind = mechanism(offered.__contains__)

    def shown(token: str) -> str:
        first = base64.b64encode(first_words(kind, settings.user, token, settings.host, settings.port)).decode("ascii")
        if len(f"AUTH {kind} {first}\r\n") <= LONGEST_COMMAND:
            code, text = smtp.docmd("AUTH", f"{kind} {first}")
        else:
            code, text = smtp.docmd("AUTH", kind)
            if code == 334:
                code, text = smtp.docmd(first)
        told = ""
        if code == 334:
            told = reasons(decoded(text))
            code, text = smtp.docmd(base64.b64encode(last_words(kind)).decode("ascii"))
        if code in (235, 503):
            return ""
        said = f"{code} {spared(text.decode('utf-8', 'replace'), token)}"
        if not 500 <= code < 600:
            raise Transient(f"the server takes no logins now: {said}")
        return f"{said} ({spared(told, token)})" if told else said

    show(settings.oauth, settings.user, shown)


class Talk:
    """Our side of an IMAP AUTHENTICATE; ``told`` is what the server says of a refused token."""

    def __init__(self, kind: Mechanism, first: bytes) -> None:
        self._kind, self._first, self.told = kind, first, ""
        self._begun = False

    def __call__(self, challenge: bytes) -> bytes:
        if not self._begun:
            self._begun = True
            return self._first
        self.told = reasons(challenge)
        return last_words(self._kind)


def show(settings: OAuthSettings | None, user: str, shown: Callable[[str], str]) -> None:
    """Show a token, and a newer one once where ``shown`` tells why it was refused ("" for taken)."""
    assert settings is not None
    token = access_token(settings, unlike=DOUBTED.pop(settings.file, ""))
    try:
        if not shown(token):
            return
    except (Disconnected, OSError):
        doubt(settings, token)
        raise
    refused = shown(access_token(settings, unlike=token))
    if refused:
        raise LoginRefused(f"a new token for {user} was refused: {refused}")


def spared(text: str, token: str) -> str:
    """A server's words on one line, without the token, which some say back; nor what it was encoded in."""
    return words(LONG_WORD.sub("…", text.replace(token, "…")))


def decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
