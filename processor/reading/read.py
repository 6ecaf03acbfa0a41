"""Read a mail: bytes to ``Message``, whatever the bytes are.

The order is that of the modules: ``parse`` opens the tree, ``headers`` and ``addresses`` read its
fields, ``parts`` walks the bodies, ``body`` joins the text and ``sections`` splits it.  Faults of the
mail become defects, since a mail that cannot be read must still be a ticket with its bytes kept.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from processor.message import Address, Defect, Message
from processor.reading.addresses import read_addresses, read_from, read_return_path
from processor.reading.authentication import is_signed, read_authentication, read_sealed
from processor.reading.body import join
from processor.reading.charset import mend_doubled
from processor.reading.dates import arrival, parse_date
from processor.reading.headers import Headers, decode_words, readable
from processor.reading.marks import read_marks
from processor.reading.parse import open_mail
from processor.reading.parts import Parts, walk
from processor.reading.sections import Letter, split

MAX_SUBJECT = 1_000
MAX_ATTACHED = 20
MAX_IDS = 51
MAX_ID = 998

_ID = re.compile(r"<([^<>\s]{1,1000})>")
_ONCE = ("subject", "date", "message-id", "content-type")


def read(raw: bytes) -> Message:
    """Read the bytes of a mail; never raises, and equal bytes give an equal Message.

    Times are aware UTC.  What was wrong is in ``defects``; the limits (parts, nesting, header,
    text, attachments) are named in the modules that hold them.
    """
    return _read(raw, attached=False)


def _read(raw: bytes, *, attached: bool) -> Message:
    opened = open_mail(raw)
    headers = Headers(opened.root)
    parts = walk(opened.root, headers, opened.body)
    defects = [*opened.defects, *_repeated(headers), *parts.defects]

    addresses, sender, seen = read_from(headers)
    defects += seen
    reply_to, to, cc = (_others(headers, name, defects) for name in ("reply-to", "to", "cc"))
    subject = _subject(headers, defects)
    text, seen_in_text = join(parts.chunks)
    defects += [Defect(code, "text") for code in dict.fromkeys(seen_in_text)]
    replied = _ids(headers, "in-reply-to")
    sections = split(text, Letter(subject, bool(replied), sender or (addresses[0] if addresses else None), to))
    date = _date(headers, defects)
    came, came_from = arrival(headers.all("received"), date)
    authentication, seen = read_authentication(headers)
    defects += seen
    digest = hashlib.sha256(raw).hexdigest()
    message_id, made = _message_id(headers, digest)
    new = "".join(text[s.start : s.end] for s in sections if s.kind == "new")
    named = _named_by_its_words(subject, parts) if made and headers.first("date").strip() else message_id
    return Message(
        digest=digest,
        size=len(raw),
        letter=_letter(named, addresses, headers.first("date"), new),
        message_id=message_id,
        message_id_made=made,
        from_=addresses,
        sender=sender,
        reply_to=reply_to,
        to=to,
        cc=cc,
        return_path=read_return_path(headers),
        subject=subject,
        date=date,
        arrival=came,
        arrival_from=came_from,
        in_reply_to=replied,
        references=_ids(headers, "references"),
        text=text,
        sections=sections,
        has_html=parts.has_html,
        attachments=tuple(parts.attachments),
        attached=() if attached else _attached(parts),
        marks=read_marks(headers, parts.types),
        authentication=authentication,
        signed=is_signed(headers),
        sealed=read_sealed(headers),
        received_count=len(headers.all("received")),
        defects=tuple(dict.fromkeys(defects)),
    )


def _attached(parts: Parts) -> tuple[Message, ...]:
    return tuple(_read(raw, attached=True) for raw in parts.messages[:MAX_ATTACHED] if raw)


def _repeated(headers: Headers) -> list[Defect]:
    """RFC 7103 section 7.5: the topmost of a repeated field is used everywhere, and it is said."""
    return [Defect("header_repeated", name) for name in _ONCE if len(headers.all(name)) > 1]


def _others(headers: Headers, name: str, defects: list[Defect]) -> tuple[Address, ...]:
    addresses, seen = read_addresses(headers, name)
    # Odd recipients are no fault that anything hangs on; a hidden or cut one is.
    defects += [defect for defect in seen if defect.code == "addresses_truncated"]
    return addresses


def _subject(headers: Headers, defects: list[Defect]) -> str:
    value = headers.first("subject")
    if mend_doubled(decode_words(value[: 4 * MAX_SUBJECT]))[1]:
        defects.append(Defect("mojibake", "subject"))
    return readable(value, MAX_SUBJECT)


def _date(headers: Headers, defects: list[Defect]) -> datetime | None:
    values = headers.all("date")
    if not values:
        defects.append(Defect("date_missing"))
        return None
    date = parse_date(values[0])
    if date is None:
        defects.append(Defect("date_invalid"))
    return date


def _message_id(headers: Headers, digest: str) -> tuple[str, bool]:
    """The Message-ID as ``<...>``; a missing one is made of the bytes, so that it is the same again."""
    found = _ID.search(headers.first("message-id"))
    if found and len(found[0]) <= MAX_ID:
        return found[0], False
    bare = headers.first("message-id").strip(" <>")
    if bare and "@" in bare and len(bare) < MAX_ID - 2 and not any(letter.isspace() for letter in bare):
        return f"<{bare}>", False
    return f"<{digest}@missing.invalid>", True


def _named_by_its_words(subject: str, parts: Parts) -> str:
    """What stands in a letter for a missing Message-ID: the bytes tell each road on which it came apart."""
    inside = (hashlib.sha256(raw).hexdigest() for raw in parts.messages)
    return "\0".join(("", subject, *(each.digest for each in parts.attachments), *inside))


def _ids(headers: Headers, name: str) -> tuple[str, ...]:
    """The ids of all such fields, at most the first and the last fifty."""
    found = [f"<{one}>" for value in headers.all(name) for one in _ID.findall(value) if len(one) <= MAX_ID - 2]
    return tuple(found if len(found) <= MAX_IDS else [found[0], *found[1 - MAX_IDS :]])


def _letter(message_id: str, addresses: tuple[Address, ...], date: str, new: str) -> str:
    spec = addresses[0].spec if addresses else ""
    whole = "\0".join((message_id, spec, " ".join(date.split()), " ".join(new.split())))
    return hashlib.sha256(whole.encode()).hexdigest()
