"""Training: the same mails give the same bytes, and what is learned is what is run."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from processor.loading.model import file_of, load_model
from processor.loading.problems import Refused
from processor.loading.rules import load_rulebook
from processor.rulebook import Rulebook
from processor.training.dataset import Sample, digest, labelled, samples
from processor.training.measure import COSTS, WORSE, alone, decided, figures, worse
from processor.training.pace import pace
from processor.training.report import plot, report
from processor.training.thresholds import Judged, lower_bound, threshold
from processor.training.train import learn_languages, learn_words, train
from processor.understanding.language import LANGUAGES
from processor.understanding.model import logits, vector
from processor.weights import packed, unpacked
from tests.extracting.made_files import in_process

ROOT = Path(__file__).parents[2]
LABELS = ("termination", "invoice_question", "elma_register", "otp_code", "auto_reply")


@cache
def rulebook() -> Rulebook:
    return load_rulebook(ROOT / "rules", ROOT / "templates", (), None)


@cache
def small() -> tuple[Sample, ...]:
    """A dozen mails of each of five labels."""
    kept: dict[str, list[Sample]] = {label: [] for label in LABELS}
    mails = labelled([ROOT / "training" / "mails_c.jsonl", ROOT / "training" / "mails_e.jsonl"])
    for mail in mails:
        if mail.main in kept and len(kept[mail.main]) < 12 and mail.present <= set(LABELS):
            kept[mail.main] += samples([mail], rulebook(), in_process)
    return tuple(sample for group in kept.values() for sample in group)


def trained() -> str:
    """The digest of the small model's bytes."""
    mails = [sample.mail for sample in small()]
    return hashlib.sha256(file_of(train(small(), rulebook(), digest(mails)))).hexdigest()


def test_the_same_mails_give_the_same_bytes_in_another_process() -> None:
    command = [sys.executable, "-c", "from tests.training.test_train import trained; print(trained())"]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == trained()


def test_a_written_model_is_read_back_as_it_was(tmp_path: Path) -> None:
    model = replace(train(small(), rulebook(), "d"), shown={"termination": (124, 123)})
    file = tmp_path / "model.json.gz"
    file.write_bytes(file_of(model))
    read, problems = load_model(file)
    assert problems == []
    assert read is not None
    assert (read.words, read.join, read.bias) == (model.words, model.join, model.bias)
    assert (read.beside, read.second, read.first) == (model.beside, model.second, model.first)
    assert (read.labels, read.answer_from, read.data) == (model.labels, model.answer_from, "d")
    assert read.shown == {"termination": (124, 123)}


def test_words_of_a_label_speak_for_it() -> None:
    model = learn_words(small(), LABELS).model()
    notice, nothing = (logits(model, vector(model, said)) for said in ({"w:sier": 1, "w:opp": 1}, {}))
    gained = {label: notice[label] - nothing[label] for label in LABELS}
    assert max(gained, key=lambda label: gained[label]) == "termination"


def test_a_small_model_decides_most_of_what_it_learned() -> None:
    tried = decided(small(), rulebook(), train(small(), rulebook()))
    assert figures(tried)["main_accuracy"] > 0.6  # by chance: a fifth
    assert "Confusion" in report(tried, {}, 3)
    assert plot(tried).startswith("<svg")
    assert {each.mistake for each in tried} <= {*COSTS, ""}
    counts = alone(tried)
    assert sum(count for count, _ in counts.values()) == sum(each.decided for each in tried) > 0
    assert all(0 <= right <= count for count, right in counts.values())


def test_every_mistake_says_why_and_what_is_right_does_not() -> None:
    tried = decided(small(), rulebook(), train(small()[::2], rulebook()))
    wrong = [each for each in tried if each.mistake in WORSE]
    assert wrong
    assert all(f"{each.right} had 0." in each.why and "labelled: " in each.why for each in wrong)
    assert all(each.why == "" for each in tried if not each.mistake)
    told = report(tried, {}, 2).split("The worst of ")[1]
    assert told.startswith(f"{len(wrong)} mistakes, and why:")
    assert len(told.splitlines()) == 1 + 2 * min(2, len(wrong))
    assert wrong[0].told["decision"]["outcome"] == wrong[0].outcome


