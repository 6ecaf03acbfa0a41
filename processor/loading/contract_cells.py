"""Single cells of a contract file: whom to call back and whom to tell, each with what is wrong with it; domains."""

from __future__ import annotations

import re

PHONE = re.compile(r"\+?[0-9]{5,15}")
ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9.-]{1,253}")
MOST = 10


def phone(text: str) -> tuple[str, list[str]]:
    """Digits, with the + before another country's; "" for nothing and for what is no number."""
    bare = re.sub(r"[\s().-]", "", text)
    if bare and not PHONE.fullmatch(bare):
        return "", [f"phone {text[:40]!r} is no telephone number"]
    return bare, []


def contacts(text: str) -> tuple[tuple[str, ...], list[str]]:
    """Mail addresses in lower case, in the order of the alphabet."""
    words = sorted(set(filter(None, re.split(r"[\s,|]+", text.lower()))))
    wrong = [f"contacts: {word[:80]!r} is no mail address" for word in words if not ADDRESS.fullmatch(word)]
    return tuple(words), wrong + ([f"contacts names more than {MOST} addresses"] if len(words) > MOST else [])


def ascii_domain(domain: str) -> str:
    """A domain in A-labels, where it can be written so."""
    try:
        return domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return domain
