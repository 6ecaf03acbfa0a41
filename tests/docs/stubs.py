"""What the sandbox has in the place of programs that would change this machine: they look at what they are given.

Each is given the arguments and the working directory, and says what is wrong with them, "" for nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.shipped import ROOT

Look = Callable[[Sequence[str], Path], str]


def _make(words: Sequence[str], _: Path) -> str:
    """Whether our Makefile has the target; nothing is made."""
    target = words[-1]
    told = subprocess.run(["make", "-n", "-C", str(ROOT), target], capture_output=True, text=True, check=False)
    return "" if told.returncode == 0 else told.stderr


def _git(words: Sequence[str], _: Path) -> str:
    rest = list(words[2:]) if words[:1] == ["-C"] else list(words)
    known = {"pull": ["--ff-only"], "rev-parse": ["HEAD"], "checkout": ["--detach"]}
    return "" if rest and rest[1:2] == known.get(rest[0]) else f"unknown: {words}"


def _one_of(*verbs: str) -> Look:
    return lambda words, _: "" if words and words[0] in verbs else f"unknown: {words}"


def _needs(pattern: str) -> Look:
    return lambda words, _: "" if re.fullmatch(pattern, " ".join(words), re.DOTALL) else f"unknown: {words}"


def _extra(words: Sequence[str], _: Path) -> str:
    """pip: what is asked for is among our dependencies, or is a package of ours with an extra that there is."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.fullmatch(r"install (?:-r )?(\S+)", " ".join(words))
    return "" if found and f'"{re.sub(r"[<>=].*", "", found[1])}' in project else f"unknown: {words}"


STUBS: dict[str, Look] = {
    "make": _make,
    "git": _git,
    "pip": _extra,
    "crontab": _needs("-e|-l"),
    "journalctl": _needs(r"-u processor(-backup)?( -n \d+)?"),
    "systemd-analyze": _needs("security processor"),
    "useradd": _needs(r"--system --home-dir \S+ --shell \S+ processor"),
    "chown": _needs(r"(-R )?(processor:(processor)?|10001:10001) \S+"),
    "createuser": _needs(r"\w+ --pwprompt"),
    "createdb": _needs(r"processor --owner=processor --encoding=UTF8 --template=template0"),
    "psql": _needs(r"(processor )?(-c .+)+"),
    "edit": _needs(r"\S+"),
}


def podman(words: Sequence[str], cwd: Path) -> tuple[str, list[str], str]:
    """What is to be done ("run", "start", "stop" or "" for nothing), with which words, and what is wrong."""
    match list(words):
        case ["build", "-f", file, "-t", "processor", "."]:
            return "", [], "" if (cwd / file).is_file() else f"no {file} in {cwd}"
        case ["exec", "processor", "processor", *rest]:
            return "run", rest, ""
        case ["stop", *_, "processor"]:
            return "stop", [], ""
        case ["logs", *_, "processor"] | ["cp", *_]:
            return "", [], ""
        case ["run", *rest]:
            return _container(rest)
    return "", [], f"unknown: {list(words)}"


WITH_VALUE = {"-v", "-p", "--name", "--restart", "--tmpfs", "--user"}
WITHOUT = {"-d", "--rm", "-it", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges"}


def _container(words: list[str]) -> tuple[str, list[str], str]:
    options = set()
    while words and words[0].startswith("-"):
        option = words.pop(0)
        options.add(option)
        if option in WITH_VALUE:
            words.pop(0)
        elif option not in WITHOUT:
            return "", [], f"unknown option {option}"
    image, *rest = words or [""]
    if image != "processor":
        return "", [], f"no image {image}"
    return ("start" if "-d" in options else "run"), rest, ""


def credentials(lines: Sequence[str], into: Path, here: Callable[[str], str]) -> str:
    """Copy the files that ``LoadCredential`` lines name, as systemd does; the folder of the copies."""
    into.mkdir(exist_ok=True)
    for line in lines:
        if found := re.fullmatch(r"LoadCredential=(\w+):(\S+)", line):
            shutil.copy(here(found[2]), into / found[1])
    return str(into)
