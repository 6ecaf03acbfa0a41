"""The slow steps: events are sealed whatever happens, and retention goes through the store once a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from processor.steps.upkeep import retain, seal
from processor.store import tables as t
from processor.store.engine import open_store
from processor.store.seals import last_seal
from tests.store.made import NOW, count, decision, recorded


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_store(f"sqlite:///{tmp_path}/store.db")
    yield opened
    opened.dispose()


def test_what_was_recorded_is_sealed(engine: Engine) -> None:
    recorded(engine)
    seal(engine, NOW)
    assert last_seal(engine).last_event == count(engine, t.event)


def test_a_chain_that_cannot_be_written_is_told_and_stops_nothing(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    recorded(engine)
    with engine.begin() as conn:
        conn.execute(text("ALTER TABLE seal RENAME TO gone"))
    seal(engine, NOW)
    assert "step failed" in caplog.messages


def test_retention_looks_once_a_day_and_not_at_every_pass(engine: Engine) -> None:
    automatic = replace(decision(None, outcome="ignore"), items=())
    recorded(engine, 1, automatic)
    night = NOW + timedelta(days=31)
    assert retain(engine, night) == 1
    recorded(engine, 2, automatic)
    assert retain(engine, night + timedelta(hours=5)) == 0
    assert count(engine, t.raw_mail) == 1
    assert retain(engine, night + timedelta(days=1)) == 1
    assert count(engine, t.raw_mail) == 0
