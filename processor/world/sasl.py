"""What is said when a token is shown: XOAUTH2 (Google's and Microsoft's) and OAUTHBEARER (RFC 7628)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Literal

from processor.world.failures import Misconfigured

Mechanism = Literal["XOAUTH2", "OAUTHBEARER"]
LONGEST = 300


def mechanism(offers: Callable[[str], bool]) -> Mechanism:
    """The mechanism to use: XOAUTH2 where it is offered, since it is the one that both large providers document.

    ``offers`` tells whether the server names a mechanism.  Raises Misconfigured where it names neither.
    """
    if offers("XOAUTH2"):
        return "XOAUTH2"
    if offers("OAUTHBEARER"):
        return "OAUTHBEARER"
    raise Misconfigured("the server takes no tokens: it offers neither XOAUTH2 nor OAUTHBEARER")


def first_words(kind: Mechanism, user: str, token: str, host: str, port: int) -> bytes:
    """What the client says first."""
    if kind == "XOAUTH2":
        return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()
    name = user.replace("=", "=3D").replace(",", "=2C")
    return f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01".encode()


def last_words(kind: Mechanism) -> bytes:
    """What is said to the server's reasons, after which it says no: nothing, or a %x01 (RFC 7628 section 3.2.3)."""
    return b"" if kind == "XOAUTH2" else b"\x01"


def reasons(challenge: bytes) -> str:
    """What the server says of a refused token, as one bounded line; "" where it says nothing that can be read."""
    try:
        told = json.loads(challenge)
    except ValueError:
        return ""
    if not isinstance(told, dict):
        return ""
    said = ", ".join(f"{name} {told[name]}" for name in ("status", "scope", "error") if told.get(name))
    return "".join(sign if sign.isprintable() else " " for sign in said)[:LONGEST]
