"""docs/rules.md says what the loader knows, and the shipped rules lead editors to the schema."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from processor.loading.conditions import VARIABLES
from processor.loading.patterns import PATTERN_KEYS
from processor.loading.rows import ACTION_KEYS, ROW_KEYS
from processor.loading.rules import KEYS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


def variables() -> str:
    rows = [f"| `{each.name}` | {each.type} | {each.meaning} |" for each in VARIABLES]
    return "\n".join(["| name | is | means |", "| --- | --- | --- |", *rows])


def test_the_page_lists_every_variable_of_a_condition() -> None:
    found = re.search(r"<!-- variables -->\n\n(.*?)\n\n", PAGE, re.DOTALL)
    assert found
    assert found[1] == variables(), f"docs/rules.md must hold:\n{variables()}"


def test_the_page_explains_every_key_of_a_pattern() -> None:
    assert [key for key in PATTERN_KEYS if key != "name" and f"\n| `{key}` |" not in PAGE] == []


def test_the_page_names_every_key_of_a_rules_file() -> None:
    known = {*KEYS, *ROW_KEYS, *ACTION_KEYS} - {"name", "kind"}
    assert sorted(key for key in known if not re.search(rf"`{key}\b|^{key} =|\[{key}\]", PAGE, re.MULTILINE)) == []


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_every_piece_of_a_rules_file_on_the_page_is_toml(block: str) -> None:
    assert tomllib.loads(block)


@pytest.mark.parametrize("path", sorted((ROOT / "rules").glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_rules_file_leads_an_editor_to_the_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("#:schema ")
    assert (path.parent / first.removeprefix("#:schema ")).resolve() == ROOT / "docs" / "rules.schema.json"
