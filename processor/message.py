"""A mail as read: plain frozen values, importing nothing of ours.

``reading`` makes them from bytes, everything downstream trusts them.  Offsets are characters, half
open, into the named text.  Times are aware UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

SectionKind = Literal["new", "forwarded", "signature", "quoted"]
Fault = Literal[
    "", "broken", "locked", "scanned", "too_big", "too_slow", "crashed", "skipped", "unavailable", "unknown"
]


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address header (RFC 5322 section 3.4).

    ``domain`` is a lower-case A-label (RFC 5891); ``name`` is the decoded display name, free of
    control characters.
    """

    local: str
    domain: str
    name: str = ""

    @property
    def spec(self) -> str:
        """The addr-spec, with the local part as written."""
        return f"{self.local}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Defect:
    """A fault of the mail, as a value: a short code of ours and what was seen."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the body text and whose words it holds."""

    kind: SectionKind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was read in a file, in a process with limits: plain bounded text, or why there is none.

    ``rows`` are the cells of a table's rows, and named fields with their values; ``ocr`` is True when
    a program guessed the letters of a picture, ``rotated`` when pages do not stand upright.
    """

    rows: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)
    ocr: bool = False
    rotated: bool = False
    fault: Fault = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not the body.

    ``filename`` is a safe last component or empty; ``true_type`` is what the first bytes say, and
    wins over ``declared_type``; ``digest`` is SHA-256 in hex.  ``content`` is empty when the part
    was larger than the reading limit.  ``extracted`` is None when nobody tried to read the file.
    """

    filename: str
    declared_type: str
    true_type: str
    size: int
    digest: str
    content: bytes = field(default=b"", repr=False)
    extracted: Extracted | None = None


@dataclass(frozen=True, slots=True)
class MethodResult:
    """One method of an Authentication-Results header (RFC 8601 section 2.2), lower-cased.

    ``properties`` holds pairs such as ``("header.d", "fjordbygg-demo.no")``.
    """

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AuthenticationResults:
    """One Authentication-Results header, top first.

    ``received_above`` counts the Received headers that stand above it: 0 or 1 for a header that
    our own server added, depending on the order in which it writes them.
    """

    authserv_id: str
    received_above: int
    results: tuple[MethodResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """Everything later rooms may know about a mail.

    ``text`` is the whole body as plain text, normalised to NFC and ``\\n``; ``sections`` cover it in
    order.  ``attached`` holds messages that were attached (one level); a *forwarded inline* text is
    a section instead.  ``marks`` are the lower-cased names and values of headers that speak of
    automatic mail (RFC 3834, 2919, 2369 and custom ones).  ``return_path`` is None when the header is
    missing and ``""`` for ``<>``.  ``letter`` is the digest of Message-ID, From, Date and new text:
    equal letters are arrivals of one mail (design.md, keys).  ``signed``: it brings a DKIM signature or
    an ARC seal, whether or not it holds; ``sealed`` is what the first to seal it says that it saw (RFC 8617
    section 4.1.1), which is worth as much as its seals are.
    """

    digest: str
    size: int
    letter: str
    message_id: str
    message_id_made: bool
    from_: tuple[Address, ...]
    sender: Address | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    return_path: str | None
    subject: str
    date: datetime | None
    arrival: datetime | None
    arrival_from: Literal["received", "date", "none"]
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    text: str
    sections: tuple[Section, ...]
    has_html: bool
    attachments: tuple[Attachment, ...]
    attached: tuple[Message, ...]
    marks: tuple[tuple[str, str], ...]
    authentication: tuple[AuthenticationResults, ...]
    received_count: int
    defects: tuple[Defect, ...]
    signed: bool = False
    sealed: AuthenticationResults | None = None

    def words(self, *kinds: SectionKind) -> str:
        """The text of the given kinds of section, in order, joined by a blank line."""
        return "\n\n".join(self.text[s.start : s.end] for s in self.sections if s.kind in kinds)
