"""A letter of another system's ticket as the mail that it was, as far as the export tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from hashlib import sha256

POLICY = SMTP.clone(cte_type="8bit")
MOST_HEADER = 900
NOBODY = "nobody@import.invalid"
"""Stands where the export gives a name alone."""


@dataclass(frozen=True, slots=True)
class File:
    """An attached file whose bytes the export gives."""

    name: str
    kind: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a customer or we wrote.  ``raw`` is the mail itself where the export gives it; ``lacking`` counts files
    that are named and not given."""

    name: str
    at: datetime
    own: bool
    from_: str
    to: str = ""
    cc: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    references: str = ""
    files: tuple[File, ...] = ()
    raw: bytes | None = field(default=None, repr=False)
    lacking: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """What staff wrote for each other."""

    at: datetime
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket of another system; ``thread`` is its name here, in the form of a Message-ID.

    ``faults`` are (which, why) of what could not be understood in it.
    """

    name: str
    thread: str
    open: bool
    group: str = ""
    letters: tuple[Letter, ...] = ()
    notes: tuple[Note, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()


def composed(ticket: Ticket, letter: Letter) -> bytes:
    """The letter as a mail: the same export gives the same bytes, so that it is known again."""
    if letter.raw is not None:
        return letter.raw
    mail = EmailMessage(policy=POLICY)
    for name, value in (("From", letter.from_), ("To", letter.to), ("Cc", letter.cc)):
        if value.strip():
            mail[name] = _addresses(value)
    mail["Subject"] = _line(letter.subject)
    mail["Date"] = format_datetime(letter.at.astimezone(UTC))
    for name, ids in (
        ("Message-ID", letter.message_id or made_id(ticket, letter)),
        ("In-Reply-To", letter.in_reply_to),
        ("References", letter.references),
    ):
        if ids:
            mail[name] = _line(ids)
    if letter.text or not letter.html:
        mail.set_content(letter.text + "\n", cte="8bit")
    if letter.html:
        put = mail.add_alternative if letter.text else mail.set_content
        put(letter.html, subtype="html", cte="base64")
    for file in letter.files:
        kind, _, sub = (file.kind if file.kind.count("/") == 1 else "application/octet-stream").partition("/")
        mail.add_attachment(file.content, maintype=kind, subtype=sub.partition(";")[0], filename=_line(file.name))
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{sha256(f'{ticket.thread} {letter.name} {number}'.encode()).hexdigest()[:32]}")
    return mail.as_bytes()


def made_id(ticket: Ticket, letter: Letter) -> str:
    """The Message-ID of a letter that never was a mail, or whose own is not told."""
    return f"<{sha256(f'{ticket.thread} {letter.name}'.encode()).hexdigest()[:24]}.{ticket.thread.strip('<>')}>"


def when(value: object) -> datetime:
    """A time as an API writes it (ISO 8601, in UTC where it names no zone); raises ValueError."""
    found = datetime.fromisoformat(str(value).replace(" UTC", "+00:00"))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def text_of(value: object) -> str:
    """A text of an export, ``""`` for null."""
    return "" if value is None else str(value)


def address(name: object, spec: object) -> str:
    """A name and an addr-spec as one header value; the spec alone where the name says no more."""
    shown, bare = _line(text_of(name)).replace('"', ""), _line(text_of(spec))
    return f'"{shown}" <{bare}>' if shown and bare and shown != bare else bare or shown


def _addresses(value: str) -> str:
    """Addresses as a header may hold them; a name without one keeps its name, since it says who wrote."""
    found = []
    for name, spec in getaddresses([_line(value)]):
        shown, bare = (name, spec) if "@" in spec else (name or spec, NOBODY)
        try:
            found.append(str(Address(shown, addr_spec=bare)))
        except (ValueError, IndexError, HeaderParseError):
            found.append(str(Address(shown or bare.replace("@", " at "), addr_spec=NOBODY)))
    return ", ".join(found)


def _line(value: str) -> str:
    return " ".join(value.split())[:MOST_HEADER]
