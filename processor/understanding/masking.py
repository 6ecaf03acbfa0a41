"""Numbers that are nobody's business: national identity numbers and bank accounts.

They are hidden before anything is looked for, so that they become no field and stand in no evidence.
A mistyped one is as private as a right one, so no check digit is asked for.
"""

from __future__ import annotations

import re

MASK = "•"
_PRIVATE = re.compile(
    r"(?<![\w+])(?:"
    r"\d{6}[ -]?\d{5}"  # Norwegian, and a bank account without stops
    r"|\d{2}[. ]\d{2}[. ]\d{2}[ -]?\d{5}"
    r"|\d{4}[. ]\d{2}[. ]\d{5}"  # a bank account as banks write it
    r"|[Nn][Oo]\d{2} ?\d{4} ?\d{4} ?\d{3}"  # IBAN (ISO 13616)
    r"|(?:19|20)?\d{6}[-+]\d{4}"  # Swedish and Danish
    r")(?!\w|[.,]\d)"
)
_DIGIT = re.compile(r"\d")


def masked(text: str) -> str:
    """The text with the digits of private numbers hidden, and of the same length."""
    return _PRIVATE.sub(lambda found: _DIGIT.sub(MASK, found.group()), text)
