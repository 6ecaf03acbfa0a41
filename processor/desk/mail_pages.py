"""The mail as it was sent: its HTML made harmless, its raw source, its files (threats T50 to T53)."""

from __future__ import annotations

import email
import json
import re
import secrets
from collections.abc import Mapping
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
from processor.steps.remote_images import remote_images
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
_PICTURE = re.compile(r'(src="data:image/[a-z]{3,4};base64,[A-Za-z0-9+/=]*")')
RUNS = ("application/vnd.microsoft.portable-executable", "application/x-elf")
PROGRAMS = (
    *(".exe", ".com", ".scr", ".pif", ".bat", ".cmd", ".msi", ".js", ".jse", ".vbs", ".vbe", ".wsf", ".hta", ".jar"),
    *(".ps1", ".lnk", ".reg", ".cpl", ".dll", ".iso", ".img", ".apk", ".app", ".dmg", ".docm", ".xlsm", ".pptm"),
)


def html(desk: Desk, asked: Asked) -> Response:
    """The mail's HTML for a sandboxed frame: cleaned, and with a policy that lets nothing run or be fetched."""
    return _frame(desk, asked, clean(_html(_stored(desk, asked))))


def html_with_images(desk: Desk, asked: Asked) -> Response:
    """The same with the images that it leads to, which we fetch because a person asked; that is recorded (T51)."""
    stored = _stored(desk, asked)
    source = _html(stored)
    note(desk.engine, Happening("mail.images_fetched", asked.person.name, desk.clock(), mail_id=stored.mail_id))
    return _frame(desk, asked, clean(source, remote_images(images_of(source))), images=" img-src data:;")


def _html(stored: PastMail) -> str:
    source = html_of(stored.raw or b"")
    if not source:
        raise Refusal(404, "The mail has no HTML.")
    return source


def _frame(desk: Desk, asked: Asked, content: str, images: str = "") -> Response:
    nonce = secrets.token_urlsafe(12)
    policy = f"sandbox; default-src 'none'; style-src 'nonce-{nonce}';{images} frame-ancestors 'self'; base-uri 'none'"
    page = render("mail_frame.html", asked.language, desk.clock(), nonce=nonce, content=content)
    return HTMLResponse(page, headers={"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"})


def raw(desk: Desk, asked: Asked) -> Response:
    """The mail's bytes as text.  Only they have private numbers unhidden, so looking at them is recorded (T61)."""
    stored = _stored(desk, asked)
    if stored.fault:
        raise Refusal(409, "The bytes of this mail do not open. Tell an administrator.")
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


def clean(source: str, images: Mapping[str, str] | None = None) -> str:
    """The HTML without anything that runs, fetches, hides where a link leads, or is nobody's business.

    ``images`` are those that were fetched, as ``data:`` URLs by their address; all others go.
    """
    known = images or {}
    harmless = nh3.clean(
        source[:MOST_HTML],
        tags=TAGS | ({"img"} if known else set()),
        attributes={**ATTRIBUTES, **({"img": {"src", "alt", "width", "height"}} if known else {})},
        url_schemes={"http", "https", "mailto"} | ({"data"} if known else set()),
        link_rel="noreferrer noopener",
        attribute_filter=lambda tag, name, value: _shown(tag, name, value, known),
    )
    return _masked_beside_images(harmless)


def images_of(source: str) -> list[str]:
    """The addresses of the images that the HTML leads to by HTTPS, in their order."""
    found: list[str] = []

    def see(tag: str, name: str, value: str) -> str:
        if tag == "img" and name == "src" and value.strip().lower().startswith("https://"):
            found.append(value.strip()[:2000])
        return value

    nh3.clean(source[:MOST_HTML], tags={"img"}, attributes={"img": {"src"}}, attribute_filter=see)
    return found


def _shown(tag: str, name: str, value: str, images: Mapping[str, str]) -> str | None:
    if tag == "img" and name == "src":
        return images.get(value.strip()[:2000])
    return _plain_address(tag, name, value)


def _masked_beside_images(harmless: str) -> str:
    """Private numbers hidden in what is read; a picture's letters and digits are left as they are."""
    parts = _PICTURE.split(harmless)
    return "".join(part if at % 2 else masked(part) for at, part in enumerate(parts))


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
