"""``processor rules``: a new type works at once, history tells who decided what, the schema says what the loader knows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processor.loading.schema import rules_schema, schema_text
from processor.loading.toml_lines import parse
from tests.cli.test_commands import ROOT, run
from tests.replay.past_store import CONFIG


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text("a key")
    (tmp_path / "config.toml").write_text(CONFIG)
    for name in ("rules", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_new_type_passes_check_at_once_and_its_examples_are_taken_for_it(here: Path) -> None:
    told = run("rules", "new", "training", "--title", "Opplæring", "--title-en", "Training", "--word", "kurs", cwd=here)
    assert (told.returncode, told.stderr) == (0, "")
    wants = [path.read_text() for path in sorted((here / "examples" / "training").glob("*.want"))]
    assert len(wants) == 2
    for want in wants:
        assert want.startswith("outcome: answer\n")
        assert "request: training\n" in want
        assert "reply: training/received (receipt) in nb" in want
    assert "rule: training/identified\n" in wants[0]
    assert "rule: training/unidentified\n" in wants[1]
    checked = run("check", cwd=here)
    assert checked.returncode == 0, checked.stderr
    assert "2 example mails" in checked.stdout
    assert (here / "rules" / "training.toml").read_text().startswith("#:schema ./rules.schema.json\n")
    assert (here / "rules" / "rules.schema.json").read_text() == schema_text()


def test_nothing_that_exists_is_overwritten(here: Path) -> None:
    told = run("rules", "new", "termination", cwd=here)
    assert told.returncode == 2
    assert "termination.toml exists; nothing was written." in told.stderr
    assert not (here / "examples").exists()


@pytest.mark.parametrize("wrong", [("Training",), ("training", "--word", "kurs.*"), ("training", "--title", '"x"')])
def test_a_name_or_word_that_would_not_be_taken_literally_is_refused(here: Path, wrong: tuple[str, ...]) -> None:
    assert run("rules", "new", *wrong, cwd=here).returncode == 2
    assert not (here / "rules" / "training.toml").exists()


def test_the_shipped_schema_is_the_one_that_the_command_prints() -> None:
    assert (ROOT / "docs" / "rules.schema.json").read_text(encoding="utf-8") == run("rules", "schema").stdout


@pytest.mark.parametrize("path", sorted((ROOT / "rules").glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_rules_file_fits_the_schema(path: Path) -> None:
    values, _, problems = parse(path)
    assert problems == []
    assert list(misfits(values, rules_schema(), path.stem)) == []


def test_the_schema_refuses_what_the_loader_refuses() -> None:
    right = parse(ROOT / "rules" / "otp_rights.toml")[0]
    schema = rules_schema()
    assert list(misfits({**right, "rnak": 1}, schema, "x")) == ["x: unknown rnak"]
    assert list(misfits({**right, "answer_from": 0.2}, schema, "x")) == ["x.answer_from: less than 0.5"]
    assert list(misfits({**right, "replies": {"otp_rights/received": "letter"}}, schema, "x"))
    assert list(misfits({**right, "row": [{"name": "Not so", "when": "true"}]}, schema, "x"))


def misfits(value: Any, schema: Mapping[str, Any], at: str) -> list[str]:
    """What does not fit a schema, by the few words of JSON Schema that ours uses."""
    import re

    kinds: dict[str, tuple[type, ...]] = {
        "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    }  # fmt: skip
    kind = schema.get("type")
    if kind and (not isinstance(value, kinds[kind]) or isinstance(value, bool) != (kind == "boolean")):
        return [f"{at}: no {kind}"]
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is none of {schema['enum']}")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{at}: less than {schema['minimum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at}: {value!r} is not {schema['pattern']}")
    if isinstance(value, list) and "items" in schema:
        found += [each for n, item in enumerate(value) for each in misfits(item, schema["items"], f"{at}[{n}]")]
    if isinstance(value, dict):
        found += [f"{at}: {key} is missing" for key in schema.get("required", ()) if key not in value]
        for key, item in value.items():
            known = schema.get("properties", {}).get(key, schema["additionalProperties"])
            found += [f"{at}: unknown {key}"] if known is False else misfits(item, known, f"{at}.{key}")
    return found


def test_history_as_json_is_one_object_a_version(here: Path) -> None:
    from processor.loading.configuration import load_config
    from processor.loading.rules import load_rulebook
    from processor.loading.versions import row_versions
    from processor.store.engine import open_store
    from processor.store.rules_seen import note_rules
    from tests.store.made import NOW, decision, recorded

    config = load_config(here / "config.toml")
    book = load_rulebook(config.rules_dir, config.templates_dir)
    engine = open_store(config.store_url)
    note_rules(engine, book.version, "m1", row_versions(book, config.templates_dir), "daemon", NOW)
    recorded(engine, 1, replace(decision(), rule="automatic/bounce", items=(), version=book.version))
    recorded(engine, 2, replace(decision(), rule="automatic/bounce", items=(), version="never noted"))
    engine.dispose()
    told = run("rules", "history", "termination/notice", "--json", cwd=here)
    (line,) = [json.loads(each) for each in told.stdout.splitlines()]
    assert (line["rule"], line["mails"], line["reply"]) == ("termination/notice", 0, "termination/received")
    assert "nothing yet" in run("rules", "history", "termination/notice", cwd=here).stdout
    heading, noted, old = run("rules", "history", "automatic/bounce", cwd=here).stdout.splitlines()
    assert (heading, old.split()[:2]) == ("automatic/bounce", ["built", "in"])
    assert noted.split()[0] == row_versions(book, config.templates_dir)["automatic/bounce"][0]
    assert noted.endswith("the program's own guard: headers, and [[bounce]] of data/automatic.toml")
    assert run("rules", "history", "nonesuch", cwd=here).stdout.startswith("No rule of that name")
