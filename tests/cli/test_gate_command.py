"""``processor queue gate``: staff see whom to call, note the call, and close what was handled outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert
from typer.testing import CliRunner

from processor.cli.main import app
from processor.gate import CLEAR, CUSTOMER, GATE
from processor.store import tables as t
from processor.store.engine import open_store
from processor.store.people import add_person
from processor.store.transaction import writing
from tests.cli.test_queue_command import CONFIG
from tests.store.made import action, column, decision, recorded


@dataclass
class Gate:
    """The command over a store with one request for rights."""

    folder: Path
    engine: Engine
    secrets: dict[str, str]

    def run(self, *words: str, by: str = "") -> str:
        who = ["--as", by, "--secret", self.secrets[by]] if by else []
        return CliRunner().invoke(app, ["queue", *words, *who, "--config", str(self.folder / "config.toml")]).output


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    (tmp_path / "key").write_text("a key for tests only")
    (tmp_path / "config.toml").write_text(CONFIG)
    engine = open_store(f"sqlite:///{tmp_path}/var/processor.db")
    now = datetime.now(UTC)
    secrets = {name: add_person(engine, name, now) for name in ("Kari", "Ola")}
    asked = replace(action("two_staff", "grant_otp_rights"), facts={GATE: CLEAR, CUSTOMER: "100042"})
    recorded(engine, 1, decision(None, [asked]))
    yield Gate(tmp_path, engine, secrets)
    engine.dispose()


def test_the_number_to_call_is_shown_and_the_call_opens_the_first_approval(gate: Gate) -> None:
    assert "no number in the register" in gate.run("gate", "whom", "a1")
    assert "no number to call customer 100042 back" in gate.run("approve", "a1", by="Kari")
    row = {"customer_no": "100042", "product": "Visma Global", "name": "Fjord Bygg AS", "phone": "+4722123456"}
    with writing(gate.engine) as conn:
        conn.execute(insert(t.contract).values(**row, contacts="leder@fjordbygg-demo.no"))
    shown = gate.run("gate", "whom", "a1")
    assert "call      +4722123456" in shown
    assert "told      leder@fjordbygg-demo.no" in shown
    assert "Noted" in gate.run("gate", "called", "a1", "--said", "Daglig leder, ja", by="Kari")
    assert "one more person must approve" in gate.run("approve", "a1", by="Kari")
    assert "not told yet" in gate.run("approve", "a1", by="Ola")


def test_two_people_close_it_as_handled_outside(gate: Gate) -> None:
    assert "second, different person" in gate.run("gate", "outside", "a1", "--reason", "Møtte opp", by="Kari")
    assert "Rejected" in gate.run("gate", "outside", "a1", "--reason", "Møtte opp", by="Ola")
    assert column(gate.engine, t.action.c.reason) == ["handled outside, by Kari and Ola: Møtte opp"]


def test_the_waiting_time_is_shown_and_set_within_bounds(gate: Gate) -> None:
    assert gate.run("gate", "wait") == "4 hours.\n"
    assert gate.run("gate", "wait", "24") == "24 hours.\n"
    assert "1 to 720" in gate.run("gate", "wait", "0")
    assert gate.run("gate", "wait") == "24 hours.\n"


def test_what_is_no_action_behind_the_gate_is_told(gate: Gate) -> None:
    assert "no such action" in gate.run("gate", "whom", "a9")
    assert "before actions" in gate.run("gate", "whom", "r1")
