"""Body text out of text parts: charset, flowed lines, the best alternative, one clean text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from processor.reading.charset import clean_text, decode, mend_doubled
from processor.reading.flowed import unflow
from processor.reading.html_text import html_to_text

MAX_TEXT = 200_000
MAX_PART = 1_000_000

Form = Literal["plain", "html"]
_META = re.compile(r"<meta[^<>]{0,300}charset\s{0,5}=\s{0,5}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_SAYS_SOMETHING = re.compile(r"(?:[\W_]*[^\W_]){3}")
# What programs write where they could not write a plain version.
_PLACEHOLDER = re.compile(
    r"html[- ]?(?:e-?mail|mail|format|message|viewer|compatible|melding|innhold)|support html|view (?:this|it) in|vis(?:e)? .{0,40}nettleser",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The text of one part, not yet cleaned."""

    form: Form
    text: str


def text_of(data: bytes, facts: dict[str, str], form: Form) -> tuple[str, str]:
    """Decode one text part; the second value is a defect code or ``""``."""
    label = facts.get("charset", "")
    if form == "html" and not label:
        found = _META.search(data[:2000].decode("latin-1"))
        label = found[1] if found else ""
    text, defect = decode(data, label)
    if form == "plain" and facts.get("format", "").strip().lower() == "flowed":
        text = unflow(text.replace("\r\n", "\n"), facts.get("delsp", "").strip().lower() == "yes")
    return text, defect


def best(versions: list[list[Chunk]]) -> list[Chunk]:
    """Of alternatives, the plain version unless it says nothing, else the last one with HTML.

    RFC 2046 section 5.1.4 calls the last the richest; rules want the one without markup.
    """
    plain = [version for version in versions if any(c.form == "plain" and not _trivial(c.text) for c in version)]
    rich = [version for version in versions if any(c.form == "html" for c in version)]
    if plain:
        return plain[0]
    return rich[-1] if rich else next((version for version in versions if version), [])


def join(chunks: list[Chunk]) -> tuple[str, list[str]]:
    """One clean text of all chunks, and the defects ``text_truncated``, ``mojibake`` and ``nul``."""
    defects = []
    texts: list[str] = []
    room = MAX_TEXT
    for chunk in chunks:
        if room <= 0:
            defects.append("text_truncated")
            break
        if "\0" in chunk.text:
            defects.append("nul")
        raw = chunk.text if chunk.form == "plain" else html_to_text(chunk.text)
        text, mended = mend_doubled(raw[: 2 * MAX_TEXT])
        text = clean_text(text)
        if mended:
            defects.append("mojibake")
        if len(text) > room:
            defects.append("text_truncated")
        texts.append(text[:room].rstrip())
        room -= len(text) + 2
    return "\n\n".join(text for text in texts if text), defects


def _trivial(text: str) -> bool:
    text = text.strip()
    if not _SAYS_SOMETHING.match(text[:200]):
        return True
    return len(text) < 300 and may_be_placeholder(text) and bool(_PLACEHOLDER.search(text))


def may_be_placeholder(text: str) -> bool:
    """Whether a letter of each thing that a placeholder says stands in a text, which is soon seen."""
    low = text.lower()
    return "html" in low or "ew " in low or "nettle" in low
