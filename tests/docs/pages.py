"""What the documentation shows to be typed: its code blocks, the commands in them, and those named within a sentence."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import typer

from processor.cli.main import app
from tests.shipped import ROOT

OPERATE = ROOT / "docs" / "operate"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "$ "
SCHEDULE = re.compile(r"([\d*/,-]+\s+){5}")
ENDS_A_COMMAND = {"&&", "||", ";", "|", "&", ">", ">>", "<"}


@dataclass(frozen=True)
class Command:
    """A command as the page shows it, without the prompt; ``place`` is file and line for who mends it."""

    text: str
    place: str


def blocks(page: Path, kind: str) -> list[str]:
    """The code blocks of one kind, in the page's order."""
    return [text for found, text in FENCE.findall(page.read_text(encoding="utf-8")) if found == kind]


def commands(page: Path) -> list[Command]:
    """All that is typed at a shell's prompt, and each line of a crontab, in the page's order."""
    text = page.read_text(encoding="utf-8")
    found: list[Command] = []
    for fence in FENCE.finditer(text):
        kind, block = fence.groups()
        first = text.count("\n", 0, fence.start(2)) + 1
        found += [
            Command(shown, f"{page.name}:{first + offset}")
            for offset, shown in {"console": _typed, "cron": _scheduled}.get(kind, _nothing)(block)
        ]
    return found


def _typed(block: str) -> list[tuple[int, str]]:
    """What stands behind a prompt, with the lines by which it goes on; not what the program says."""
    found: list[tuple[int, str]] = []
    for offset, line in enumerate(block.splitlines()):
        if line.startswith(PROMPT):
            found.append((offset, line.removeprefix(PROMPT)))
        elif found and found[-1][1].endswith("\\"):
            found[-1] = (found[-1][0], f"{found[-1][1]}\n{line}")
    return found


def _scheduled(block: str) -> list[tuple[int, str]]:
    """What cron hands to the shell: the line behind the five fields, with its escaped percent signs."""
    found = []
    for offset, line in enumerate(block.splitlines()):
        if re.match(r"\s*(#|$|[A-Z_]+=)", line):
            continue
        fields = SCHEDULE.match(line)
        assert fields, f"this is no line of a crontab: {line}"
        command = line[fields.end() :]
        assert not re.search(r"(?<!\\)%", command), f"cron ends the command at a bare %: {line}"
        found.append((offset, command.replace("\\%", "%")))
    return found


def _nothing(_: str) -> list[tuple[int, str]]:
    return []


def named(page: Path) -> list[Command]:
    """Commands of the program that a sentence or a table names between backticks."""
    text = FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), page.read_text(encoding="utf-8"))
    return [
        Command(found[1].replace("\n", " "), f"{page.name}:{text.count(chr(10), 0, found.start()) + 1}")
        for found in re.finditer(r"`((?:[\w./]*/)?processor [a-z][^`]*)`", text)
    ]


def unknown(command: str) -> list[str]:
    """Subcommands and options in it that the program does not have; [] where all are known, or none is the program's."""
    words = shlex.shlex(command.replace("\\\n", " "), posix=True, punctuation_chars="&|;<>")
    words.whitespace_split = True
    found: list[str] = []
    simple: list[str] = []
    for word in [*words, ";"]:
        if word in ENDS_A_COMMAND:
            found += _unknown(simple)
            simple = []
        else:
            simple.append(word)
    return found


def _unknown(words: list[str]) -> list[str]:
    words = words[3:] if words[:2] == ["sudo", "-u"] else words
    if not words or words[0].rpartition("/")[2] != "processor":
        return []
    at = program()
    for word in words[1:]:
        if word.startswith("-") and len(word) > 1:
            options = {each for parameter in at.params for each in parameter.opts + parameter.secondary_opts}
            if word.partition("=")[0] not in options | {"--help", "-h"}:
                return [f"{at.name} {word}"]
        elif (below := getattr(at, "commands", None)) is not None:
            if word not in below:
                return [f"{at.name} {word}"]
            at = below[word]
    return []


@cache
def program() -> Any:
    """The program's commands, as its help knows them."""
    return typer.main.get_command(app)
