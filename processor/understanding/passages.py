"""A Message to what is read of it: passages, cut into sentences, each with its moods.

Offsets never move: folding and smoothing replace characters one for one, so a match in a passage's
``folded`` text is the same span in Message.subject or Message.text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple

from processor.findings import Evidence, Where
from processor.masking import masked
from processor.message import Message
from processor.needles import LONGEST
from processor.rulebook import Needles, Pattern, numbers

MOST_CHARACTERS = 20_000
"""New text beyond this is not read: nobody writes it, and time is bounded by it."""
MOST_SENTENCES = 300
MOST_SECTIONS = 100
LONGEST_SENTENCE = 600
"""A longer stretch without a stop is cut: patterns look this far and no further."""

Kind = Literal["subject", "thread", "echo", "new", "forwarded", "signature", "quoted", "attached"]

_SMOOTH = str.maketrans(
    {"\u00a0": " ", "\u202f": " ", "\u2007": " ", "\u200b": " ", "\u00ad": "-", "\t": " ", "\r": " "}
    | {"‘": "'", "’": "'", "´": "'", "“": '"', "”": '"', "«": '"', "»": '"', "–": "-", "—": "-", "‑": "-"}
)
_ROUGH = re.compile("[" + re.escape("".join(map(chr, _SMOOTH))) + "]")
_BREAK = re.compile(
    # It begins with a character that is soon found.  That is the stop, which is of the sentence, or else the newline.
    r"[\n.!?;](?:(?<=\n)(?:\s*\n\s*)?"
    r"|(?<!\n)(?!\n)(?:(?<![ .(]\w\.)(?<!\d\.)[\"')]{0,3}\s+|(?<=\d\.)\s+(?=[A-ZÆØÅÄÖ])))"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:nr|org|dvs|orgnr|kundenr|fakturanr|tlf|mob|ca|pr|evt|bl\.a|f\.eks|jf|vedr|ang|ref|no|mvh|kl|fr|art|st|sept|okt|nov|des|jan|feb|m\.m|o\.l|osv|kap|tel|adr|inkl|eks)\.$",
    re.I,
)
_REPLY = re.compile(r"\s*(?:sv|re|svar|aw|ad)\s?(?:\[\d+\])?:", re.I)
_OUR_TICKET = re.compile(r"\[[A-Z]{2,8}-[0-9A-Z]{4}-[0-9A-Z]{4}\]")
_QUOTED_SUBJECT = re.compile(r"^[ \t>*]{0,8}(?:emne|ämne|subject)\*?[ \t]?:\*?[ \t]*(.{1,300})$", re.I | re.M)
_MONTH_NEXT = re.compile(r"(?:jan|feb|mar|apr|mai|maj|may|jun|jul|aug|sep|okt|oct|nov|des|dec)", re.I)


class Sentence(NamedTuple):
    """Characters ``start`` to ``end`` of the passage, and the text that ``also`` and ``unless`` see.

    ``near`` are the numbers in Needles of the patterns that it may hold.
    """

    start: int
    end: int
    text: str
    moods: frozenset[str] = frozenset()
    near: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of subject or body.  ``at`` is its first character's place there."""

    kind: Kind
    text: str
    folded: str
    at: int
    where: Where
    sentences: tuple[Sentence, ...]

    def sentence_at(self, place: int) -> Sentence:
        """The sentence that holds this character of the passage."""
        return self.sentences[max(0, bisect_right(self.sentences, place, key=lambda s: s.start) - 1)]

    def evidence(self, start: int, end: int, rule: str, weight: float = 1.0) -> Evidence:
        """The span as evidence, with its place in the mail; attached mails have none."""
        text = self.text[start:end]
        if self.where not in ("subject", "body"):
            return Evidence(text, self.where, 0, 0, rule, weight, self.kind)
        return Evidence(text, self.where, self.at + start, self.at + end, rule, weight, self.kind)


def fold(text: str) -> str:
    """Lower case with plain blanks, quotes and dashes, and the same length."""
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)
    return lowered.translate(_SMOOTH) if _ROUGH.search(lowered) else lowered


