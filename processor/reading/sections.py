"""Split a body into the writer's new text, forwarded text, signature and quoted history.

Requests are read from new and forwarded text only, so a notice that is merely quoted must not count,
and one that is forwarded to be acted on must.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

from processor.message import Address, Section, SectionKind
from processor.reading.introductions import Introduction, introduction, may_begin
from processor.reading.other_languages import first_older_line
from processor.reading.signatures import signature_spans

_PREFIX = re.compile(
    r"\s{0,5}(?:\[[^\]]{0,60}\]\s{0,5})?([a-zæøåäö]{1,14})\s{0,3}(?:\[\d{1,3}\]|\(\d{1,3}\))?\s{0,2}:", re.IGNORECASE
)
_FORWARDS = {
    "vs",
    "fw",
    "fwd",
    "vidaresend",
    "videresendt",
    "videresend",
    "vb",
    "vidarebefordrat",
    "wg",
    "tr",
    "i",
    "vds",
}
_REPLIES = {"sv", "re", "va", "svar", "antw", "aw", "odp"}


@dataclass(frozen=True, slots=True)
class Letter:
    """What splitting a body needs to know of the mail around it."""

    subject: str
    is_reply: bool
    sender: Address | None
    to: tuple[Address, ...]


def split(text: str, letter: Letter) -> tuple[Section, ...]:
    """Sections that cover the text without gap or overlap, in order; none for an empty text."""
    if not text:
        return ()
    lines = text.split("\n")
    kinds = _older(lines, letter)
    _mark_signatures(lines, kinds, letter.sender.name if letter.sender else "")
    return _joined(lines, kinds)


def subject_says(subject: str) -> SectionKind | None:
    """What the first prefix of a subject makes of the text below: VS is forwarded, SV is quoted."""
    found = _PREFIX.match(subject)
    word = found[1].lower() if found else ""
    if word in _FORWARDS:
        return "forwarded"
    return "quoted" if word in _REPLIES else None


def _older(lines: list[str], letter: Letter) -> list[SectionKind]:
    says = subject_says(letter.subject)
    kinds: list[SectionKind] = ["new"] * len(lines)
    seen = 0
    for at in may_begin(lines):
        if at < seen:
            continue
        if lines[at].lstrip().startswith(">"):
            kinds[at] = "forwarded" if says == "forwarded" else "quoted"
        elif found := introduction(lines, at):
            seen = _fill(kinds, lines, found, letter)
    if says != "quoted" and not letter.is_reply:
        return kinds
    if kinds.count("new") == len(kinds) and (older := first_older_line(lines)):
        kinds[older:] = ["quoted"] * (len(lines) - older)
    return kinds


def _fill(kinds: list[SectionKind], lines: list[str], found: Introduction, letter: Letter) -> int:
    """Mark what the introduction opens; the number of the next line to look at."""
    below = next((n for n in range(found.end, min(found.end + 3, len(lines))) if lines[n].strip()), None)
    if found.cause == "wrote" and below is not None and lines[below].lstrip().startswith(">"):
        # The quoted lines mark themselves, and an answer may stand below them.
        kinds[found.line : below] = ["quoted"] * (below - found.line)
        return below
    kind = _kind(found, letter)
    end = len(lines)
    if kind == "forwarded":
        end = _end_of_forwarded(lines, found)
    kinds[found.line : end] = [kind] * (end - found.line)
    kinds[end:] = ["quoted"] * (len(lines) - end)
    return len(lines)


def _kind(found: Introduction, letter: Letter) -> SectionKind:
    says = subject_says(letter.subject)
    if found.cause != "forward" and says != "forwarded":
        return "quoted"
    return "quoted" if _our_own_history(found, letter) else "forwarded"


def _our_own_history(found: Introduction, letter: Letter) -> bool:
    """Whether the text below was written by us, or by this very sender to us, and so is known to us.

    A customer who forwards his own earlier notice asks about it; the earlier one came by itself.
    """
    ours = [address.spec.lower() for address in letter.to]
    author, to = found.author.lower(), found.to.lower()
    if any(spec in author for spec in ours):
        return True
    sender = letter.sender
    if not sender or not any(spec in to for spec in ours):
        return False
    return sender.spec.lower() in author or bool(sender.name and sender.name.lower() in author)


def _end_of_forwarded(lines: list[str], found: Introduction) -> int:
    """Where the history below a forwarded mail begins: a mail that was itself forwarded goes on."""
    subject = found.subject
    at = found.end
    while at < len(lines):
        older = introduction(lines, at) if not lines[at].lstrip().startswith(">") else None
        if older and older.cause != "forward" and subject_says(subject) != "forwarded":
            return at
        if older:
            subject, at = older.subject, older.end
        else:
            at += 1
    return len(lines)


def _mark_signatures(lines: list[str], kinds: list[SectionKind], sender: str) -> None:
    end = 0
    for kind, run in [(kind, len(list(run))) for kind, run in groupby(kinds)]:
        at, end = end, end + run
        for start, stop in signature_spans(lines, at, end, sender) if kind == "new" else ():
            kinds[start:stop] = ["signature"] * (stop - start)


def _joined(lines: list[str], kinds: list[SectionKind]) -> tuple[Section, ...]:
    """Runs of one kind as sections; blank lines go with what stands above them."""
    sections: list[Section] = []
    start = position = 0
    if kinds.count(kinds[0]) == len(kinds):
        return (Section(kinds[0], 0, sum(map(len, lines)) + len(lines) - 1),)
    current = next((kind for line, kind in zip(lines, kinds, strict=True) if line.strip()), kinds[0])
    for line, kind in zip(lines, kinds, strict=True):
        if kind != current and line.strip():
            sections.append(Section(current, start, position))
            start, current = position, kind
        position += len(line) + 1
    sections.append(Section(current, start, position - 1))
    return tuple(sections)
