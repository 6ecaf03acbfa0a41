"""Samples to a Model, always the same one for the same samples.

Weights of words are learned on all samples.  How the words' and the patterns' odds are joined is learned on
predictions for mails that the words' weights had not seen, in the mix in which mails arrive.  From which
confidence on a type may be answered alone is measured on those of them that nobody wrote patterns for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from processor.findings import AUTOMATIC
from processor.rulebook import Model, RequestType, Rulebook, Vocabulary
from processor.training.dataset import Sample
from processor.training.solver import folds, one_against_rest, one_class, one_of_many, whether
from processor.training.thresholds import Judged, thresholds
from processor.understanding.beside import beside, main_of, perhaps, requests, strange
from processor.understanding.language import LANGUAGES, features
from processor.understanding.model import logits
from processor.understanding.model import vector as seen
from processor.understanding.understand import automatic_of, for_language, weighed
from processor.understanding.weigh import REST, UNWRITTEN, log_odds
from processor.weights import SCALE, packed, rare_rows

WRITTEN_FOR = frozenset({"dev_1", "dev_2", *(f"mails_{name}" for name in "abjklm")})
"""Sets whose mistakes people read while they wrote the patterns: there, patterns look better than they are."""
BENT = frozenset(f"mails_{name}" for name in "dgknrwxy")
"""Sets written to mislead, or of a few kinds only: they teach words, but how sure we may be depends on what arrives."""
STRENGTH = 100.0
TOLD = 3
"""A word or part of one in fewer mails than this tells no language."""
LEAST_MAILS = 3
"""A word of fewer mails than this is nobody's but its writer's."""
INNER_FOLDS = 5
MOST_WEIGHT = 32.0
"""No word weighs more; the file has room for so much."""
PENALTY = 0.01


@dataclass(frozen=True, slots=True)
class Words:
    """The part of a model that knows words."""

    labels: tuple[str, ...]
    words: Mapping[str, tuple[float, tuple[float, ...]]]
    bias: tuple[float, ...]

    def model(self) -> Model:
        """A model of words alone, to be joined with the patterns."""
        rarities = _whole([rarity for rarity, _ in self.words.values()])
        rows = dict(zip(self.words, rare_rows(rarities, (_whole(row) for _, row in self.words.values())), strict=True))
        return Model("", "", self.labels, rows, self.bias, (), (0.0,) * len(self.labels), (), (), (), {})


def train(samples: Sequence[Sample], rulebook: Rulebook, data: str = "") -> Model:
    """Learn a model for these rules; one thread, and equal samples give an equal model."""
    types = rulebook.types
    labels = _labels(samples, types)
    model = replace(learn_words(samples, labels).model(), data=data)
    heard = list(zip(samples, out_of_fold(samples, labels), strict=True))
    judged: list[Judged] = []
    for learn, try_ in folds([sample.mail.main for sample in samples], INNER_FOLDS, seed=7):
        part = _joined(model, [heard[at] for at in learn])
        judged += [judge(part, *heard[at], types) for at in try_ if _as_it_arrives(heard[at][0])]
    return replace(
        _joined(learn_languages(model, samples, rulebook.vocabulary), heard), answer_from=thresholds(judged, labels)
    )


def _as_it_arrives(sample: Sample) -> bool:
    return sample.mail.source not in WRITTEN_FOR | BENT


def learn_languages(model: Model, samples: Sequence[Sample], vocabulary: Vocabulary) -> Model:
    """The model with the weights that tell languages, where the labels name them."""
    told = [(sample, sample.mail.label["lang"]) for sample in samples if sample.mail.label.get("lang") in LANGUAGES]
    if len({language for _, language in told}) < len(LANGUAGES):
        return model
    mails = [features(for_language(sample.said.read), vocabulary) for sample, _ in told]
    names = sorted(name for name, count in Counter(name for mail in mails for name in mail).items() if count >= TOLD)
    column = {name: at for at, name in enumerate(names)}
    rows = [{column[name]: value for name, value in mail.items() if name in column} for mail in mails]
    weights, bias = one_class(rows, len(names), [LANGUAGES.index(language) for _, language in told], STRENGTH)
    table = dict(zip(names, packed([_whole(_kept(row)) for row in weights]), strict=True))
    return replace(model, languages=table, language_bias=tuple(round(each, 3) for each in bias))


def _labels(samples: Sequence[Sample], types: Mapping[str, RequestType]) -> tuple[str, ...]:
    """The labels that occur, request types by rank, then automatic kinds."""
    known = {sample.mail.main for sample in samples} | {name for sample in samples for name in sample.mail.present}
    ranked = sorted((name for name in types if name not in UNWRITTEN), key=lambda name: (types[name].rank, name))
    return tuple(name for name in (*ranked, *AUTOMATIC) if name in known)


def learn_words(samples: Sequence[Sample], labels: tuple[str, ...]) -> Words:
    """The weights of words, rounded as they are kept."""
    mails = Counter(name for sample in samples for name in sample.said.counts)
    names = sorted(name for name, count in mails.items() if count >= LEAST_MAILS)
    rarity = {name: round(math.log((1 + len(samples)) / (1 + mails[name])) + 1, 3) for name in names}
    column = {name: at for at, name in enumerate(names)}
    rows = [vector(sample.said.counts, rarity, column) for sample in samples]
    weights, bias = one_against_rest(rows, len(names), [sample.mail.present for sample in samples], labels, STRENGTH)
    table = {name: (rarity[name], _kept(row)) for name, row in zip(names, weights, strict=True)}
    return Words(labels, table, tuple(round(each, 3) for each in bias))


def vector(counts: Mapping[str, float], rarity: Mapping[str, float], column: Mapping[str, int]) -> dict[int, float]:
    """A mail's row, as understanding.model makes it."""
    values = {column[name]: rarity[name] * (1 + math.log(count)) for name, count in counts.items() if name in column}
    length = math.sqrt(sum(value * value for value in values.values())) or 1.0
    return {at: value / length for at, value in values.items()}


