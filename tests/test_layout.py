"""The architecture as a test: who may import whom, one importer a package, no clock in the pure rooms."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "processor"
FILES = sorted(ROOT.rglob("*.py"))

# Each room may import the plain values, itself, and these.
VALUES = {
    "message",
    "findings",
    "contract",
    "lookup",
    "likeness",
    "provenance",
    "gate",
    "scan",
    "needles",
    "rulebook",
    "ticket",
    "config",
    "consent",
    "alarm",
    "mail_servers",
    "presets",
    "letter",
    "masking",
    "ciphers",
    "weights",
    "spellings",
}
ALLOWED = {
    "message": set(),
    "findings": set(),
    "contract": set(),
    "lookup": set(),
    "likeness": set(),
    "provenance": set(),
    "gate": set(),
    "scan": set(),
    "needles": set(),
    "rulebook": {"contract", "needles", "spellings"},
    "ticket": {"contract", "findings", "lookup", "provenance", "rulebook", "scan"},
    "consent": set(),
    "alarm": set(),
    "mail_servers": set(),
    "config": {"alarm", "mail_servers", "provenance", "ticket"},
    "presets": {"mail_servers"},
    "letter": set(),
    "masking": {"message"},
    "ciphers": set(),
    "weights": set(),
    "spellings": set(),
    "journal": {"masking"},
    "reading": VALUES,
    "understanding": VALUES,
    "deciding": VALUES,
    "extracting": VALUES,
    "pipeline": VALUES | {"reading", "extracting", "understanding", "deciding"},
    "loading": VALUES,
    "world": VALUES | {"extracting"},
    "store": VALUES,
    "steps": VALUES | {"pipeline", "extracting", "deciding", "store", "world", "journal", "loading"},
    "replay": VALUES | {"steps", "store", "world", "loading", "pipeline"},
    "moving": VALUES | {"store", "world", "loading", "pipeline", "deciding", "understanding", "extracting"},
    "watch": VALUES | {"store", "journal"},
    "alarms": VALUES | {"steps", "store", "world", "journal"},
    "evidence": VALUES | {"store"},
    "desk": VALUES | {"store", "steps", "loading", "pipeline", "deciding", "journal"},
    "daemon": VALUES | {"steps", "store", "world", "journal", "watch", "alarms"},
    "single_pass": VALUES | {"steps", "store", "world", "journal", "daemon", "alarms"},
    "demo": VALUES | {"steps", "store", "world", "journal", "loading", "daemon", "deciding"},
    "cli": VALUES
    | {"steps", "store", "world", "journal", "loading", "daemon", "pipeline", "extracting", "form"}
    | {"deciding", "demo", "training", "replay", "evidence", "single_pass", "desk", "moving", "alarms"},
    "form": set(),
    "training": VALUES | {"pipeline", "reading", "extracting", "understanding", "deciding", "loading"},
    "__main__": {"cli"},
}
PURE = ("reading", "extracting", "understanding", "deciding", "pipeline")
IMPURE_MODULES = {
    "time",
    "os",
    "socket",
    "subprocess",
    "random",
    "logging",
    "threading",
    "pathlib",
    "io.open",
    "secrets",
}
IMPURE_CALLS = {"now", "today", "utcnow", "open"}
# pypdf logs the text of strangers' forms; its reader keeps it quiet.
EXCUSED = {"pdf.py": {"logging"}}
# SQLAlchemy's types and the terminal have rooms of their own.
ROOM_OF = {
    "sqlalchemy": {"store", "moving", "steps", "alarms", "cli", "daemon", "single_pass", "watch", "demo", "desk"},
    "typer": {"cli"},
    "rich": {"cli"},
    "starlette": {"desk"},
    "markupsafe": {"desk"},
    "jinja2": {"loading", "desk"},
    "sqlmodel": {"store"},
    "alembic": {"store"},
    # Token servers are asked by what we sign, and providers of single sign-on tell by what they sign.
    "joserfc": {"world"},
}


def room(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names if node.module == "processor")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downwards(path: Path) -> None:
    here = room(path)
    if here == "__init__":
        return
    theirs = {name.split(".")[1] for name in imports(path) if name.startswith("processor.")} - {"__version__"}
    assert theirs - {here} <= ALLOWED[here], f"{path} imports {sorted(theirs - {here} - ALLOWED[here])}"


def test_each_third_party_package_has_one_importer() -> None:
    ours = {"processor", "__future__"}

    importers: dict[str, set[str]] = defaultdict(set)
    for path in FILES:
        for name in imports(path):
            package = name.split(".")[0]
            if package not in ours and package not in sys.stdlib_module_names:
                importers[package].add(str(path.relative_to(ROOT)))
    for package, places in importers.items():
        if package in ROOM_OF:
            assert {place.split("/")[0].removesuffix(".py") for place in places} <= ROOM_OF[package], (package, places)
        else:
            assert len(places) == 1, (package, sorted(places))


@pytest.mark.parametrize(
    "path", [each for each in FILES if room(each) in PURE], ids=lambda path: str(path.relative_to(ROOT))
)
def test_reading_understanding_and_deciding_know_no_clock_and_no_world(path: Path) -> None:
    impure = {name for name in imports(path) if name.split(".")[0] in IMPURE_MODULES}
    assert impure <= EXCUSED.get(path.name, set())
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            # A member of an archive in memory is opened by its method: only the bare word opens a file.
            method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            called = getattr(node.func, "id", method if method != "open" else "")
            assert called not in IMPURE_CALLS, f"{path}:{node.lineno} calls {called}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_long_and_no_name_is_empty(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 310
    assert path.stem not in {"utils", "helpers", "common", "base", "manager", "service", "handler", "types"}


def test_no_two_files_of_tests_have_one_name() -> None:
    # Outside packages pytest knows a file by its name alone, and a second one of that name ends the whole run.
    found = defaultdict(list)
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        if not (path.parent / "__init__.py").exists():
            found[path.name].append(str(path.relative_to(ROOT.parent)))
    assert [paths for paths in found.values() if len(paths) > 1] == []
