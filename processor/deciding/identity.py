"""Names that nobody can guess and that a repeat makes again: ticket numbers and our Message-IDs."""

from __future__ import annotations

import hmac

ALPHABET = "0123456789ACDEFGHJKMNPQRTUVWXY"
"""Without the letters that a person reads as another sign: B, I, L, O, S and Z."""
_PLACE = {sign: place for place, sign in enumerate(ALPHABET)}
OURS = "answer."
"""How the local part of our own Message-IDs begins; one that comes in by itself is a loop."""


def new_ticket_no(letter: str, key: bytes, prefix: str = "VS") -> str:
    """A ticket's number such as VS-7K3M-9QX4: seven characters of a keyed digest and a check character.

    The same letter gives the same number, so that a mail decided twice has one; without the key
    nobody can tell a number from a letter, and it carries no count.
    """
    # Its last seven digits in this alphabet are all that is used.
    digest = int.from_bytes(hmac.digest(key, b"ticket\0" + letter.encode(), "sha256"), "big") % len(ALPHABET) ** 7
    signs = ""
    for _ in range(7):
        digest, rest = divmod(digest, len(ALPHABET))
        signs += ALPHABET[rest]
    signs += check_character(signs)
    return f"{prefix}-{signs[:4]}-{signs[4:]}"


def check_character(signs: str) -> str:
    """The last character of a number: finds every wrong character and nearly all swaps of two."""
    total = sum([weight * _PLACE[sign] for weight, sign in zip((1, 7, 11, 13, 17, 19, 23), signs, strict=True)])
    return ALPHABET[total % len(ALPHABET)]


def valid_ticket_no(number: str, prefix: str = "VS") -> bool:
    """Whether a number has our form and the right check character; it says nothing of its being in use."""
    start, _, rest = number.upper().partition("-")
    signs = rest.replace("-", "")
    if start != prefix or len(rest) != 9 or len(signs) != 8 or not set(signs) <= set(ALPHABET):
        return False
    return check_character(signs[:7]) == signs[7]


def reply_message_id(key: bytes, mail_digest: str, kind: str, domain: str) -> str:
    """The Message-ID of a reply: the same for a repeat of the same reply, unguessable for others."""
    digest = hmac.digest(key, f"reply\0{mail_digest}\0{kind}".encode(), "sha256").hex()[:32]
    return f"<{OURS}{digest}@{domain}>"


def looks_ours(message_id: str, domains: frozenset[str]) -> bool:
    """Whether a Message-ID has the form of ours in one of our domains."""
    local, _, domain = message_id.strip("<> ").rpartition("@")
    return local.startswith(OURS) and domain.lower() in domains
