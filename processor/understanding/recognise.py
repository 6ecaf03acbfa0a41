"""Patterns run over a mail: what speaks for each request type, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from processor.findings import Evidence
from processor.rulebook import Needles, Pattern
from processor.understanding.passages import Passage, Sentence

READ = ("subject", "thread", "echo", "new", "forwarded", "attached")
MOST_EVIDENCE = 6
"""Spans kept per request type: enough to see why, few enough to read."""


MOST_PLACES = 2
"""Places kept per pattern."""
INHERITED = 0.4
"""What a reply's subject is worth: the other side may have written it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one pattern found: its first span counts, the others only show.

    ``share`` is how much of the weight counts: less when only a reply's inherited subject says it.
    ``echo``: only words that are surely not new say it.
    """

    pattern: Pattern
    evidence: tuple[Evidence, ...]
    share: float = 1.0
    echo: bool = False

    @property
    def worth(self) -> float:
        return self.pattern.weight * self.share


def recognise(needles: Needles, passages: Iterable[Passage]) -> dict[str, tuple[Finding, ...]]:
    """The findings of each owner that has any, in the order of the rules; each pattern counts once a mail.

    An echo alone is no finding, it only adds to new words.
    """
    read = [passage for passage in passages if passage.kind in READ]
    mail = _Words("\n".join(passage.folded for passage in read))
    places: dict[int, list[tuple[Passage, re.Match[str]]]] = {}
    for passage in read:
        for sentence in passage.sentences:
            for number in sentence.near:
                there = places.get(number, [])
                if len(there) == MOST_PLACES:
                    continue
                pattern = needles.patterns[number][1]
                struck = strikes(pattern, passage, sentence, MOST_PLACES - len(there))
                # The whole mail is looked through last: most patterns do not get so far.
                if struck and (pattern.mail is None or mail.hold(pattern.mail)):
                    places[number] = there + [(passage, match) for match in struck]
    owned: dict[str, list[Finding]] = {}
    for number in sorted(places):
        owner, pattern = needles.patterns[number]
        owned.setdefault(owner, []).append(_finding(pattern, f"{owner}/{pattern.name}", places[number]))
    return {owner: kept for owner, found in owned.items() if (kept := _said_anew(found))}


class _Words:
    """All words of the mail, and which expressions they were found to hold: many patterns share one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._held: dict[re.Pattern[str], bool] = {}

    def hold(self, expression: re.Pattern[str]) -> bool:
        if expression not in self._held:
            self._held[expression] = expression.search(self._text) is not None
        return self._held[expression]


def strikes(pattern: Pattern, passage: Passage, sentence: Sentence, most: int) -> list[re.Match[str]]:
    """Up to so many places in a sentence that has what the pattern needs and nothing that cancels it."""
    if pattern.any is None or (pattern.also is not None and not pattern.also.search(sentence.text)):
        return []
    end = sentence.end
    match = pattern.any.search(passage.folded, sentence.start, end)
    if match is None or (pattern.unless is not None and pattern.unless.search(sentence.text)):
        return []
    found = [match]
    while len(found) < most and (match := pattern.any.search(passage.folded, max(match.start() + 1, match.end()), end)):
        found.append(match)
    return found


def _finding(pattern: Pattern, rule: str, places: list[tuple[Passage, re.Match[str]]]) -> Finding:
    kinds = {passage.kind for passage, _ in places}
    spans = tuple(passage.evidence(match.start(), match.end(), rule, pattern.weight) for passage, match in places)
    return Finding(pattern, spans, INHERITED if kinds <= {"thread", "echo"} else 1.0, kinds == {"echo"})


def _said_anew(found: list[Finding]) -> tuple[Finding, ...]:
    if any(finding.worth > 0 and not finding.echo for finding in found):
        return tuple(found)
    return tuple(finding for finding in found if not finding.echo)


def score(found: Iterable[Finding]) -> float:
    """The sum of the weights, where the second of a kind adds less than the first."""
    speaking = sorted((finding.worth for finding in found if finding.worth > 0), reverse=True)
    against = sum(finding.worth for finding in found if finding.worth < 0)
    return sum(weight * share for weight, share in zip(speaking, _SHARES, strict=False)) + against


_SHARES = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2)


def evidence(found: Iterable[Finding]) -> tuple[Evidence, ...]:
    """The weightiest spans first."""
    spans = [span for finding in found for span in finding.evidence if span.weight]
    return tuple(sorted(spans, key=lambda span: -abs(span.weight))[:MOST_EVIDENCE])


def topics(found: Mapping[str, tuple[Finding, ...]]) -> tuple[str, ...]:
    """The topics of every pattern found, each once."""
    named = [finding.pattern.topic for findings in found.values() for finding in findings if finding.pattern.topic]
    return tuple(dict.fromkeys(named))
