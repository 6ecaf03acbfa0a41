"""A mail's text as HTML with the evidence marked in it: what spoke for its type, and what was read as a field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

from processor.message import Message

FOLDED = ("quoted", "signature")
MOST_SIGNS = 60_000


@dataclass(frozen=True, slots=True)
class Span:
    """A marked place; ``kind`` is ``for`` or ``field``, ``why`` the rule or the field's name."""

    start: int
    end: int
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of the text; ``folded`` ones are shown when asked for, ``lines`` counts theirs."""

    kind: str
    content: Markup
    folded: bool
    lines: int


def passages(message: Message, spans: Sequence[Span]) -> list[Passage]:
    """The mail's sections in order, with the spans marked."""
    found = []
    for section in message.sections:
        text = message.text[section.start : section.end]
        if text.strip():
            end = min(section.end, section.start + MOST_SIGNS)
            content = marked(message.text, section.start, end, spans)
            found.append(Passage(section.kind, content, section.kind in FOLDED, text.strip("\n").count("\n") + 1))
    return found


def marked(text: str, start: int, end: int, spans: Iterable[Span]) -> Markup:
    """A stretch of text with the spans in it marked; of several over one another a field is shown before a reason, the shorter before the longer."""
    found = (each for each in spans if each.start < end and each.end > start)
    inside = sorted(found, key=lambda each: (each.kind != "field", each.end - each.start))
    edges = sorted({start, end, *(min(max(edge, start), end) for each in inside for edge in (each.start, each.end))})
    out: list[Markup] = []
    last: Span | None = None
    held = ""
    for left, right in pairwise(edges):
        top = next((each for each in inside if each.start <= left and each.end >= right), None)
        if top is not last:
            out.append(_piece(held, last))
            held, last = "", top
        held += text[left:right]
    return Markup("").join([*out, _piece(held, last)])


def _piece(text: str, span: Span | None) -> Markup:
    if not text:
        return Markup("")
    if span is None:
        return escape(text)
    return Markup('<mark class="{}" title="{}">{}</mark>').format(span.kind, span.why, text)
