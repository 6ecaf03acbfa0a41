"""The bench's made-up register is one that the import takes: it broke unseen when the register got two columns."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from processor.loading.contracts import load_register_words, open_contracts
from tests.bench.contracts import register
from tests.shipped import ROOT


def test_the_benchs_register_is_taken_without_a_problem(tmp_path: Path) -> None:
    register(tmp_path / "contracts.csv", 9)
    opened = open_contracts(tmp_path / "contracts.csv", load_register_words(ROOT / "rules"), date(2026, 11, 26))
    rows = list(opened.rows())
    assert (len(rows), opened.problems) == (9, [])