def passages(message: Message, needles: Needles) -> tuple[Passage, ...]:
    """The subject and every section, in order; an attached mail's new text comes last.

    The subject of a reply is of kind ``thread``: it is inherited, and may be the other side's words.
    It is an ``echo`` when it surely says nothing new: it has our ticket number, or is the quoted mail's.
    """
    found = [_passage(_subject_kind(message), message.subject[:1000], 0, "subject", needles)]
    left = MOST_CHARACTERS
    for section in message.sections[:MOST_SECTIONS]:
        if (end := min(section.end, section.start + left)) > section.start:
            found.append(_passage(section.kind, message.text[section.start : end], section.start, "body", needles))
            left -= end - section.start
    for attached in message.attached[:3]:
        text = f"{attached.subject}\n\n{attached.words('new', 'forwarded', 'signature')}"[:MOST_CHARACTERS]
        found.append(_passage("attached", text, 0, "attachment", needles))
    return tuple(found)


def _subject_kind(message: Message) -> Kind:
    if not _REPLY.match(message.subject):
        return "subject"
    quoted = message.words("quoted")[:MOST_CHARACTERS]
    echoed = {_without_prefixes(match[1]) for match in _QUOTED_SUBJECT.finditer(quoted)}
    echo = _OUR_TICKET.search(message.subject) or _without_prefixes(message.subject) in echoed
    return "echo" if echo else "thread"


def _without_prefixes(subject: str) -> str:
    while prefix := _REPLY.match(subject):
        subject = subject[prefix.end() :]
    return " ".join(subject.lower().split())


def _passage(kind: Kind, text: str, at: int, where: Where, needles: Needles) -> Passage:
    text = masked(text)
    folded = fold(text).replace("\n", " ")
    if kind in ("signature", "quoted"):
        return Passage(kind, text, folded, at, where, (Sentence(0, len(text), folded),))
    here = needles.places[where != "subject"]
    cuts = islice(_cuts(text), MOST_SENTENCES)
    sentences = tuple([_sentence(start, end, folded[start:end], here, needles) for start, end in cuts])
    if not sentences:
        return Passage(kind, text, folded, at, where, (Sentence(0, len(text), folded),))
    end = sentences[-1].end
    return Passage(kind, text[:end], folded[:end], at, where, sentences)


def _cuts(text: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of a text start and end."""
    start = 0
    for cut in _BREAK.finditer(text):
        at = cut.start()
        at += text[at] != "\n"
        before = text[start:at]
        if not before or before.isspace() or _goes_on(text, before, at, cut.end()):
            continue
        yield from _bounded(start, cut.end())
        start = cut.end()
    if text[start:].strip():
        yield from _bounded(start, len(text))


def _bounded(start: int, end: int) -> Iterator[tuple[int, int]]:
    for at in range(start, end, LONGEST_SENTENCE):
        yield at, min(at + LONGEST_SENTENCE, end)


def _goes_on(text: str, before: str, start: int, end: int) -> bool:
    """Whether the cut is none: a hard-wrapped line, an abbreviation's stop or a date's."""
    cut, after = text[start:end], text[end : end + 12]
    if cut == "\n":
        line = text[text.rfind("\n", 0, start) + 1 : start]
        return len(line) > 55 and before.rstrip()[-1:] not in ".!?:" and not after[:1].isdigit()
    if "\n" in cut:
        return False
    return bool(_ABBREVIATION.search(before[-14:])) or (
        before[-1:] == "." and before[-2:-1].isdigit() and bool(_MONTH_NEXT.match(after))
    )


def _sentence(start: int, end: int, folded: str, here: int, needles: Needles) -> Sentence:
    """``here`` are the bits of the patterns that are looked for in such a place."""
    text = " ".join(folded.split())
    # A pattern is searched for in the passage, what must stand besides in the text.
    standing = needles.literals.standing(folded if folded.strip() == text else f"{folded} {text}")
    moods = [needles.patterns[number][1] for number in numbers(needles.moods.near(standing))]
    held = [mood.name for mood in moods if holds(mood, text)]
    if held:
        marks = "".join([f" @{name}" for name in held])
        standing |= needles.literals.standing(text[-LONGEST:] + marks)
        text += marks
    return Sentence(start, end, text, frozenset(held), numbers(needles.others.near(standing) & here))


def holds(pattern: Pattern, text: str) -> bool:
    """Whether the pattern is found in a sentence's text and nothing cancels it."""
    if pattern.any is None or not pattern.any.search(text):
        return False
    if pattern.also is not None and not pattern.also.search(text):
        return False
    return pattern.unless is None or not pattern.unless.search(text)
