"""The page of an export: one HTML file without script or anything fetched; printed, its first page is the proof of arrival."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from html import escape
from zoneinfo import ZoneInfo

from processor.letter import UNSAFE
from processor.store.dossier import Dossier, MailEvidence

OSLO = ZoneInfo("Europe/Oslo")
STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --soft: #5c6470; --line: #d5d9df; --page: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #9aa3af; --line: #3a404a; --page: #15181c } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem; margin: 0 0 .25rem } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem } .soft { color: var(--soft) }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere } th { font-weight: 600; width: 14rem }
.time { font-size: 1.35rem; font-weight: 600 } pre { white-space: pre-wrap; overflow-wrap: anywhere; border-left:
  3px solid var(--line); padding-left: .8rem } code { overflow-wrap: anywhere }
@media print { body { padding: 0; max-width: none; font-size: 11pt } .next { break-before: page } }
"""
Row = tuple[str, str]


def html_page(dossier: Dossier, program: str, now: datetime) -> str:
    """The whole page."""
    title = f"Proof of arrival: {dossier.ticket.number}"
    return "".join(
        [
            "<!doctype html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
            "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
            "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n",
            f"<p class='soft'>{escape(_made(program, now))}</p>\n",
            *_arrivals(dossier),
            f"<p>{escape(_rests_on(dossier))}</p>\n<section class='next'>\n",
            *_decided(dossier),
            *_replied(dossier),
            *_happened(dossier),
            "</section>\n</main>\n</body>\n</html>\n",
        ]
    )


def arrival_text(dossier: Dossier, program: str, now: datetime) -> str:
    """The proof of arrival in plain text."""
    lines = [f"Proof of arrival: {dossier.ticket.number}", _made(program, now), ""]
    for mail in dossier.mails:
        lines += [f"{name}: {value}" for name, value in arrival_rows(dossier, mail)] + [""]
    return "\n".join([*lines, _rests_on(dossier), ""])


def arrival_rows(dossier: Dossier, mail: MailEvidence) -> Iterator[Row]:
    """What is known of a mail's arrival, by name."""
    yield "Mail", f"m{mail.view.id}" + (", another arrival of an equal letter" if mail.view.duplicate else "")
    place = mail.places[0] if mail.places else None
    told = place.internaldate if place else None
    yield "Arrived at the mail server", at(told) if told else f"not told by the server; seen {at(mail.view.arrived_at)}"
    if place:
        yield "Where", f"{place.account}, folder {place.folder}, UID {place.uid} (UIDVALIDITY {place.uidvalidity})"
    if mail.kept:
        yield "Kept by this program", at(mail.kept.at)
        yield "In the audit chain", _sealed(dossier, mail.kept.id, mail.kept.seal)
    if mail.raw is None:
        gone = f"kept, and {mail.fault}" if mail.fault else "erased"
        yield "Bytes", f"{gone}; the events and digests below remain"
        return
    parsed = BytesHeaderParser().parsebytes(mail.raw)
    for name in ("From", "Subject", "Date", "Message-ID"):
        yield f"{name} (as the sender wrote it)", shown(str(parsed.get(name, "")))
    received = parsed.get_all("Received") or []
    yield "Topmost Received field", shown(str(received[0])) if received else "none"
    yield "Size and SHA-256", f"{len(mail.raw)} bytes, {hashlib.sha256(mail.raw).hexdigest()}"
    if mail.kept and not mail.kept.data.get("proof"):
        yield "Note", "kept before proofs were written: its bytes can be checked in the store only"


def shown(field: str) -> str:
    """A header field as people read it (RFC 2047), without what could turn or break the line."""
    # In a charset that nobody knows it is shown as it stands.
    with suppress(LookupError, ValueError, HeaderParseError):
        field = str(make_header(decode_header(field)))
    return " ".join(UNSAFE.sub(" ", field).split())


def at(when: datetime) -> str:
    """A time in Oslo and in UTC."""
    return f"{when.astimezone(OSLO):%d.%m.%Y kl. %H.%M.%S} (Oslo), {when.isoformat(timespec='seconds')}"


def _sealed(dossier: Dossier, event: int, seal: int | None) -> str:
    for each in dossier.seals:
        if each.id == seal:
            return f"event {event} in seal {seal}, made {each.head.rsplit(' ', 1)[-1].strip()}"
    return f"event {event}, not sealed yet"


def _made(program: str, now: datetime) -> str:
    return f"Exported by processor {program} on {at(now)}. How to check it: README.txt."


def _rests_on(dossier: Dossier) -> str:
    if not dossier.seals:
        return "Nothing of this is sealed yet, so nothing vouches for it but the store itself."
    newest = dossier.seals[-1]
    return (
        f"The newest seal in this export is {newest.id}, digest {newest.digest}. Compare it, or an older one on the way to"
        " it, with an anchor that was kept outside: only that proves that the history was not written anew."
    )


def _arrivals(dossier: Dossier) -> Iterator[str]:
    for mail in dossier.mails:
        rows = dict(arrival_rows(dossier, mail))
        yield f"<p class='time'>{escape(rows['Arrived at the mail server'])}</p>\n{_table(rows.items())}"


def _decided(dossier: Dossier) -> Iterator[str]:
    view = dossier.ticket
    yield "<h2>What was decided</h2>\n"
    yield _table([("Ticket", f"{view.number}, {view.state}, sender {view.provenance}"), ("Sender", view.sender)])
    for event in dossier.events:
        if event.kind == "mail.decided":
            told = event.data
            rows = [("Mail", f"m{event.mail_id}"), ("Decided", at(event.at)), ("Rule", str(told.get("rule", "")))]
            rows += [(name, str(told.get(name.lower(), ""))) for name in ("Outcome", "Authenticity", "Level")]
            rows += [("Version of the rules", str(told.get("rules", ""))), ("Model", str(told.get("model", "")))]
            yield _table(rows)
    for action in view.actions:
        yes = ", ".join(f"{each.person} {at(each.at)}" for each in action.approvals)
        yield _table(
            [
                ("Action", action.kind.replace("_", " ")),
                ("State", f"{action.state}, due {at(action.due)}"),
                ("Approved by", yes),
            ]
        )


def _replied(dossier: Dossier) -> Iterator[str]:
    yield "<h2>What was answered</h2>\n" + ("" if dossier.ticket.replies else "<p>Nothing.</p>\n")
    for reply in dossier.ticket.replies:
        rows = [("Reply", f"r{reply.id}, {reply.kind}, {reply.state}"), ("To", reply.to), ("Subject", reply.subject)]
        rows += [
            (f"Attempt {at(each.at)}", f"{each.host}: {each.outcome or 'no outcome'} {each.response}")
            for each in dossier.attempts
            if each.outbox_id == reply.id
        ]
        yield f"{_table(rows)}<pre>{escape(reply.text)}</pre>\n"


def _happened(dossier: Dossier) -> Iterator[str]:
    yield "<h2>What happened</h2>\n"
    yield _table((f"{each.id}  {at(each.at)}", f"{each.kind} by {each.actor}") for each in dossier.events)


def _table(rows: Iterable[Row]) -> str:
    lines = (f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>\n" for name, value in rows)
    return f"<table>\n{''.join(lines)}</table>\n"
