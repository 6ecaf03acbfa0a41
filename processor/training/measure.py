"""What a model is worth: each mail decided by a model that was trained without it, down the whole road."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from processor.deciding.decide import decide
from processor.deciding.explanation import explain
from processor.deciding.identity import new_ticket_no
from processor.deciding.without_world import context_without_world
from processor.findings import AUTOMATIC, Understanding
from processor.rulebook import Model, Rulebook
from processor.ticket import Decision
from processor.training.dataset import Sample
from processor.training.solver import folds
from processor.training.train import train
from processor.understanding.reasons import reasons
from processor.understanding.understand import understand

FOLDS = 5
AUTHSERV_ID = "mx.kundesenter.example"
"""Whom the mails made by training/build_mails.py name as their receiver."""
TOLERANCE = 0.005
"""A figure smaller by no more than this is no worse: that is one mail in two hundred."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One mail decided, beside its label.

    ``told`` is the JSON of ``explain`` as values; ``why`` says of a mistake what led to it.
    """

    name: str
    source: str
    right: str
    found: str
    confidence: float
    right_set: frozenset[str]
    found_set: frozenset[str]
    outcome: str
    template: str
    reply_ok: bool
    told: Mapping[str, Any] = field(default_factory=dict, repr=False)
    why: str = ""

    @property
    def decided(self) -> bool:
        """Whether no person was asked."""
        return self.outcome != "review"

    @property
    def mistake(self) -> str:
        """The kind of mistake, the gravest first; empty when all is well.  The kinds are score.py's and two more."""
        if self.template and not self.reply_ok:
            return "forbidden_reply"
        if self.template.startswith("termination/") and "termination" not in self.right_set:
            return "false_confirmation"
        if "termination" in self.right_set - self.found_set and self.decided:
            return "lost_notice"
        if self.right != self.found:
            return "wrong_alone" if self.decided else "wrong_in_review"
        return "" if self.decided else "needless_review"


COSTS = {
    "lost_notice": 100,
    "false_confirmation": 50,
    "forbidden_reply": 20,
    "wrong_alone": 10,
    "wrong_in_review": 1,
    "needless_review": 1,
}
"""What a mistake costs beside one mail that a person reads in vain: our estimate, not a measurement."""
WORSE = frozenset(COSTS) - {"needless_review"}
"""Mistakes in what a mail is or gets, beside those in how sure we are."""


def crossed(samples: Sequence[Sample], rulebook: Rulebook) -> list[Tried]:
    """Every sample decided by a model that was trained on the other folds."""
    tried: list[Tried] = []
    for learn, try_ in folds([sample.mail.main for sample in samples], FOLDS, seed=11):
        model = train([samples[at] for at in learn], rulebook)
        tried += decided([samples[at] for at in try_], rulebook, model)
    return sorted(tried, key=lambda each: each.name)


def decided(samples: Iterable[Sample], rulebook: Rulebook, model: Model) -> list[Tried]:
    """Samples as this model decides them."""
    types = {
        # The rules files' own were chosen on all mails, these among them.
        name: replace(each, answer_from=model.answer_from.get(name, each.answer_from))
        for name, each in rulebook.types.items()
    }
    book = replace(rulebook, model=model, types=types)
    return [_decided(sample, book) for sample in samples]


def _decided(sample: Sample, rulebook: Rulebook) -> Tried:
    message, label = sample.message, sample.mail.label
    understanding = understand(message, rulebook)
    context = context_without_world(message, new_ticket_no(message.letter, b"train"), (AUTHSERV_ID,), ())
    decision: Decision = decide(message, understanding, context, rulebook)
    asked = [request.type for request in understanding.requests]
    main = understanding.automatic or asked[0]
    sure = dict(understanding.chances)[main] if understanding.automatic else understanding.requests[0].confidence
    tried = Tried(
        name=sample.mail.name,
        source=sample.mail.source,
        right=sample.mail.main,
        found=main,
        confidence=sure,
        right_set=frozenset(label["intents"]) - {"no_action"},
        found_set=frozenset(asked) - {"no_action"},
        outcome=decision.outcome,
        template=decision.reply.template if decision.reply else "",
        reply_ok=bool(label["reply_ok"]),
        told=explain(message, understanding, decision),
    )
    return replace(tried, why=_why(sample, understanding, rulebook)) if tried.mistake in WORSE else tried


def _why(sample: Sample, understanding: Understanding, rulebook: Rulebook) -> str:
    """What spoke for what was found, what the right one had, and what makes the mail hard."""
    found = reasons(sample.message, understanding, rulebook)[0]
    spoke = [f"«{' '.join(span.text.split())}» {span.rule.replace('model/', 'model: ')}" for span in found.speaking[:3]]
    chance = dict(understanding.chances).get(sample.mail.main, 0.0)
    said = [", ".join(spoke) or "no words of it", f"{sample.mail.main} had {chance:.3f}"]
    return "; ".join([*said, *([f"labelled: {hard}"] if (hard := sample.mail.label.get("why")) else [])])


def figures(tried: Sequence[Tried]) -> dict[str, float]:
    """The figures of training/score.py, without fields and language."""
    alone = [each for each in tried if each.decided]
    right = sum(each.right == each.found for each in tried)
    labels = sorted({each.right for each in tried})
    automatic = _f1(
        [(each.right in AUTOMATIC, each.found in AUTOMATIC) for each in tried],
    )
    exact = sum(
        each.right_set == each.found_set and (each.right in AUTOMATIC) == (each.found in AUTOMATIC) for each in tried
    )
    harm = ("lost_notice", "false_confirmation", "forbidden_reply")
    return {
        "mails": len(tried),
        "main_accuracy": round(right / len(tried), 4),
        "macro_f1": round(sum(label_f1(tried, label) for label in labels) / len(labels), 4),
        "exact_sets": round(exact / len(tried), 4),
        "automatic_f1": round(automatic, 4),
        "coverage": round(len(alone) / len(tried), 4),
        "precision_when_decided": round(sum(e.right == e.found for e in alone) / max(1, len(alone)), 4),
        **{f"harm_{kind}": sum(each.mistake == kind for each in tried) for kind in harm},
    }


def alone(tried: Iterable[Tried]) -> dict[str, tuple[int, int]]:
    """For each label, how many mails were decided as it without a person, and how many of them rightly."""
    found: dict[str, tuple[int, int]] = {}
    for each in tried:
        if each.decided:
            count, right = found.get(each.found, (0, 0))
            found[each.found] = count + 1, right + (each.right == each.found)
    return dict(sorted(found.items()))


def label_f1(tried: Iterable[Tried], label: str) -> float:
    """The F1 of one main label."""
    return _f1([(each.right == label, each.found == label) for each in tried])


def _f1(pairs: Sequence[tuple[bool, bool]]) -> float:
    hits = sum(right and found for right, found in pairs)
    misses = sum(right != found for right, found in pairs)
    return 1.0 if hits + misses == 0 else 2 * hits / (2 * hits + misses)


def worse(new: Model, present: Model | None) -> str:
    """Why a new model is worse than the present one, in a sentence; empty if it is not."""
    if present is None or not present.figures:
        return ""
    for name in ("main_accuracy", "macro_f1", "precision_when_decided"):
        before, now = present.figures.get(name, 0.0), new.figures.get(name, 0.0)
        if now < before - TOLERANCE:
            return f"{name} is {now:.4f}, and {before:.4f} in the present model"
    return ""
