"""A judged mail without whom it is about: what a model learns from stays, names, numbers and addresses go.  Pure.

The words that the model counts are all it needs, and digits it counts by their number alone.  So long numbers become
zeros, addresses and links become examples, the signature and quoted history are cut, and a capitalised word becomes
``Navn`` where the sender or the company is called so, inside a sentence, and wherever the model does not know it.
What nobody can mask, a file or a report of a server, leaves the mail out.  A first name that the model knows may be
left at the beginning of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

from processor.message import Message

NAME, DOMAIN = "Navn", "firma.example"
ROLES = re.compile(
    r"no-?reply|do-?not-?reply|ikke-?svar|mailer-?daemon|postmaster|post|info|faktura|invoice|support", re.I
)
"""Beginnings of addresses that are nobody's name, and tell a robot or an office."""
REPORTS = re.compile(r"report-type|multipart/report|message/|text/calendar")
_EMAIL = re.compile(r"[^\s<>\"@]{1,64}@[^\s<>\"@]{1,200}\.[^\s<>\"@]{2,60}")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"]+", re.I)
_DATE = r"(?<!\d)(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2})(?!\d)"
_NUMBER = re.compile(rf"(?P<date>{_DATE})|\d(?:[ .\u00a0-]?\d){{4,}}")
_WORD = re.compile(r"[^\W\d_][^\W\d_'’-]+")
_DIGIT = re.compile(r"\d")
_HOST = re.compile(r"(?<![\w@.])[\w-]+(?:\.[\w-]+)*\.(?:no|com|net|org|se|dk|eu)(?![\w.]*@)\b", re.I)
_BEGINS = re.compile(r"(?:^|[.!?:;\n]|\n\s*[-*•>])[\s\"'«(]*$")
FORMS = frozenset(("as", "asa", "enk", "ans", "da", "sa", "nuf", "ab", "aps", "ba", "ks"))
NO_NAMES = frozenset(
    re.findall(
        r"\w+",
        "visma altinn elma ehf peppol otp bankid autoinvoice excel outlook norge norway"
        " monday tuesday wednesday thursday friday saturday sunday january february march april may june july august"
        " september october november december",
    )
)
"""Words with a capital inside a sentence that are nobody's name."""


@dataclass(frozen=True, slots=True)
class Masked:
    """The mail's new bytes, or why it was left out."""

    raw: bytes = b""
    left_out: str = ""


def masked_for_training(
    message: Message, names: Collection[str], products: Collection[str], known: Collection[str]
) -> Masked:
    """The mail as it may be learned from; ``names`` are people's and companies', ``known`` the model's words, small."""
    if any(not each.true_type.startswith("image/") for each in message.attachments) or message.attached:
        return Masked(left_out="it brings a file")
    if any(REPORTS.match(name) for name, _ in message.marks):
        return Masked(left_out="it is a server's report")
    sender = message.from_[0] if message.from_ else None
    called = [*names, sender.name if sender else "", *(sender.local.split(".") if sender else [])]
    kept = NO_NAMES | {word.lower() for product in products for word in _WORD.findall(product)}
    hidden = frozenset(word.lower() for name in called for word in _WORD.findall(name) if len(word) > 2) - FORMS - kept

    def mask(text: str) -> str:
        return without_names(without_numbers(without_addresses(text)), hidden, kept, known)

    made = EmailMessage(policy=SMTP)
    local = sender.local if sender and ROLES.match(sender.local) else "navn"
    made["From"] = f"{NAME} <{local if local.isascii() else 'navn'}@{DOMAIN}>"
    made["Subject"] = mask(message.subject)
    if message.return_path == "":
        made["Return-Path"] = "<>"
    for name, value in message.marks:
        made[name] = f"<liste.{DOMAIN}>" if name.startswith("list-") else without_numbers(without_addresses(value))
    text = mask(message.words("new", "forwarded"))
    made.set_content(text + (f"\n\n-- \n{NAME}\n" if message.words("signature").strip() else ""), charset="utf-8")
    return Masked(made.as_bytes())


def without_addresses(text: str) -> str:
    """Mail addresses, links and names of hosts become examples."""
    text = _LINK.sub(f"https://{DOMAIN}", _EMAIL.sub(f"navn@{DOMAIN}", text))
    return _HOST.sub(DOMAIN, text)


def without_numbers(text: str) -> str:
    """Numbers of five digits and more become zeros of the same shape; dates stay."""
    return _NUMBER.sub(lambda found: found[0] if found["date"] else _DIGIT.sub("0", found[0]), text)


def without_names(text: str, hidden: Collection[str], kept: Collection[str], known: Collection[str]) -> str:
    """Words of names become ``Navn``, and so do capitalised ones that are not ``kept``.

    Those that are ``known`` stay where a capital says nothing: at the beginning of a sentence, and among capitals.
    """

    def shown(found: re.Match[str]) -> str:
        word = found[0].lower()
        if word in hidden or word.removesuffix("s") in hidden:
            return NAME
        if not found[0][0].isupper() or word in kept or word == NAME.lower():
            return found[0]
        says_nothing = found[0].isupper() or _BEGINS.search(text[max(0, found.start() - 20) : found.start()])
        return found[0] if word in known and says_nothing else NAME

    return _WORD.sub(shown, text)
