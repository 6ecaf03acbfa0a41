"""Which of five languages a mail is written in, right for three words too.

Telling words weigh most and parts of words a little; both stand in rules/data/languages.toml.  The
Scandinavian languages share most words, so what separates two neighbours counts, not what is common.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

from processor.findings import Language

LANGUAGES: tuple[Language, ...] = ("nb", "nn", "en", "sv", "da")
PRIOR = {"nb": 1.0, "nn": 0.0, "en": 0.0, "sv": 0.0, "da": -0.3}
"""Unknown words alone mean bokmål: most of the mail is."""
MOST_WORDS = 400
_WORD = re.compile(r"[^\W\d_]{1,30}")
_NO_WORDS = re.compile(r"\S{0,100}[@/\\]\S{0,100}|\b[\w-]{1,60}\.(?:no|com|se|dk|net)\b")


def language_of(
    text: str, words: Mapping[str, Mapping[str, float]], letters: Mapping[str, Mapping[str, float]]
) -> tuple[Language, float]:
    """The likeliest language of a lower-case text, and the chance of it (0 to 1); bokmål when nothing tells."""
    found = Counter(_WORD.findall(_NO_WORDS.sub(" ", text))[:MOST_WORDS])
    parts = " ".join(word for word in found if len(word) > 2)
    most = 0.4 * sum(found.values())
    scores = {
        language: PRIOR[language]
        + _score(found, words.get(language, {}))
        + min(_told(parts, letters.get(language, {})), most)
        for language in LANGUAGES
    }
    best = max(LANGUAGES, key=lambda language: scores[language])
    total = sum(math.exp(max(-30.0, scores[language] - scores[best])) for language in LANGUAGES)
    return best, 1.0 / total


def _score(found: Counter[str], words: Mapping[str, float]) -> float:
    return sum(words[word] * min(count, 3) for word, count in found.items() if word in words)


def _told(parts: str, letters: Mapping[str, float]) -> float:
    """What parts of words say, each different word once."""
    return sum(weight * parts.count(part) for part, weight in letters.items())
