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


def masked_mail(message: Message) -> Message:
    """The mail with the private numbers of its words hidden; every place in them stays.

    Addresses and Message-IDs are left, since an answer must reach them and name them.
    """
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


def _masked_name(address: Address) -> Address:
    return replace(address, name=masked(address.name)) if address.name else address
