"""Which way into an IMAP account carries a name and password whole, and none in clear where TLS is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from processor.mail_servers import SecretMissing
from processor.world.failures import Misconfigured, Transient

# What ends or breaks a quoted string or an astring of LOGIN in some servers (RFC 9051 section 9).
AWKWARD = ' "\\(){%*]'


def secret_of(source: Callable[[], str] | None) -> str:
    """A password as it is now, "" where none is configured.

    Raises Transient where it cannot be read: it may be in the middle of being replaced, and a loop that ended for
    it would watch its mailbox no more.
    """
    try:
        return source() if source else ""
    except SecretMissing as missing:
        raise Transient(str(missing)) from missing


def way_in(user: str, password: str, tls: str, offers: Callable[[str], bool]) -> Literal["LOGIN", "PLAIN"]:
    """LOGIN for plain words, AUTHENTICATE PLAIN for the rest, which LOGIN cannot carry safely.

    ``offers`` tells whether the server has a capability.  Raises Misconfigured where neither will do.
    """
    if any(ord(mark) < 32 or ord(mark) == 127 for mark in user + password):
        raise Misconfigured("the user name or password holds a control character, perhaps a newline at its end")
    awkward = not (user + password).isascii() or any(mark in user for mark in AWKWARD)
    closed = offers("LOGINDISABLED")
    if (closed or awkward) and not offers("AUTH=PLAIN"):
        raise Misconfigured("the server allows no login on this connection that can carry this name and password")
    if closed and tls == "plain":
        raise Misconfigured("the server allows no login without TLS (LOGINDISABLED)")
    return "PLAIN" if closed or awkward else "LOGIN"
