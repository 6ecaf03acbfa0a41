"""Whatever acts at the desk has its command: docs/commands.md is the table, and a page that is not in it fails here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from processor.cli.main import app
from processor.desk.routes import ROUTES

PAGE = Path(__file__).parent.parent.parent / "docs" / "commands.md"
ROW = re.compile(r"\| `(/[^`]*)` \| (.+) \|")
COMMAND = re.compile(r"`processor ([a-z -]+)`")
ACTING = [each.path for each in ROUTES if each.method == "POST"]


def table() -> list[tuple[str, str]]:
    """Each page that acts, with what the table says of it."""
    return [
        (found[1], found[2]) for line in PAGE.read_text(encoding="utf-8").splitlines() if (found := ROW.match(line))
    ]


def commands() -> Iterator[tuple[str, str]]:
    """Each page with each of its commands."""
    for path, said in table():
        if not said.startswith("none: "):
            yield from ((path, found) for found in COMMAND.findall(said))


def command(words: str) -> Any:
    """The command of these words; KeyError for none."""
    found: Any = get_command(app)
    for each in words.split():
        found = found.commands[each]
    return found


def test_every_page_that_acts_stands_in_the_table_once() -> None:
    told = [path for path, _ in table()]
    assert sorted(told) == sorted(set(ACTING)), "a page that acts needs a command, and a row in docs/commands.md"


def test_every_page_has_a_command_or_the_reason_why_it_can_have_none() -> None:
    with_command = {path for path, _ in commands()}
    for path, said in table():
        assert path in with_command or re.fullmatch(r"none: .{30,}", said), path
    # Only what belongs to a browser has none.
    without = {
        path for path in set(ACTING) - with_command if not path.startswith(("/sign-", "/link/", "/account/second"))
    }
    assert without == {"/mail/{mail}/html", "/queue/view", "/queue/view/drop"}


@pytest.mark.parametrize("words", sorted({words for _, words in commands()}))
def test_each_command_is_there_and_its_help_has_an_example(words: str) -> None:
    assert f"Example: processor {words} " in (command(words).help or "")


def test_a_command_that_is_not_there_would_be_found_out() -> None:
    with pytest.raises(KeyError):
        command("queue nonsense")
