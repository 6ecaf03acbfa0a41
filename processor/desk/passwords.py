"""Passwords: Argon2id (RFC 9106), and what guessing lists ask for: length, and none that they begin with.

NIST SP 800-63B 5.1.1.2: no rules about which signs; refused are common ones, series of keys, and the person's name.
"""

from __future__ import annotations

import re
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from processor.desk.language import N_

LEAST, MOST = 12, 200
# RFC 9106 section 4, the second recommended option: 64 MiB, three passes; a tenth of a second.
HASHER = PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)
SHORT = N_("That is too short or too long.")
GUESSED = N_("That is too easy to guess.")
NAMED = N_("A password does not begin with your name.")
# What the lists of leaked passwords are made of; one or two of them with digits and signs around are guessed first.
COMMON = (
    *("admin", "administrator", "passord", "password", "passwort", "passw", "qwerty", "qwertyuiop", "asdfgh", "zxcvbn"),
    *("welcome", "velkommen", "letmein", "slippmeginn", "iloveyou", "elskerdeg", "jegelskerdeg", "secret", "hemmelig"),
    *("sommer", "summer", "vinter", "winter", "host", "var", "spring", "autumn", "norge", "norway", "oslo", "bergen"),
    *("dragon", "monkey", "football", "fotball", "princess", "sunshine", "master", "superman", "batman", "shadow"),
    *("test", "tester", "testing", "demo", "bruker", "user", "login", "logginn", "changeme", "default", "processor"),
    *("januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november"),
    *("desember", "mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lordag", "sondag", "kundesenter", "support"),
)
ROWS = ("abcdefghijklmnopqrstuvwxyzæøå", "01234567890", "qwertyuiopå", "asdfghjkløæ", "zxcvbnm", "1q2w3e4r5t6y7u8i9o0p")
LEET = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "ø": "o", "å": "a"}
)
ONLY_COMMON = re.compile(rf"(?:{'|'.join(sorted(COMMON, key=len, reverse=True))}){{1,3}}")


def hash_password(password: str) -> str:
    """What is stored of a password."""
    return HASHER.hash(password)


def fits(hashed: str, password: str) -> bool:
    """Whether a password is the one of the hash; takes as long where there is no hash, and is False then."""
    try:
        return HASHER.verify(hashed or _nobodys(), password) and bool(hashed)
    except (VerificationError, InvalidHashError):
        return False


def objection(password: str, name: str) -> str:
    """What speaks against a password of this person, a sentence in English; ``""`` for nothing."""
    plain = password.casefold()
    if not LEAST <= len(password) <= MOST:
        return SHORT
    rest = plain
    for word in sorted({*name.casefold().split(), "".join(name.casefold().split())}, key=len, reverse=True):
        rest = rest.replace(word, "") if len(word) > 2 else rest
    if rest != plain and len(re.sub(r"[\W\d_]", "", rest)) < LEAST // 2:
        return NAMED
    return GUESSED if len(set(plain)) < 5 or _is_series(plain) or _is_common(plain) else ""


def _is_common(plain: str) -> bool:
    """One or more of the common words and nothing else but digits and signs, also with digits for letters."""
    spelled = (plain, plain.translate(LEET), plain.strip("0123456789!?.,#*-_ ").translate(LEET))
    return any(ONLY_COMMON.fullmatch(re.sub(r"[\W\d_]", "", each)) for each in spelled)


def _is_series(plain: str) -> bool:
    """Made of runs of the alphabet, the digits or the keyboard, forwards or backwards, or of a part that repeats."""
    if re.fullmatch(r"(.{1,6})\1+.{0,5}", plain):
        return True
    ways = [way * 2 for row in ROWS for way in (row, row[::-1])]
    at, runs = 0, 0
    while at < len(plain):
        length = max(_run(plain[at:], way) for way in ways)
        at, runs = at + max(length, 1), runs + 1
    return runs <= len(plain) // 4


def _run(rest: str, way: str) -> int:
    """How many signs of the beginning stand in this order in a row of keys."""
    length = 0
    while length < len(rest) and rest[: length + 1] in way:
        length += 1
    return length


@cache
def _nobodys() -> str:
    return HASHER.hash("nobody has this password")
