"""Where older text begins in a body: what mail programs write above a quoted or forwarded mail.

Each test looks at one line and a few below it, with bounded patterns, so that a body of any length
is read in linear time.  Norwegian (both forms), Swedish, Danish and English programs are known here;
``other_languages`` asks mail-parser-reply about the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Cause = Literal["forward", "original", "headers", "wrote"]

MAX_LINE = 400
_HEADER_LINES = 10

_FORWARD_MARK = re.compile(
    r"(?:[-_*]{2,20} ?)?(?:"
    r"videresendt (?:melding|e-?post|meddelelse|besked)|vidaresend (?:melding|e-?post)|"
    r"vidarebefordrat (?:meddelande|mail|brev)|forwarded message|"
    r"(?:start på|begynnelse på|starten på|begin) (?:videresendt melding|vidaresend melding|videresendt meddelelse|"
    r"vidarebefordrat meddelande|forwarded message)|påbörjat vidarebefordrat meddelande|vidarebefordrat brev"
    r")(?: ?[-_*]{2,20}| ?:|$)",
    re.IGNORECASE,
)
_ORIGINAL_MARK = re.compile(
    r"[-_*]{2,20} ?(?:opprinnelig (?:melding|e-?post)|opphavleg (?:melding|e-?post)|oprindelig (?:meddelelse|besked)|"
    r"ursprungligt? (?:meddelande|mail)|original (?:message|e-?mail|appointment)|reply message) ?[-_*]{2,20}",
    re.IGNORECASE,
)
# How the marks begin, in the ASCII of three letters.
_MARKED = {"vid", "for", "sta", "beg"}
_RULES = "-_*="
# First letters of no line that older text begins with, but of one that tells who wrote.
_IDLE = frozenset("acdeghijklmnoqrtuwxyzACDEGHIJKLMNOQRTUWXYZ0123456789")
_RULE = re.compile(r"[_\-=*]{5,200}")
_KEY = re.compile(
    r"[*_ ]{0,3}(?P<key>fra|frå|från|from|sendt|sent|skickat|dato|date|datum|til|till|to|emne|subject|ämne|"
    r"kopi|cc|kopia|svar til|reply-to|viktighet|prioritet|importance|vedlegg|attachments)[*_ ]{0,3}:[*_ ]{0,3}(?P<value>.{0,300})",
    re.IGNORECASE,
)
_FROM = {"fra", "frå", "från", "from"}
_SENT = {"sendt", "sent", "skickat", "dato", "date", "datum"}
_SUBJECT = {"emne", "subject", "ämne"}
_TO = {"til", "till", "to"}
_CLOCK = re.compile(r"\b\d{1,2}[:.]\d{2}\b(?!\.)")
_WROTE = re.compile(r"\b(?:skrev|skreiv|skrivi|wrote)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,200}")
_DATED = re.compile(
    r"\b(?:19|20)\d\d\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}|\bkl\b|\b\d{1,2}:\d{2}\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Introduction:
    """The line where older text begins, where its introduction ends, and what it says.

    ``author`` and ``to`` are the text of the header block's From and To, ``subject`` its subject.
    """

    cause: Cause
    line: int
    end: int
    author: str = ""
    to: str = ""
    subject: str = ""


def may_begin(lines: list[str]) -> list[int]:
    """The numbers of all lines in which quoted text or an introduction may begin, in order; few of most mails.

    A line that tells who wrote ends with a colon, or one of the two below it does.
    """
    found: set[int] = set()
    for at, line in enumerate(lines):
        if line and line[0] not in _IDLE:
            found.add(at)
        if line and (line[-1] == ":" or line[-1].isspace()):
            found.update(range(max(0, at - 2), at + 1))
    return sorted(found)


def introduction(lines: list[str], at: int) -> Introduction | None:
    """The introduction that begins in this line, if any; a rule of dashes above it belongs to it."""
    line = lines[at].strip()
    if not line or len(line) > MAX_LINE or line.startswith(">"):
        return None
    if may_be_mark(line):
        if _FORWARD_MARK.fullmatch(line):
            return _with_headers(lines, at, "forward")
        if _ORIGINAL_MARK.fullmatch(line):
            return _with_headers(lines, at, "original")
        if _RULE.fullmatch(line):
            below = _next_filled(lines, at + 1)
            found = _header_block(lines, below) if below is not None else None
            return Introduction("headers", at, found.end, found.author, found.to, found.subject) if found else None
    return _header_block(lines, at) or _wrote(lines, at)


def may_be_mark(line: str) -> bool:
    """Whether a line begins as a mark or a rule does, which few lines do; any letter beyond ASCII may."""
    head = line[:3].lower()
    return head[:1] in _RULES or head in _MARKED or not head.isascii()


def _with_headers(lines: list[str], at: int, cause: Cause) -> Introduction:
    below = _next_filled(lines, at + 1)
    found = _header_block(lines, below, marked=True) if below is not None else None
    if not found:
        return Introduction(cause, at, at + 1)
    return Introduction(cause, at, found.end, found.author, found.to, found.subject)


def _header_block(lines: list[str], at: int, *, marked: bool = False) -> Introduction | None:
    """A block such as Fra, Sendt, Til, Emne; below a forward mark any key may come first.

    The keys Fra and Til also open a form ("Fra: Gammel AS, Til: Ny AS"), so that an unmarked block
    needs a subject, an address or a time of day.
    """
    line = lines[at].strip()[:MAX_LINE]
    if ":" not in line or not (marked or line.lstrip("*_ ")[:2].lower() == "fr"):
        return None
    first = _KEY.fullmatch(line)
    if not first or not (marked or first["key"].lower() in _FROM):
        return None
    found: dict[str, str] = {}
    end = at
    for number in range(at, min(at + _HEADER_LINES, len(lines))):
        line = lines[number].strip()
        part = _KEY.fullmatch(line[:MAX_LINE])
        if part and part["key"].lower() not in found:
            found[part["key"].lower()] = part["value"].strip()
            end = number + 1
        elif line and number > end:
            break
    keys = found.keys()
    if not marked:
        spoken = " ".join(found[key] for key in keys & (_FROM | _TO))
        timed = any(_CLOCK.search(found[key]) for key in keys & _SENT)
        if len(found) < 2 or not (keys & _SUBJECT or timed or (keys & (_TO | _SENT) and _ADDRESS.search(spoken))):
            return None
    return Introduction("headers", at, end, _one(found, _FROM), _one(found, _TO), _one(found, _SUBJECT))


def _one(found: dict[str, str], keys: set[str]) -> str:
    return next((found[key] for key in found if key in keys), "")


def _wrote(lines: list[str], at: int) -> Introduction | None:
    """A line such as "Den tor. 3. sep. 2026 kl. 10:12 skrev Kari <kari@a.no>:", wrapped or not.

    Without a quoted line below, a customer may be telling what someone wrote: then it must name an
    address and a time.
    """
    if ":" not in "".join(lines[at : at + 3]):
        return None
    joined = ""
    for number in range(at, min(at + 3, len(lines))):
        line = lines[number].strip()
        if not line or line.startswith(">") or len(joined) > MAX_LINE:
            return None
        joined = f"{joined} {line}"[: 2 * MAX_LINE].strip()
        if not line.endswith(":"):
            continue
        if _says_who_wrote(joined, _next_filled(lines, number + 1), lines, wrapped=number > at):
            return Introduction("wrote", at, number + 1, joined)
        return None
    return None


def _says_who_wrote(joined: str, below: int | None, lines: list[str], *, wrapped: bool) -> bool:
    dated, addressed = bool(_DATED.search(joined)), bool(_ADDRESS.search(joined))
    quoted = below is not None and lines[below].lstrip().startswith(">")
    if _WROTE.search(joined):
        return (quoted and (dated or not wrapped)) or (dated and addressed)
    # A program in another language: it names a time of day above the quoted lines.
    return quoted and dated and (addressed or bool(_CLOCK.search(joined)))


def _next_filled(lines: list[str], at: int) -> int | None:
    return next((n for n in range(at, min(at + 3, len(lines))) if lines[n].strip()), None)
