"""Numbers that are nobody's business: national identity numbers and bank accounts.

They are hidden before anything is looked for, so that they become no field and stand in no evidence,
and in the whole mail before it is stored, shown, logged or quoted: only the raw bytes keep them.
A mistyped one is as private as a right one, so no check digit is asked for.
"""

from __future__ import annotations

import re
from dataclasses import replace

from processor.message import Address, Message

MASK = "•"
# The first sign is taken before it is asked what stands around it: so a text is searched twice as fast.
_PRIVATE = re.compile(
    r"[\dNn](?<![\w+].)(?:(?<=\d)(?:"
    r"\d{5}[ -]?\d{5}"  # Norwegian, and a bank account without stops
    r"|\d[. ]\d{2}[. ]\d{2}[ -]?\d{5}"
    r"|\d{3}[. ]\d{2}[. ]\d{5}"  # a bank account as banks write it
    r"|(?:(?<=1)9\d|(?<=2)0\d)?\d{5}[-+]\d{4})"  # Swedish and Danish, the year with its century or without
    r"|(?<=[Nn])[Oo]\d{2} ?\d{4} ?\d{4} ?\d{3}"  # IBAN (ISO 13616)
    r")(?!\w|[.,]\d)"
)
_TEN_DIGITS = re.compile(r"\d(?:[ .+-]?\d){9}")
"""What none of them can do without."""
_DIGIT = re.compile(r"\d")


def masked(text: str) -> str:
    """The text with the digits of private numbers hidden, and of the same length."""
    if not _TEN_DIGITS.search(text):
        return text
    return _PRIVATE.sub(lambda found: _DIGIT.sub(MASK, found.group()), text)


def masked_mail(message: Message) -> Message:
    """The mail with the private numbers of its words hidden; every place in them stays.

    Addresses and Message-IDs are left, since an answer must reach them and name them.
    """
    # A number stands in one line, so that one search tells whether anything must be hidden at all.
    if not _PRIVATE.search("\n".join(_words(message))):
        return message
    return replace(
        message,
        subject=masked(message.subject),
        text=masked(message.text),
        from_=tuple(map(_masked_name, message.from_)),
        sender=message.sender and _masked_name(message.sender),
        reply_to=tuple(map(_masked_name, message.reply_to)),
        to=tuple(map(_masked_name, message.to)),
        cc=tuple(map(_masked_name, message.cc)),
        attachments=tuple(replace(each, filename=masked(each.filename)) for each in message.attachments),
        attached=tuple(map(masked_mail, message.attached)),
        marks=tuple((name, masked(value)) for name, value in message.marks),
        defects=tuple(replace(each, detail=masked(each.detail)) for each in message.defects),
    )


def _words(message: Message) -> list[str]:
    """All words of a mail in which a number may stand."""
    people = (*message.from_, message.sender, *message.reply_to, *message.to, *message.cc)
    return [
        message.subject,
        message.text,
        *(each.name for each in people if each),
        *(each.filename for each in message.attachments),
        *(value for _, value in message.marks),
        *(each.detail for each in message.defects),
        *(words for each in message.attached for words in _words(each)),
    ]


def _masked_name(address: Address) -> Address:
    return replace(address, name=masked(address.name)) if address.name else address
