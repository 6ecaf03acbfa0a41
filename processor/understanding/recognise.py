"""Patterns run over a mail: what speaks for each request type, and where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from processor.findings import Evidence
from processor.rulebook import Pattern, RequestType
from processor.understanding.passages import Passage, strikes

READ = ("subject", "new", "forwarded", "attached")
MOST_EVIDENCE = 6
"""Spans kept per request type: enough to see why, few enough to read."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one pattern found: its first span counts, the others only show."""

    pattern: Pattern
    evidence: tuple[Evidence, ...]


def findings(patterns: Iterable[Pattern], owner: str, passages: Iterable[Passage]) -> tuple[Finding, ...]:
    """Every pattern that is found, with evidence named ``owner/pattern``; each counts once a mail."""
    read = [passage for passage in passages if passage.kind in READ]
    found = []
    for pattern in patterns:
        rule = f"{owner}/{pattern.name}"
        spans = []
        for passage in read:
            for _, match in strikes(pattern, passage):
                spans.append(passage.evidence(match.start(), match.end(), rule, pattern.weight))
                if len(spans) == 2:
                    break
            if len(spans) == 2:
                break
        if spans:
            found.append(Finding(pattern, tuple(spans)))
    return tuple(found)


def recognise(types: Mapping[str, RequestType], passages: Iterable[Passage]) -> dict[str, tuple[Finding, ...]]:
    """The findings of every request type that has any."""
    read = tuple(passages)
    all_found = {name: findings(kind.patterns, name, read) for name, kind in types.items()}
    return {name: found for name, found in all_found.items() if found}


def score(found: Iterable[Finding]) -> float:
    """The sum of the weights, where the second of a kind adds less than the first."""
    speaking = sorted((finding.pattern.weight for finding in found if finding.pattern.weight > 0), reverse=True)
    against = sum(finding.pattern.weight for finding in found if finding.pattern.weight < 0)
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
