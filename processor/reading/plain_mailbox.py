"""The address header that most mails have: one mailbox, written so that it can be read in one way only.

``Kari Moe <kari@a.no>``, ``"Moe, Kari" <kari@a.no>``, ``K. =?utf-8?q?=C3=98?= <kari@a.no>`` and ``kari@a.no`` are
such; what a grammar must look at is left to ``addresses``, which gives the same for these.
"""

from __future__ import annotations

import re

from processor.message import Address
from processor.reading.headers import word_bytes

# Letters that no normal form changes and that no doubled UTF-8 begins with; a name has no @, so it shows no address.
_LETTERS = "A-Za-z0-9æøåäöéèüÆØÅÄÖÉÈÜ"
_WORD = f"[{_LETTERS}_&+.-]+"
_ENCODED = (
    r"=\?(?P<charset>utf-8|iso-8859-1|windows-1252)\?"
    r"(?:q\?(?P<q>(?:[a-z0-9_.+/-]|=[0-9a-f]{2}){1,80})|"
    r"b\?(?P<b>(?:[a-z0-9+/]{4}){0,20}[a-z0-9+/]{2}[a-z0-9+/=][a-z0-9+/=]))\?="
)
_SPEC = (
    r"(?P<local>[A-Za-z0-9_+-]{1,32}(?:\.[A-Za-z0-9_+-]{1,32}){0,3})@"
    r"(?P<domain>[A-Za-z0-9][A-Za-z0-9-]{0,60}(?:\.[A-Za-z0-9][A-Za-z0-9-]{0,60}){1,3})"
)
_MAILBOX = re.compile(
    rf"(?:(?P<words>{_WORD}(?: {_WORD})*+) |\"(?P<quoted>[{_LETTERS}][{_LETTERS}_&+,. -]*)\" |"
    rf"(?P<before>(?:{_WORD} )*+)(?ai:{_ENCODED})(?P<after>(?: {_WORD})*+) )?<{_SPEC}>|{_SPEC.replace('P<', 'P<bare_')}",
)
_NAME = re.compile(f"[{_LETTERS}_&+,.-]+(?: [{_LETTERS}_&+,.-]+)*")


def plain_mailbox(value: str) -> Address | None:
    """The one address of a header's unfolded value; None for what it takes a grammar to read."""
    found = _MAILBOX.fullmatch(value)
    if not found:
        return None
    if found["bare_local"]:
        return Address(found["bare_local"], found["bare_domain"].lower())
    name = found["words"] or found["quoted"] or ""
    if charset := found["charset"]:
        try:
            name = (word_bytes("q", found["q"]) if found["q"] else word_bytes("b", found["b"])).decode(charset)
        except UnicodeDecodeError:
            return None
        name = found["before"] + name + found["after"]
    if name and not _NAME.fullmatch(name):
        return None
    return Address(found["local"], found["domain"].lower(), name)
