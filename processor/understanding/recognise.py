"""Patterns run over a mail: what speaks for each request type, and where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from processor.findings import Evidence
from processor.rulebook import Pattern, RequestType
from processor.understanding.passages import Passage, strikes

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


def findings(patterns: Iterable[Pattern], owner: str, passages: Iterable[Passage]) -> tuple[Finding, ...]:
    """Every pattern that is found, with evidence named ``owner/pattern``; each counts once a mail."""
    read = [passage for passage in passages if passage.kind in READ]
    mail = "\n".join(passage.folded for passage in read)
    return tuple(
        found for pattern in patterns if (found := _finding(pattern, f"{owner}/{pattern.name}", read, mail)) is not None
    )


def _finding(pattern: Pattern, rule: str, read: list[Passage], mail: str) -> Finding | None:
    if pattern.needs and not any(word in mail for word in pattern.needs):
        return None
    if pattern.mail is not None and not pattern.mail.search(mail):
        return None
    spans: list[Evidence] = []
    kinds: set[str] = set()
    for passage in read:
        for _, match in strikes(pattern, passage):
            spans.append(passage.evidence(match.start(), match.end(), rule, pattern.weight))
            kinds.add(passage.kind)
            if len(spans) == MOST_PLACES:
                break
        if len(spans) == MOST_PLACES:
            break
    share = INHERITED if kinds <= {"thread", "echo"} else 1.0
    return Finding(pattern, tuple(spans), share, kinds == {"echo"}) if spans else None


def recognise(types: Mapping[str, RequestType], passages: Iterable[Passage]) -> dict[str, tuple[Finding, ...]]:
    """The findings of every request type that has any; an echo alone is no finding, it only adds to new words."""
    read = tuple(passages)
    all_found = {name: findings(kind.patterns, name, read) for name, kind in types.items()}
    return {name: kept for name, found in all_found.items() if (kept := _said_anew(found))}


def _said_anew(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    if any(finding.worth > 0 and not finding.echo for finding in found):
        return found
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
