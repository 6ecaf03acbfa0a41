"""Which of five languages a mail is written in, right for three words too.

Telling words weigh most and parts of words a little; both stand in rules/data/languages.toml.  The
Scandinavian languages share most words, so what separates two neighbours counts, not what is common.  Where
the lists leave it open, weights learned from labelled mails decide.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

from processor.findings import Language
from processor.rulebook import Model, Vocabulary

LANGUAGES: tuple[Language, ...] = ("nb", "nn", "en", "sv", "da")
PRIOR = {"nb": 1.0, "nn": 0.0, "en": 0.0, "sv": 0.0, "da": -0.3}
"""Unknown words alone mean bokmål: most of the mail is."""
MOST_WORDS = 400
CLEAR = 8.0
"""By how much the lists must prefer a language for them to be enough."""
LISTS = 10.0
"""The scale on which a model hears the lists."""
_WORD = re.compile(r"[^\W\d_]{1,30}")
_NO_WORDS = re.compile(r"\S{0,100}[@/\\]\S{0,100}|\b[\w-]{1,60}\.(?:no|com|se|dk|net)\b")


def language_of(text: str, vocabulary: Vocabulary, model: Model | None = None) -> tuple[Language, float]:
    """The likeliest language of a lower-case text, and the chance of it (0 to 1); bokmål when nothing tells.

    The lists decide where they are clear; where they are not, a model that was trained on languages has the word,
    and hears the lists too.
    """
    scores = _scores(text, vocabulary)
    best, second = sorted(scores.values(), reverse=True)[:2]
    if model is not None and model.languages and best - second < CLEAR:
        scores = _learned(model, seen(text, scores))
    likeliest = max(LANGUAGES, key=lambda language: scores[language])
    total = sum(math.exp(max(-30.0, scores[language] - scores[likeliest])) for language in LANGUAGES)
    return likeliest, 1.0 / total


def features(text: str, vocabulary: Vocabulary) -> dict[str, float]:
    """What a model of languages sees of a lower-case text."""
    return seen(text, _scores(text, vocabulary))


def seen(text: str, scores: Mapping[str, float]) -> dict[str, float]:
    """The different words and their parts of three letters, together of length one, and what the lists say."""
    words = dict.fromkeys(_words(text))
    found = [f"w:{word}" for word in words]
    for word in words:
        edged = f"<{word}>"
        found += [f"c:{edged[at : at + 3]}" for at in range(len(edged) - 2)]
    found = list(dict.fromkeys(found))
    share = 1.0 / math.sqrt(len(found) or 1)
    best = max(scores.values())
    by_lists = {f"l:{language}": max(-1.0, (score - best) / LISTS) for language, score in scores.items()}
    return dict.fromkeys(found, share) | by_lists


def _learned(model: Model, mail: Mapping[str, float]) -> dict[str, float]:
    known = [(value, row) for name, value in mail.items() if (row := model.languages.get(name)) is not None]
    sums = [sum(value * row[at] for value, row in known) for at in range(len(LANGUAGES))]
    return {language: total + bias for language, total, bias in zip(LANGUAGES, sums, model.language_bias, strict=True)}


def _words(text: str) -> list[str]:
    return _WORD.findall(_NO_WORDS.sub(" ", text))[:MOST_WORDS]


def _scores(text: str, vocabulary: Vocabulary) -> dict[str, float]:
    """What the lists say for each language."""
    found = Counter(_words(text))
    parts = " ".join(word for word in found if len(word) > 2)
    most = 0.4 * sum(found.values())
    return {
        language: PRIOR[language]
        + _score(found, vocabulary.languages.get(language, {}))
        + min(_told(parts, vocabulary.letters.get(language, {})), most)
        for language in LANGUAGES
    }


def _score(found: Counter[str], words: Mapping[str, float]) -> float:
    return sum(words[word] * min(count, 3) for word, count in found.items() if word in words)


def _told(parts: str, letters: Mapping[str, float]) -> float:
    """What parts of words say, each different word once."""
    return sum(weight * parts.count(part) for part, weight in letters.items())
