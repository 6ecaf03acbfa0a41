"""Passwords: Argon2id (RFC 9106), and the one rule that guessing lists ask for: length (NIST SP 800-63B 5.1.1.2)."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST, MOST = 12, 200
# RFC 9106 section 4, the second recommended option: 64 MiB, three passes; a tenth of a second.
HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)


def hash_password(password: str) -> str:
    """What is stored of a password."""
    return HASHER.hash(password)


def fits(hashed: str, password: str) -> bool:
    """Whether a password is the one of the hash; takes as long where there is no hash, and is False then."""
    try:
        return HASHER.verify(hashed or _nobodys(), password) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False


def too_weak(password: str, name: str) -> bool:
    """Whether it is too short or too long, one sign many times, or the person's name."""
    plain = password.casefold()
    return not LEAST <= len(password) <= MOST or len(set(plain)) < 5 or plain in (name.casefold(), name.casefold() * 2)


@cache
def _nobodys() -> str:
    return HASHER.hash("nobody has this password")
