"""The model's file: small, quick, and honest about damage."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

import pytest

from processor.loading.model import SHIPPED, file_of, load_model, version_of
from processor.loading.problems import Refused
from processor.loading.rules import load_rulebook
from processor.weights import of_rare_row

ROOT = Path(__file__).parents[2]


def test_the_shipped_model_is_small_and_loads_quickly() -> None:
    assert SHIPPED.stat().st_size < 5_000_000
    start = time.process_time()
    model, problems = load_model(SHIPPED)
    assert time.process_time() - start < 0.6  # 0.15 s alone on a core; other tests may run beside
    assert problems == []
    assert model is not None
    assert model.version
    assert model.data
    assert model.figures["main_accuracy"] > 0.8


def test_the_words_that_most_mails_hold_lie_first_and_the_file_has_all_as_before() -> None:
    model, _ = load_model(SHIPPED)
    assert model is not None
    rarities = [of_rare_row(row, len(model.labels))[0] for row in model.words.values()]
    assert rarities == sorted(rarities)
    written, shipped = (json.loads(gzip.decompress(each)) for each in (file_of(model), SHIPPED.read_bytes()))
    assert {**written, "version": ""} == {**shipped, "version": ""}


def test_it_knows_every_shipped_type_and_kind() -> None:
    book = load_rulebook(ROOT / "rules", ROOT / "templates")
    assert book.model is not None
    assert set(book.types) - {"general"} | {"auto_reply", "bounce", "bulk", "spam"} == set(book.model.labels)


def test_a_rules_file_may_only_raise_the_threshold() -> None:
    book = load_rulebook(ROOT / "rules", ROOT / "templates")
    bare = load_rulebook(ROOT / "rules", ROOT / "templates", (), None)
    assert book.model is not None
    for name, each in book.types.items():
        assert each.answer_from == max(bare.types[name].answer_from, book.model.answer_from.get(name, 0.0))


def test_a_missing_model_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="processor train"):
        load_rulebook(ROOT / "rules", ROOT / "templates", (), tmp_path / "model.json.gz")


@pytest.mark.parametrize("damage", ["cut", "garbage", "no gzip", "another number", "empty"])
def test_a_damaged_model_is_a_problem_and_says_what_to_run(damage: str, tmp_path: Path) -> None:
    whole = SHIPPED.read_bytes()
    values = json.loads(gzip.decompress(whole))
    values["bias"][0] += 1
    bytes_ = {
        "cut": whole[: len(whole) // 2],
        "garbage": gzip.compress(b"[1, 2"),
        "no gzip": b"not a model",
        "another number": gzip.compress(json.dumps(values).encode()),
        "empty": b"",
    }[damage]
    file = tmp_path / "model.json.gz"
    file.write_bytes(bytes_)
    model, problems = load_model(file)
    assert model is None
    assert len(problems) == 1
    assert "processor train" in str(problems[0])


@pytest.mark.parametrize("rarity", [0, -1, 1 << 30])
def test_a_word_of_no_rarity_or_beyond_measure_is_damage(rarity: int, tmp_path: Path) -> None:
    values = json.loads(gzip.decompress(SHIPPED.read_bytes()))
    values["rarity"][3] = rarity
    values = {"version": version_of(values), **{name: each for name, each in values.items() if name != "version"}}
    file = tmp_path / "model.json.gz"
    file.write_bytes(gzip.compress(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()))
    assert load_model(file)[0] is None
    assert "a word's rarity is beside all measure" in str(load_model(file)[1][0])
