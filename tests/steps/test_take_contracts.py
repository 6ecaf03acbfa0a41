"""The register taken by the clock: when the file has changed, and never from a faulty or a cut one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from processor.config import Config
from processor.steps.contracts import take_contracts
from processor.store.contracts import contracts_of, count_contracts, last_imports
from processor.store.engine import open_store

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
HEAD = "customer_no;org_no;name;product;type;signed\n"


def lines(first: int, count: int, name: str = "Vik") -> str:
    return "".join(f"{number};;{name} {number};Visma Global;A;\n" for number in range(first, first + count))


@dataclass
class Place:
    engine: Engine
    config: Config
    file: Path

    def take(self, text: str) -> bool:
        self.file.write_text(HEAD + text, encoding="utf-8")
        return take_contracts(self.engine, self.config, NOW)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    file = tmp_path / "contracts.csv"
    config = Config(
        tmp_path / "config.toml", "", b"key", ROOT / "rules", ROOT / "templates", (), None, contracts_path=file
    )
    engine = open_store(f"sqlite:///{tmp_path}/room/store.db")
    yield Place(engine, config, file)
    engine.dispose()


def test_a_file_is_taken_once_until_its_bytes_change(place: Place) -> None:
    assert place.take(lines(1, 3))
    assert count_contracts(place.engine) == 3
    assert not place.take(lines(1, 3))
    assert place.take(lines(1, 4))
    assert count_contracts(place.engine) == 4


def test_a_faulty_file_changes_nothing_and_is_told_once(place: Place) -> None:
    place.take(lines(1, 3))
    assert place.take(lines(1, 5) + "6;1;X;Visma Global;Q;\n1;;Vik 1;Visma Global;A;\n")
    assert count_contracts(place.engine) == 3
    _, refused = last_imports(place.engine)
    assert refused is not None
    assert [each.split(": ")[0] for each in refused.problems] == [
        "contracts.csv:7",
        "contracts.csv:7",
        "contracts.csv:8",
    ]
    assert not take_contracts(place.engine, place.config, NOW)
    assert place.take(lines(1, 5))
    assert last_imports(place.engine)[1] is None


def test_a_file_that_is_away_is_told_once_and_leaves_the_register(place: Place) -> None:
    place.take(lines(1, 3))
    place.file.unlink()
    take_contracts(place.engine, place.config, NOW)
    take_contracts(place.engine, place.config, NOW)
    assert count_contracts(place.engine) == 3
    refused = last_imports(place.engine)[1]
    assert refused is not None
    assert "cannot be read" in refused.problems[0]


def test_a_file_that_was_cut_short_waits_for_a_person(place: Place) -> None:
    place.take(lines(1, 300))
    assert place.take(lines(1, 100))
    assert count_contracts(place.engine) == 300
    refused = last_imports(place.engine)[1]
    assert refused is not None
    assert "would end 200 contracts and leave 100" in refused.problems[0]
    assert place.take(lines(1, 280))
    assert count_contracts(place.engine) == 280


def test_a_changed_name_is_taken(place: Place) -> None:
    place.take(lines(1, 1))
    place.take(lines(1, 1, "Ås"))
    assert [each.name for each in contracts_of(place.engine, "1")] == ["Ås 1"]
