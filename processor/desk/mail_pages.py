"""The mail as it was sent: its HTML made harmless, its raw source, its files (threats T50 to T53)."""

from __future__ import annotations

import email
import json
import secrets
from datetime import datetime
from email.message import Message as Part
from functools import cache
from urllib.parse import quote, urlsplit

import nh3
from starlette.responses import HTMLResponse, Response

from processor.desk.asking import Asked, Desk, Refusal
from processor.desk.pages import render
from processor.masking import masked
from processor.message import Attachment, Extracted
from processor.pipeline import read_mail
from processor.scan import Scan
from processor.steps.scanning import Scanner
from processor.store.events import Happening, note
from processor.store.past import PastMail, past_mails
from processor.store.restoring import restored

MOST_HTML = 1_000_000
MOST_PARTS = 200
# No images, since each of them may tell somebody that the mail was read; no links that lead anywhere by a slip.
TAGS = {
    *("a", "abbr", "b", "big", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del", "div"),
    *("dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "ol", "p", "pre"),
    *("q", "s", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead"),
    *("tr", "tt", "u", "ul"),
}
SIZES = {"colspan", "rowspan", "align", "valign"}
ATTRIBUTES = {"a": {"href"}, "td": SIZES, "th": SIZES, "tr": {"align"}, "table": {"align"}}
RUNS = ("application/vnd.microsoft.portable-executable", "application/x-elf")
PROGRAMS = (
    *(".exe", ".com", ".scr", ".pif", ".bat", ".cmd", ".msi", ".js", ".jse", ".vbs", ".vbe", ".wsf", ".hta", ".jar"),
    *(".ps1", ".lnk", ".reg", ".cpl", ".dll", ".iso", ".img", ".apk", ".app", ".dmg", ".docm", ".xlsm", ".pptm"),
)


def html(desk: Desk, asked: Asked) -> Response:
    """The mail's HTML for a sandboxed frame: cleaned, and with a policy that lets nothing run or be fetched."""
    stored = _stored(desk, asked)
    source = html_of(stored.raw or b"")
    if not source:
        raise Refusal(404, "The mail has no HTML.")
    nonce = secrets.token_urlsafe(12)
    policy = f"sandbox; default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'self'; base-uri 'none'"
    content = render("mail_frame.html", asked.language, desk.clock(), nonce=nonce, content=clean(source))
    return HTMLResponse(content, headers={"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"})


def raw(desk: Desk, asked: Asked) -> Response:
    """The mail's bytes as text.  Only they have private numbers unhidden, so looking at them is recorded (T61)."""
    stored = _stored(desk, asked)
    if stored.raw is None:
        raise Refusal(404, "The bytes of this mail are not kept any more.")
    _note_look(desk, asked, stored, desk.clock())
    text = stored.raw.decode("utf-8", "replace")
    return Response(text, media_type="text/plain; charset=utf-8", headers={"Content-Security-Policy": "sandbox"})


def file(desk: Desk, asked: Asked) -> Response:
    """An attached file, to be saved and never shown in place; programs are not given out."""
    stored = _stored(desk, asked)
    found = next((each for each in files_of(stored.raw or b"") if each.digest == asked.params["digest"]), None)
    if found is None:
        raise Refusal(404, "There is no such file.")
    if is_program(found):
        raise Refusal(403, "This file is a program, so it is not given out.")
    refuse_infected(desk, stored, found.content)
    _note_look(desk, asked, stored, desk.clock())
    name = quote(found.filename or "file")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Content-Security-Policy": "sandbox"}
    return Response(found.content, media_type="application/octet-stream", headers=headers)


def refuse_infected(desk: Desk, stored: PastMail, content: bytes) -> None:
    """Raise Refusal for a file of a mail in which the scanner found something, or of which it says nothing (T60)."""
    said = restored(Scan, json.loads(stored.told)["context"].get("scan", {})) if stored.told else Scan()
    scanner = Scanner(desk.config.scan)
    if scanner.on and said.state != "infected":
        # Signatures are newer now than when the mail came, or it came before there was a scanner.
        said = scanner.ask(content)
    if said.state == "infected":
        raise Refusal(403, "The virus scanner found something in this mail, so its files are not given out.")
    if said.state == "not_scanned":
        raise Refusal(503, "The virus scanner does not answer, so no file is given out until it does.")


def files_of(raw_mail: bytes) -> tuple[Attachment, ...]:
    """The files attached to a mail; none of them is opened."""
    return read_mail(raw_mail, lambda *_: Extracted()).attachments


def is_program(each: Attachment) -> bool:
    """Whether it would run where it is opened, by what it is or by any part of its name."""
    name = each.filename.casefold()
    return each.true_type in RUNS or name.endswith(PROGRAMS)


def html_of(raw_mail: bytes) -> str:
    """The first HTML part of a mail, "" where there is none."""
    try:
        for number, part in enumerate(email.message_from_bytes(raw_mail).walk()):
            if number > MOST_PARTS:
                break
            if part.get_content_type() == "text/html" and part.get_content_disposition() != "attachment":
                return _decoded(part)
    except (ValueError, LookupError, RecursionError, AttributeError, TypeError):
        return ""
    return ""


def clean(source: str) -> str:
    """The HTML without anything that runs, fetches, hides where a link leads, or is nobody's business."""
    harmless = nh3.clean(
        source[:MOST_HTML],
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noreferrer noopener",
        attribute_filter=_plain_address,
    )
    return masked(harmless)


def _plain_address(_tag: str, name: str, value: str) -> str | None:
    """A link's target with its host in ASCII, as it is asked for, and without the name before the host."""
    if name != "href":
        return value
    try:
        parts = urlsplit(value)
        if parts.scheme == "mailto":
            return value[:500]
        if parts.scheme not in ("http", "https"):
            return None
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except (UnicodeError, ValueError):
        return None
    return f"{parts.scheme}://{host}{parts.path}"[:500]


@cache
def _charset(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        return "utf-8"
    return name


def _decoded(part: Part) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    return content[:MOST_HTML].decode(_charset(part.get_content_charset() or "utf-8"), "replace")


def _stored(desk: Desk, asked: Asked) -> PastMail:
    number = asked.number("mail")
    found = past_mails(desk.engine, number, number, None, history=True)
    if not found:
        raise Refusal(404, "There is no such mail.")
    return found[0]


def _note_look(desk: Desk, asked: Asked, stored: PastMail, now: datetime) -> None:
    note(desk.engine, Happening("mail.raw_seen", asked.person.name, now, mail_id=stored.mail_id))
