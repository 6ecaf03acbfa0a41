"""The files of an export, by name: a page to read, the evidence itself, and SHA256SUMS over all of it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from email.header import Header
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Any, BinaryIO

from processor.evidence.checking import CHECK, READ_ME
from processor.evidence.page import arrival_text, html_page
from processor.store.dossier import Dossier, MailEvidence, SealedEvent
from processor.ticket import OutboxState

DECIDED = "mail.decided"
TRUSTED = {"received", "return-path", "authentication-results", "dkim-signature", "arc-authentication-results"}
# The time that a zip gives its files is nobody's evidence; a fixed one makes equal exports equal bytes.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def files(
    dossier: Dossier, program: str, now: datetime, letters: Mapping[int, bytes] | None = None
) -> dict[str, bytes]:
    """The export of a ticket, by file name, in the order in which it is read; ``letters`` are those that left."""
    made = {
        "index.html": html_page(dossier, program, now).encode("utf-8", "replace"),
        "arrival.txt": arrival_text(dossier, program, now).encode("utf-8", "replace"),
        "README.txt": READ_ME.encode(),
        "check.sh": CHECK.encode(),
        **dict(_mails(dossier)),
        **dict(_decisions(dossier)),
        **dict(_replies(dossier, letters or {})),
        "ticket.json": _json(_plain_ticket(dossier)),
        **dict(_events(dossier)),
        **dict(_chain(dossier)),
    }
    return {**made, "SHA256SUMS": sums(made)}


def sums(made: Mapping[str, bytes]) -> bytes:
    """A file that ``sha256sum -c`` reads."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in made.items()).encode()


def pack(made: Mapping[str, bytes], file: BinaryIO, folder: str) -> None:
    """Write the files into a zip, all in one folder."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in made.items():
            entry = zipfile.ZipInfo(f"{folder}/{name}", ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100700 if name.endswith(".sh") else 0o100600) << 16
            archive.writestr(entry, content)


def headers(raw: bytes) -> list[tuple[str, str]]:
    """A mail's header fields in their order, as they stand there, without folding."""
    parsed: Message = BytesHeaderParser().parsebytes(raw)
    return [(name, _unfolded(value)) for name, value in parsed.items()]


def _unfolded(value: str | Header) -> str:
    # Bytes beyond ASCII come as surrogates, which no file can hold.
    return " ".join(str(value).split()).encode("utf-8", "replace").decode()


def _mails(dossier: Dossier) -> Iterator[tuple[str, bytes]]:
    for mail in dossier.mails:
        name = f"mails/m{mail.view.id}"
        yield f"{name}.json", _json(_plain_mail(mail))
        if mail.raw is None:
            continue
        yield f"{name}.eml", mail.raw
        fields = headers(mail.raw)
        yield f"{name}.headers.txt", "".join(f"{key}: {value}\n" for key, value in fields).encode()
        trusted = [f"{key}: {value}\n" for key, value in fields if key.lower() in TRUSTED]
        yield f"{name}.authenticity.txt", (_provenance(dossier, mail.view.id) + "".join(trusted)).encode()
        yield f"{name}.salt", mail.salt.encode()


def _provenance(dossier: Dossier, mail_id: int) -> str:
    for event in decisions(dossier, mail_id):
        told = json.loads(event.text)["decision"]["provenance"]
        return f"The sender was judged as {told['result']}: {told['why']}\nIt rests on these fields of the mail:\n\n"
    return "What was decided about this mail is not kept.\n\n"


def decisions(dossier: Dossier, mail_id: int) -> Iterator[SealedEvent]:
    """The decisions about a mail whose explanation was not erased, newest first."""
    for event in reversed(dossier.events):
        if event.kind == DECIDED and event.mail_id == mail_id and event.text:
            yield event


def _decisions(dossier: Dossier) -> Iterator[tuple[str, bytes]]:
    for mail in dossier.mails:
        for event in decisions(dossier, mail.view.id):
            told = {"event": event.id, "at": event.at, **event.data, **json.loads(event.text)}
            yield f"decisions/m{mail.view.id}-e{event.id}.json", _json(told)


def _replies(dossier: Dossier, letters: Mapping[int, bytes]) -> Iterator[tuple[str, bytes]]:
    for reply in dossier.ticket.replies:
        attempts = [asdict(each) for each in dossier.attempts if each.outbox_id == reply.id]
        told = {**asdict(reply), "left": reply.state == OutboxState.SENT, "attempts": attempts}
        told["words_sealed_in_events"] = vouching(dossier, reply.text)
        yield f"replies/r{reply.id}.json", _json(told)
        yield f"replies/r{reply.id}.txt", f"To: {reply.to}\nSubject: {reply.subject}\n\n{reply.text}\n".encode()
        if reply.id in letters:
            # Its SHA-256 stands in the sealed event outbox.attempt.
            yield f"replies/r{reply.id}.eml", letters[reply.id]
        if reply.html:
            yield f"replies/r{reply.id}.html", reply.html.encode()


def vouching(dossier: Dossier, words: str) -> list[int]:
    """The events whose sealed text holds these words."""
    # As they stand in JSON, and as staff wrote them.
    forms = (json.dumps(words, ensure_ascii=False)[1:-1], json.dumps(words)[1:-1], words)
    return [each.id for each in dossier.events if words and any(form in each.text for form in forms)]


def _events(dossier: Dossier) -> Iterator[tuple[str, bytes]]:
    lines = []
    for event in dossier.events:
        yield f"events/{event.id}.json", event.content
        if event.salt:
            yield f"events/{event.id}.text", (event.salt + event.text).encode()
        said = json.dumps(event.data, ensure_ascii=False, sort_keys=True)
        lines.append(f"{event.id}  {event.at.isoformat()}  {event.kind}  by {event.actor}  {said}\n")
    yield "events.txt", "".join(lines).encode()


def _chain(dossier: Dossier) -> Iterator[tuple[str, bytes]]:
    yield "chain/heads.txt", "".join(seal.head for seal in dossier.seals).encode()
    for seal in dossier.seals:
        if seal.listed:
            yield f"chain/list-{seal.id}.txt", seal.listed.encode()
    if dossier.seals:
        newest = dossier.seals[-1]
        yield "chain/newest.txt", f"seal {newest.id} digest {newest.digest}\n".encode()


def _plain_mail(mail: MailEvidence) -> dict[str, Any]:
    raw = mail.raw
    return {
        **asdict(mail.view),
        "bytes": (mail.fault or "erased") if raw is None else ("whole" if mail.whole else "the header alone"),
        "sha256": None if raw is None else hashlib.sha256(raw).hexdigest(),
        "places": [asdict(place) for place in mail.places],
        "kept_in_event": mail.kept.id if mail.kept else None,
        "proof": mail.kept.data.get("proof") if mail.kept else None,
    }


def _plain_ticket(dossier: Dossier) -> dict[str, Any]:
    told = asdict(dossier.ticket)
    return {key: value for key, value in told.items() if key not in ("events", "replies", "mails")}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str).encode("utf-8", "replace") + b"\n"
