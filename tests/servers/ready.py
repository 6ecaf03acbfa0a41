"""The program, imported and waiting: a test's command is a fork of it and begins at once.

A command's first second goes into imports and regular expressions, and the suite runs many hundred commands.
``run`` gives what ``subprocess.run`` gives; with PROCESSOR_TESTS_FRESH set, or where the environment asks for
another PYTHONPATH, it starts the program afresh, as an operator does.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO

from processor.rulebook import Rulebook

ROOT = Path(__file__).parent.parent.parent
LONGEST = 120
_LINE: list[socket.socket] = []


def run(arguments: list[str], cwd: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``processor`` with these arguments and say what it wrote and how it ended."""
    command = [sys.executable, "-m", "processor", *arguments]
    if os.environ.get("PROCESSOR_TESTS_FRESH") or environment.get("PYTHONPATH", str(ROOT)) != str(ROOT):
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=LONGEST, env=environment)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        line = _line()
        asked = json.dumps({"arguments": arguments, "cwd": str(cwd), "environment": dict(environment)}).encode()
        socket.send_fds(line, [len(asked).to_bytes(4, "big")], [out.fileno(), err.fileno()])
        line.sendall(asked)
        told = line.recv(4)
        if len(told) < 4:
            raise RuntimeError("the waiting program is gone")
        status = int.from_bytes(told, "big", signed=True)
        return subprocess.CompletedProcess(command, status, _text(out), _text(err))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


def _line() -> socket.socket:
    if not _LINE:
        ours, theirs = socket.socketpair()
        ours.settimeout(LONGEST)
        waiting = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.ready", str(theirs.fileno())], cwd=ROOT, pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()
        atexit.register(waiting.wait)
        atexit.register(ours.close)
        _LINE.append(ours)
    return _LINE[0]


def main() -> None:
    """Import what commands import, and fork for each that is asked for until the other end closes."""
    import re

    from processor.cli import explain, main, queue, replay, rules, status  # noqa: F401
    from processor.loading import rules as loading
    from processor.loading.model import SHIPPED
    from processor.steps import in_process  # noqa: F401
    from processor.store import engine, migrate, ticket_view  # noqa: F401

    # What was compiled once is found again in each child, and the shipped rules are read once.
    re._MAXCACHE = 100_000  # type: ignore[attr-defined]
    load = loading.load_rulebook
    folders = (ROOT / "rules", ROOT / "templates")
    shipped = {model_file: load(*folders, (), model_file) for model_file in (SHIPPED, None)}

    def load_rulebook(
        rules_dir: Path, templates_dir: Path, own_addresses: Iterable[str] = (), model_file: Path | None = SHIPPED
    ) -> Rulebook:
        if (rules_dir.resolve(), templates_dir.resolve()) != folders or model_file not in shipped:
            return load(rules_dir, templates_dir, own_addresses, model_file)
        return replace(shipped[model_file], own_addresses=frozenset(address.lower() for address in own_addresses))

    loading.load_rulebook = load_rulebook
    line = socket.socket(fileno=int(sys.argv[1]))
    while True:
        size, files, *_ = socket.recv_fds(line, 4, 2)
        if not size:
            return
        asked = b""
        while len(asked) < int.from_bytes(size, "big"):
            asked += line.recv(1 << 20)
        child = os.fork()
        if child == 0:
            _be(json.loads(asked), files)
        for each in files:
            os.close(each)
        line.sendall(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]).to_bytes(4, "big", signed=True))


def _be(asked: dict[str, object], files: list[int]) -> None:
    """Become the command; never returns."""
    status = 1
    try:
        os.dup2(files[0], 1)
        os.dup2(files[1], 2)
        os.closerange(3, 256)
        os.chdir(str(asked["cwd"]))
        os.environ.clear()
        os.environ.update(asked["environment"])  # type: ignore[call-overload]
        sys.argv = ["processor", *asked["arguments"]]  # type: ignore[misc]
        from processor.cli.main import main as program

        program()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
