"""From which confidence on a type is answered alone stands in its rules file, where people read it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from processor.loading.model import SHIPPED, load_model
from processor.loading.thresholds import write_thresholds

ROOT = Path(__file__).parent.parent.parent
RULES = """# Why: nobody waits.
title = { nb = "X" }
answer_from = 0.9   # chosen by hand

[replies]
"x/received" = "receipt"
[[row]]
answer_from = 0.1
"""


def test_a_threshold_is_written_where_it_stood_and_nothing_else_is_touched(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(RULES)
    (tmp_path / "y.toml").write_text("title = 3\n")
    said = list(write_thresholds(tmp_path, {"x": 0.9731, "y": 0.5, "bounce": 0.99}))
    assert said == ["x.toml: answer_from 0.9 -> 0.9731"]
    assert (tmp_path / "x.toml").read_text() == RULES.replace("answer_from = 0.9 ", "answer_from = 0.9731 ")
    assert (tmp_path / "y.toml").read_text() == "title = 3\n"
    assert list(write_thresholds(tmp_path, {"x": 0.9731})) == []


@pytest.mark.parametrize("path", sorted((ROOT / "rules").glob("*.toml")), ids=lambda path: path.stem)
def test_the_shipped_rules_tell_from_when_on_the_shipped_model_answers(path: Path) -> None:
    model = load_model(SHIPPED)[0]
    assert model is not None
    told = tomllib.loads(path.read_text(encoding="utf-8"))["answer_from"]
    assert told >= model.answer_from.get(path.stem, 0.0)
