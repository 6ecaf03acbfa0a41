"""Forms that bring files (RFC 7578), read into plain values; every part is bounded, and no name is trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote

from processor.desk.language import N_
from processor.message import Attachment, Extracted
from processor.pipeline import read_mail

MOST_BYTES = 20_000_000
"""Of a whole form with its files."""
MOST_PARTS = 60
BOUNDARY = re.compile(r"multipart/form-data\s*;.*?boundary=\"?([0-9A-Za-z'()+_,./:=?-]{1,70})\"?", re.IGNORECASE)
PLACE = re.compile(r"(?:^|;)\s*(name|filename)=\"((?:[^\"\\]|\\.)*)\"")
# What staff send to customers, or have on paper: by what the first bytes say, and not by the name.
PICTURES = ("image/png", "image/jpeg", "image/tiff", "image/webp", "image/gif")
OFFICE = "application/vnd.openxmlformats-officedocument."
SENT = ("application/pdf", "text/plain", "text/csv", *PICTURES)
NOT_SENT = N_("a file is neither PDF, picture, text nor Office document, so it is not taken")
NOT_ITS_NAME = N_("a file's name says that it is something else than it is, so it is not taken")
ENDINGS = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/tiff": (".tif", ".tiff"),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
}


class UnreadableFormError(Exception):
    """The form is none that a browser sends."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as the browser names it: ``field`` is the form's, ``name`` is not to be trusted."""

    field: str
    name: str
    content: bytes


def multipart(content_type: str, body: bytes) -> tuple[list[tuple[str, str]], tuple[Upload, ...]]:
    """The fields and the files of a form; UnreadableFormError for anything that no browser sends."""
    found = BOUNDARY.fullmatch(content_type.strip()) or BOUNDARY.match(content_type.strip())
    if found is None:
        raise UnreadableFormError
    fields: list[tuple[str, str]] = []
    files: list[Upload] = []
    for head, content in _parts(body, found[1].encode("ascii")):
        told = dict(PLACE.findall(head))
        name = told.get("name", "")
        if not name:
            raise UnreadableFormError
        if "filename" not in told:
            fields.append((name, content.decode("utf-8", "replace")))
        elif told["filename"] or content:
            files.append(Upload(name, unquote(told["filename"].replace('\\"', '"'), errors="replace"), content))
    return fields, tuple(files)


def attachment(upload: Upload) -> Attachment:
    """The file as a mail's reader sees it: with a safe name, and with the type that its first bytes show."""
    made = EmailMessage()
    made["From"], made["Subject"] = "desk@localhost", "file"
    made.set_content("file")
    name = re.sub(r"[\x00-\x1f\x7f]", "", upload.name)[-200:]
    made.add_attachment(upload.content, maintype="application", subtype="octet-stream", filename=name or "file")
    return read_mail(made.as_bytes(), lambda *_: Extracted()).attachments[0]


def refused(each: Attachment) -> str:
    """Why a file is not sent to a customer, "" where it may be."""
    kind, name = each.true_type, each.filename.casefold()
    if kind not in SENT and not kind.startswith(OFFICE):
        return NOT_SENT
    endings = ENDINGS.get(kind, ())
    return NOT_ITS_NAME if endings and not name.endswith(endings) else ""


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, bytes]]:
    """Each part's Content-Disposition and its content."""
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    if len(pieces) < 2 or len(pieces) > MOST_PARTS + 2 or not pieces[-1].startswith(b"--"):
        raise UnreadableFormError
    for piece in pieces[1:-1]:
        head, mark, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if not mark:
            raise UnreadableFormError
        lines = head.decode("utf-8", "replace").split("\r\n")
        place = next((line for line in lines if line.lower().startswith("content-disposition:")), "")
        yield place.partition(":")[2].partition(";")[2], content
