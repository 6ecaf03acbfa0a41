"""Which of five languages a mail is written in, right for three words too.

Telling words weigh most and parts of words a little; both stand in rules/data/languages.toml.  The
Scandinavian languages share most words, so what separates two neighbours counts, not what is common.  Where
the lists leave it open, weights learned from labelled mails decide.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from processor.findings import Language
from processor.rulebook import Model, Vocabulary
from processor.weights import SCALE, unpacked

LANGUAGES: tuple[Language, ...] = ("nb", "nn", "en", "sv", "da")
PRIOR = {"nb": 1.0, "nn": 0.0, "en": 0.0, "sv": 0.0, "da": -0.3}
"""Unknown words alone mean bokmål: most of the mail is."""
MOST_WORDS = 400
CLEAR = 8.0
"""By how much the lists must prefer a language for them to be enough."""
LISTS = 10.0
"""The scale on which a model hears the lists."""
_WORD = re.compile(r"[^\W\d_]{1,30}")
_SITE = re.compile(r"\.(?:no|com|se|dk|net)\b")
_MARK = re.compile(r"[@/\\.]")
_NO_WORDS = re.compile(r"\S{0,100}[@/\\]\S{0,100}|\b[\w-]{1,60}" + _SITE.pattern)


def language_of(text: str, vocabulary: Vocabulary, model: Model | None = None) -> tuple[Language, float]:
    """The likeliest language of a lower-case text, and the chance of it (0 to 1); bokmål when nothing tells.

    The lists decide where they are clear; where they are not, a model that was trained on languages has the word,
    and hears the lists too.
    """
    words = _words(text)
    scores = _scores(words, vocabulary)
    second, best = sorted(scores)[-2:]
    if model is not None and model.languages and best - second < CLEAR:
        scores = _learned(model, words, scores)
        best = max(scores)
    total = sum([math.exp(max(-30.0, score - best)) for score in scores])
    return LANGUAGES[scores.index(best)], 1.0 / total


def features(text: str, vocabulary: Vocabulary) -> dict[str, float]:
    """What a model of languages sees of a lower-case text.

    The different words and their parts of three letters, together of length one, and what the lists say.
    """
    words = _words(text)
    found = _parts(words)
    return dict.fromkeys(found, _share(found)) | _by_lists(_scores(words, vocabulary))


def _parts(words: Iterable[str]) -> Collection[str]:
    """Each different word, and each different part of three letters, the ends of words being letters."""
    words = dict.fromkeys(words)
    edged = [f"<{word}>" for word in words]
    return dict.fromkeys(
        [f"w:{word}" for word in words] + [f"c:{word[at : at + 3]}" for word in edged for at in range(len(word) - 2)]
    )


def _share(found: Collection[str]) -> float:
    return 1.0 / math.sqrt(len(found) or 1)


def _by_lists(scores: Sequence[float]) -> dict[str, float]:
    best = max(scores)
    return {f"l:{name}": max(-1.0, (score - best) / LISTS) for name, score in zip(LANGUAGES, scores, strict=True)}


def _learned(model: Model, words: Iterable[str], scores: Sequence[float]) -> list[float]:
    """What the model says for each language, of these features."""
    found = _parts(words)
    sums = list(model.language_bias)
    _add(sums, _share(found), list(map(model.languages.get, found)))
    for name, value in _by_lists(scores).items():
        if value:
            _add(sums, value, [model.languages.get(name)])
    return sums


def _add(sums: list[float], value: float, rows: Iterable[int | None]) -> None:
    known = [row for row in rows if row is not None]
    for at, weight in enumerate(unpacked(sum(known), len(LANGUAGES), len(known))):
        sums[at] += value * weight / SCALE


def _words(text: str) -> list[str]:
    # Most mails name no address, and to look for one at every letter takes longer than all the rest.
    if "@" in text or "/" in text or "\\" in text or _SITE.search(text):
        text = " ".join([_NO_WORDS.sub(" ", each) if _MARK.search(each) else each for each in text.split()])
    return _WORD.findall(text)[:MOST_WORDS]


def _scores(words: Sequence[str], vocabulary: Vocabulary) -> list[float]:
    """What the lists say for each language."""
    found = Counter(words)
    telling = vocabulary.languages
    by_words = list(filter(None, map(telling.get, found)))
    # A word counts three times at most.
    by_words += [
        telling[word]
        for word, count in found.items()
        if count > 1 and word in telling
        for _ in range(min(count, 3) - 1)
    ]
    # What parts of words say, each different word once.
    text = " ".join([word for word in found if len(word) > 2])
    by_parts = [row for part, row in vocabulary.letters.items() if part in text for _ in range(text.count(part))]
    most = 0.4 * len(words)
    return [
        prior + one + (other if other < most else most)
        for prior, one, other in zip(PRIOR.values(), _sums(by_words), _sums(by_parts), strict=True)
    ]


def _sums(rows: Sequence[int]) -> list[float]:
    """For each language, the sum of rows."""
    return [weight / SCALE for weight in unpacked(sum(rows), len(LANGUAGES), len(rows))]