def test_the_calibration_is_drawn_where_both_meet() -> None:
    lines = report(decided(small(), rulebook(), train(small(), rulebook())), {}).splitlines()
    drawn = [line for line in lines if "···" in line]
    assert drawn
    assert all(("|" in line and "o" in line) or "ø" in line for line in drawn)


def test_each_stage_is_timed() -> None:
    told = list(pace(small()[:3], rulebook()))
    assert [line.split()[0] for line in told] == ["ms", "reading", "understanding", "deciding", "reading"]
    assert all(float(line.split()[1]) > 0 for line in told[1:3])


def test_the_digest_tells_other_mails_and_not_another_order() -> None:
    mails = [sample.mail for sample in small()]
    assert digest(mails) == digest(mails[::-1])
    assert digest(mails) != digest(mails[1:])


def test_languages_are_learned_and_kept_in_the_file(tmp_path: Path) -> None:
    every = labelled([ROOT / "training" / "mails_c.jsonl"])
    mails = [next(mail for mail in every if mail.label["lang"] == language) for language in LANGUAGES]
    model = learn_languages(
        train(small(), rulebook()), samples(mails * 3, rulebook(), in_process), rulebook().vocabulary
    )
    (tmp_path / "model").write_bytes(file_of(model))
    kept, problems = load_model(tmp_path / "model")
    assert kept is not None
    assert not problems
    assert (kept.languages, kept.language_bias) == (model.languages, model.language_bias)
    assert all(packed([unpacked(row, len(LANGUAGES))]) == [row] for row in kept.languages.values())
    assert {name[:2] for name in kept.languages} == {"w:", "c:", "l:"}


def test_a_worse_model_says_in_what() -> None:
    model = train(small(), rulebook())
    good, bad = (replace(model, figures={"main_accuracy": accuracy}) for accuracy in (0.95, 0.9))
    assert "main_accuracy" in worse(bad, good)
    assert worse(good, bad) == ""
    assert worse(bad, None) == ""


def test_a_line_that_is_no_mail_is_told_with_its_number(tmp_path: Path) -> None:
    file = tmp_path / "mails.jsonl"
    good = (ROOT / "training" / "mails_c.jsonl").read_text(encoding="utf-8").splitlines()[0]
    file.write_text(good + "\n" + json.dumps({"id": "x"}) + "\nno json\n", encoding="utf-8")
    with pytest.raises(Refused) as refused:
        labelled([file])
    assert [problem.line for problem in refused.value.problems] == [2, 3]


def test_corrected_real_mails_are_read_beside_their_labels(tmp_path: Path) -> None:
    label = {"id": "m1", "intents": ["termination"], "auto": None}
    (tmp_path / "labels.jsonl").write_text(json.dumps(label) + "\n", encoding="utf-8")
    (tmp_path / "m1.eml").write_bytes(b"Subject: Oppsigelse\r\n\r\nVi sier opp.\r\n")
    (mail,) = labelled([tmp_path])
    assert (mail.main, mail.raw[:7], mail.source) == ("termination", b"Subject", tmp_path.name)


def test_a_threshold_lies_above_the_mistakes_it_may_not_make() -> None:
    right = [Judged("", "a", "a", 0.9 + n / 1000) for n in range(90)]
    assert threshold([Judged("", "b", "a", 0.93)] * 2 + right, 0.98) > 0.93
    assert threshold([Judged("", "b", "a", 0.95 + n / 1000) for n in range(20)] + right, 0.98) == pytest.approx(0.98)


def test_a_threshold_is_never_far_below_its_promise() -> None:
    right = [Judged("", "a", "a", 0.2 + n / 1000) for n in range(700)]
    assert threshold(right, 0.98) == pytest.approx(0.92)


def test_the_lower_bound_is_clopper_and_pearsons() -> None:
    assert lower_bound(124, 124) == pytest.approx(0.9761, abs=0.0005)
    assert lower_bound(0, 5) == 0.0
    assert lower_bound(45, 50) == pytest.approx(0.8012, abs=0.0005)
