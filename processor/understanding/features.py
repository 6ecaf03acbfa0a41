"""What a model sees of a mail: words, pairs of words, parts of words, and the mail's shape.

Deterministic, in the order of its keys too (sums of floats depend on it), and language-free: the
weights say which of it tells anything.  Quoted history and
signatures are left out, since they are nobody's request.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from processor.findings import Form
from processor.message import Message
from processor.understanding.passages import Passage
from processor.understanding.recognise import READ

MOST_WORDS = 1500
"""Words beyond this are not looked at: a request stands before them, and time is bounded by it."""
_WORD = re.compile(r"[^\W\d_]{1,40}|\d{1,40}|[?!]")
_LETTERS = re.compile(r"[^\W\d_]{2,20}")
_LENGTHS = (8, 20, 60)


def features(message: Message, passages: Sequence[Passage], form: Form | None) -> Counter[str]:
    """How often each feature occurs; the key's first letter says of which kind it is."""
    found: Counter[str] = Counter()
    left = MOST_WORDS
    for passage in passages:
        if passage.kind not in READ or left <= 0:
            continue
        # Digits count by their number alone.
        words = [
            "0" * min(len(word), 10) if word[0].isdigit() else word for word in _WORD.findall(passage.folded)[:left]
        ]
        left -= len(words)
        _of_words(words, passage.where == "subject", found)
    length = MOST_WORDS - left
    found[f"x:length_{sum(length >= step for step in _LENGTHS)}"] = 1
    _of_shape(message, passages, form, found)
    return found


def _of_words(words: list[str], subject: bool, found: Counter[str]) -> None:
    found.update([f"w:{word}" for word in words] + [f"2:{one} {two}" for one, two in pairwise(words)])
    for word in dict.fromkeys(words):
        if subject:
            found[f"s:{word}"] = 1
        if len(word) > 5:
            found[f"p:{word[:5]}"] = 1
            if len(word) > 8:
                found[f"p:{word[:8]}"] = 1
                found[f"e:{word[-5:]}"] = 1


def _of_shape(message: Message, passages: Iterable[Passage], form: Form | None, found: Counter[str]) -> None:
    told: list[str] = []
    for passage in passages:
        for sentence in passage.sentences:
            if sentence.moods:
                told += [f"m:{mood}" for mood in sorted(sentence.moods)]
    marks = {f"x:has_{passage.kind}" for passage in passages if passage.text and not passage.text.isspace()}
    marks.update([f"x:mark_{name}" for name, _ in message.marks])
    marks.update([f"x:attached_{attachment.true_type}" for attachment in message.attachments])
    if message.from_:
        marks.update([f"x:from_{word}" for word in _LETTERS.findall(message.from_[0].local.lower())])
    if message.return_path == "":
        marks.add("x:null_sender")
    if form is not None:
        marks.add(f"x:form_{form.source}")
    found.update(told + sorted(marks))


def spans(feature: str, passages: Iterable[Passage]) -> tuple[Passage, int, int] | None:
    """The first place where a feature of words stands; None for those of shape."""
    kind, words = feature[0], feature[2:]
    if kind not in "w2pse" or words[0] == "0" or " 0" in words:
        return None
    for passage in passages:
        at = passage.folded.find(words)
        if at >= 0 and passage.kind in READ and (kind != "s" or passage.where == "subject"):
            place = _place(passage.folded, words, kind, at)
            if place is not None:
                return passage, *place
    return None


def _place(text: str, words: str, kind: str, at: int) -> tuple[int, int] | None:
    for _ in range(30):
        if at < 0:
            return None
        start, end = at, at + len(words)
        if (kind == "e" or _edge(text, start - 1)) and (kind == "p" or _edge(text, end)):
            while kind == "e" and not _edge(text, start - 1):
                start -= 1
            while kind == "p" and not _edge(text, end):
                end += 1
            return start, end
        at = text.find(words, at + 1)
    return None


def _edge(text: str, place: int) -> bool:
    """Whether a word ends here; ``place`` may be -1, before the text."""
    return not text[place : place + 1].isalpha()
