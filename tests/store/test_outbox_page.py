"""The outbox's states: one table, by which the program goes, the page tells, the picture is drawn and the laws check."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from processor.store import tables as t
from processor.store.transaction import writing
from processor.store.transitions import TRANSITIONS, move
from processor.ticket import OutboxState
from tests.simulator.moves import REPLY_MOVES
from tests.store.made import NOW, outbox_states, recorded

ROOT = Path(__file__).parent.parent.parent
RESTORING = {("draft", "held"), ("held", "held"), ("held", "draft")}


def told() -> dict[str, tuple[tuple[str, ...], str]]:
    """The moves as docs/outbox.md has them."""
    lines = (ROOT / "docs" / "outbox.md").read_text(encoding="utf-8").split("## The moves")[1].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return {name: (tuple(sources.split(", ")), target) for name, sources, target, *_ in cells[2:]}


def test_the_page_tells_every_move_and_no_other() -> None:
    moves = {name: (tuple(s.value for s in each.sources), each.target.value) for name, each in TRANSITIONS.items()}
    assert told() == moves


def test_the_page_tells_every_state() -> None:
    page = (ROOT / "docs" / "outbox.md").read_text(encoding="utf-8")
    assert all(f"\n| {state.value} |" in page for state in OutboxState)


def test_the_picture_is_drawn_from_the_table_as_it_is() -> None:
    drawing = runpy.run_path(str(ROOT / "docs" / "outbox.py"))["drawing"]()
    assert (ROOT / "docs" / "outbox.svg").read_text(encoding="utf-8") == drawing, "run: python docs/outbox.py"


def test_the_simulators_laws_allow_what_the_table_allows() -> None:
    table = {(s.value, each.target.value) for each in TRANSITIONS.values() for s in each.sources}
    laws = {(old, new) for old, ends in REPLY_MOVES.items() if old for new in ends.split()}
    assert laws == table - RESTORING | {("retry", "retry")}


@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_move_is_made_from_its_states_alone(engine: Engine, name: str) -> None:
    outbox_id = recorded(engine).outbox_id
    assert outbox_id
    for state in OutboxState:
        with writing(engine) as conn:
            conn.execute(update(t.outbox).values(state=state.value))
            possible = state in TRANSITIONS[name].sources
            assert move(conn, name, outbox_id, "a test", NOW) == possible
        assert outbox_states(engine)[0][0] == (TRANSITIONS[name].target if possible else state).value


def test_no_other_module_writes_a_reply_s_state() -> None:
    """An update of the outbox that sets ``state`` must go by the table, in the two modules that look at it."""
    writers = set()
    for path in (ROOT / "processor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "values" and _of_outbox(node):
                given = {each.arg for each in node.keywords} | {
                    getattr(key, "value", "") for each in node.args if isinstance(each, ast.Dict) for key in each.keys
                }
                if "state" in given:
                    writers.add(path.name)
    assert writers == {"transitions.py", "sending.py"}


def _of_outbox(node: ast.AST) -> bool:
    return any(
        isinstance(each, ast.Call)
        and getattr(each.func, "id", "") == "update"
        and any(getattr(one, "attr", "") == "outbox" for one in each.args)
        for each in ast.walk(node)
    )
