"""One-time codes of the second step: TOTP (RFC 6238) over HOTP (RFC 4226), and the codes for a lost telephone.

The secret is made of the configuration's key and a random number that the store holds, so that who has a copy of
the store alone makes no code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

STEP_SECONDS = 30
DIGITS = 6
# A clock that is half a minute off is let pass (RFC 6238 section 5.2).
WINDOW = 1
RECOVERY_CODES = 10
# Without the letters and digits that are taken for one another.
SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


def secret_of(key: bytes, nonce: str) -> bytes:
    """The secret of 160 bits, as long as RFC 4226 section 4 recommends."""
    return hmac.new(key, b"processor second step " + nonce.encode(), hashlib.sha256).digest()[:20]


def code_at(secret: bytes, step: int, digits: int = DIGITS, algorithm: str = "sha1") -> str:
    """The code of a time step (RFC 4226 section 5.3)."""
    mac = hmac.new(secret, step.to_bytes(8, "big"), algorithm).digest()
    at = mac[-1] & 15
    number = int.from_bytes(mac[at : at + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def step_of(now: datetime) -> int:
    """The time step of a moment."""
    return int(now.timestamp()) // STEP_SECONDS


def matching_step(secret: bytes, said: str, now: datetime, after: int) -> int:
    """The step whose code was said, 0 for none; a step that is not later than ``after`` was used already."""
    said = "".join(said.split())
    here, found = step_of(now), 0
    for step in range(here - WINDOW, here + WINDOW + 1):
        right = hmac.compare_digest(code_at(secret, step).encode(), said.encode("utf-8", "surrogatepass"))
        if right and step > after:
            found = step
    return found


def address_of(secret: bytes, issuer: str, name: str) -> str:
    """The otpauth address that authenticator apps read."""
    label = f"{quote(issuer, safe='')}:{quote(name, safe='')}"
    return f"otpauth://totp/{label}?secret={in_letters(secret)}&issuer={quote(issuer, safe='')}"


def in_letters(secret: bytes) -> str:
    """The secret for those who type it."""
    return base64.b32encode(secret).decode()


def new_nonce() -> str:
    """What the store holds of a new secret."""
    return secrets.token_hex(16)


def new_recovery_codes() -> list[str]:
    """Codes of 49 bits each, such as ``k7wm3-x9fq2``."""
    return ["-".join("".join(secrets.choice(SIGNS) for _ in range(5)) for _ in range(2)) for _ in range(RECOVERY_CODES)]


def plain_recovery_code(said: str) -> str:
    """A recovery code as it is stored, however it was typed."""
    return "".join(each for each in said.casefold() if each.isalnum())
