"""How the world fails, in four words; raised by the rooms that talk to servers, and nothing else is.

What to do differs: a Transient is tried again with growing gaps, a LoginRefused only a few times
(servers lock accounts), a Misconfigured waits for a person.
"""

from __future__ import annotations


class Failure(Exception):
    """Something outside failed; ``reason`` is a sentence for the log and for ``doctor``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Transient(Failure):
    """It may work later: a lost connection, a busy server, an answer we cannot read."""


class Disconnected(Transient):
    """The connection is gone or no longer to be trusted; open a new one.

    ``mails`` are those that were being fetched, by UIDVALIDITY and UID: one of them may be what breaks it.
    """

    mails: tuple[tuple[int, int], ...] = ()


class Refusal(Transient):
    """The server said NO to one command; the connection is whole."""


class LoginRefused(Failure):
    """The server does not take the name and password."""


class Misconfigured(Failure):
    """It will not work before somebody changes the settings or the server."""
