"""A client's power of attorney, for an accountant who ends the client's agreement (domain.md 1.12, R07).

That one came along is all that is told here: whether it is good, and for whom, is for a person.
"""

from __future__ import annotations

import re
from dataclasses import replace

from processor.findings import Understanding
from processor.message import Attachment, Message
from processor.rulebook import Rulebook

TOPIC = "power_of_attorney"
"""The mark under which it is kept with an item, so that a later mail of the ticket knows it too."""
MOST = 20_000
SMALL_PICTURE = 30_000
"""A picture of fewer bytes is a signature's logo, not a paper that somebody photographed."""
JOINTS = re.compile(r"[_.\-+\s]+")
NEVER = re.compile(r"(?!)")


def with_authority(message: Message, understanding: Understanding, rulebook: Rulebook) -> Understanding:
    """The understanding, marked where the mail brings a power of attorney; otherwise as it is.

    Whoever the writer is: an answer that brings one need not say again for whom they write.
    """
    if not power_of_attorney(message, rulebook):
        return understanding
    return replace(understanding, topics=tuple(dict.fromkeys((*understanding.topics, TOPIC))))


def power_of_attorney(message: Message, rulebook: Rulebook) -> str:
    """Where the mail has one: "fullmakt.pdf", "passed on in the mail", or "" where it has none.

    A file is one by its name, how it is headed, or the words by which somebody gives it, or where the mail says that
    it lies with it; what is passed on or attached as a mail, by those words alone.  That the writer says they have
    one is none.
    """
    if not (message.attachments or message.attached or any(each.kind == "forwarded" for each in message.sections)):
        return ""
    phrases = rulebook.vocabulary.phrases
    title, given, enclosed = (phrases.get(f"names.authority_{each}", NEVER) for each in ("title", "given", "enclosed"))
    for file in message.attachments:
        if title.search(JOINTS.sub(" ", file.filename).lower()) or _is_one(_text(file), title, given):
            return file.filename or "an attached file"
    passed_on = (message.words("forwarded"), *(each.words("new", "forwarded") for each in message.attached[:3]))
    if any(given.search(_plain(text)) for text in passed_on):
        return "passed on in the mail"
    papers = [file for file in message.attachments if _paper(file)]
    if papers and enclosed.search(_plain(f"{message.subject}\n{message.words('new')}")):
        return papers[0].filename or "an attached file"
    return ""


def _is_one(text: str, title: re.Pattern[str], given: re.Pattern[str]) -> bool:
    first = text.strip().partition("\n")[0]
    return bool(len(first) <= 80 and title.match(first.strip())) or bool(given.search(" ".join(text.split())))


def _text(file: Attachment) -> str:
    if file.extracted is None:
        return ""
    cells = (cell for row in file.extracted.rows for cell in row)
    return "\n".join((file.extracted.text, *cells))[:MOST].lower()


def _plain(text: str) -> str:
    return " ".join(text[:MOST].lower().split())


def _paper(file: Attachment) -> bool:
    return not file.true_type.startswith("image/") or file.size >= SMALL_PICTURE