def out_of_fold(samples: Sequence[Sample], labels: tuple[str, ...]) -> list[dict[str, float]]:
    """For each sample, the words' logits by weights that were learned without it."""
    result: list[dict[str, float]] = [{} for _ in samples]
    for learn, try_ in folds([sample.mail.main for sample in samples], INNER_FOLDS, seed=5):
        model = learn_words([samples[at] for at in learn], labels).model()
        for at in try_:
            result[at] = logits(model, seen(model, samples[at].said.counts))
    return result


def _joined(model: Model, heard: Sequence[tuple[Sample, Mapping[str, float]]]) -> Model:
    """The model with the weights that join it to the patterns."""
    usual = [each for each in heard if each[0].mail.source not in BENT] or heard
    by_words = [[told[label] for label in model.labels] for _, told in usual]
    by_patterns = [[log_odds(_presence(sample).get(label, 0.0)) for label in model.labels] for sample, _ in usual]
    right = [model.labels.index(sample.mail.main) for sample, _ in usual]
    join, prior = one_of_many([by_words, by_patterns], right, PENALTY)
    return _with_beside(replace(model, join=_rounded(join), prior=_rounded([prior])[0]), heard)


def _with_beside(model: Model, heard: Sequence[tuple[Sample, Mapping[str, float]]]) -> Model:
    """The model with the weights that tell what is asked for beside the main request.

    Of all mails, the bent ones too: few have two requests, and to hold one too many is the lesser mistake.
    """
    asked = [label for label in model.labels if label not in (*AUTOMATIC, *REST)]
    rows, right = [], []
    for sample, told in heard:
        present, odds = sample.mail.present, {n: log_odds(chance) for n, chance in _presence(sample).items()}
        # The plainest is the one that is taken for the main one.
        main = max(present, key=lambda name: (told[name] + odds.get(name, 0.0) / 2, name))
        if sample.mail.label["auto"] or main == "no_action":
            continue
        for name in asked:
            if strange(name, main):
                numbers = [told[name], odds[name], told[main], odds.get(main, 0.0)]
                rows.append([*numbers, *_one_of(asked, name), *_one_of(model.labels, main)])
                right.append(name in present)
    weights, constant = whether(rows, right)
    of_second = dict(zip(asked, weights[4:], strict=False))
    second = [of_second.get(label, 0.0) + constant for label in model.labels]
    rounded = _rounded([weights[:4], second, weights[4 + len(asked) :]])
    return replace(model, beside=rounded[0], second=rounded[1], first=rounded[2])


def _one_of(labels: Sequence[str], name: str) -> list[float]:
    return [float(label == name) for label in labels]


def _kept(row: Sequence[float]) -> tuple[float, ...]:
    """Weights as the file keeps them, so that what was measured is what is read."""
    return tuple(min(max(round(weight, 3), -MOST_WEIGHT), MOST_WEIGHT) for weight in row)


def _whole(row: Sequence[float]) -> list[int]:
    return [round(weight * SCALE) for weight in row]


def _rounded(rows: Sequence[Sequence[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(round(each, 3) for each in row) for row in rows)


def _presence(sample: Sample) -> dict[str, float]:
    return {**sample.said.presence, **sample.said.kinds}


def judge(model: Model, sample: Sample, told: Mapping[str, float], types: Mapping[str, RequestType]) -> Judged:
    """What the joined sources would say of a sample, beside what it is."""
    likely = weighed(model, told, sample.said, types)
    if automatic := automatic_of(likely):
        return Judged(sample.mail.name, sample.mail.main, automatic, likely[automatic])
    said = sample.said
    likeliest = main_of(likely, types)
    present = beside(model, told, said.presence, likeliest)
    named = requests(likeliest, likely, present, said.presence, said.found, types)
    main = named[0]
    # Which of two stands first in the letter is no mistake where it names both.
    right = main.type if sample.mail.present <= {each.type for each in named} else sample.mail.main
    # What is held for something beside it is not answered, however sure the main request is.
    return Judged(
        sample.mail.name, right, main.type, 0.0 if perhaps(likeliest, likely, present, types) else main.confidence
    )
