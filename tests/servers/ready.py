"""Programs that begin at once: forks of one that is imported and waiting (``waiting.py``).

A program's first seconds go into imports, rules and regular expressions, and the suite starts many hundred:
commands, daemons, workers.  ``run`` gives what ``subprocess.run`` gives and ``start`` what ``subprocess.Popen``
gives; with PROCESSOR_TESTS_FRESH set, or where the environment's PYTHONPATH has what is none of ours, they start
the program afresh, as an operator does.  A test's bug for the program is a ``sitecustomize.py`` in a folder of the
PYTHONPATH: each fork runs it, too, before it begins.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent.parent
LONGEST = 120
# The simulator's, whose runs must be replayed, the order of sets too.
SEED = "0"


@dataclass
class Running:
    """A program that was forked, by as much of ``subprocess.Popen`` as is asked of it."""

    args: list[str]
    pid: int
    ended: int
    stdin: IO[bytes] | None = None
    stdout: IO[bytes] | None = None
    returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, when it has ended; raises TimeoutExpired."""
        status = self._look(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self.ended], [], [], timeout)[0]:
            told = os.read(self.ended, 4)
            os.close(self.ended)
            # Whoever should have told us was killed together with it.
            self.returncode = int.from_bytes(told, "big", signed=True) if told else -signal.SIGKILL
        return self.returncode


Process = subprocess.Popen[bytes] | Running


@dataclass
class Line:
    """What a waiting program is asked by."""

    way: socket.socket
    turn: threading.Lock

    @classmethod
    def of(cls, made: socket.socket) -> Line:
        made.settimeout(LONGEST)
        return cls(made, threading.Lock())

    def ask(self, asked: Mapping[str, object], files: Sequence[int]) -> int:
        """Ask for a program with these files as standard input, output and error, and to be told of its end; its id."""
        text = json.dumps(asked).encode()
        with self.turn:
            socket.send_fds(self.way, [len(text).to_bytes(4, "big")], files)
            self.way.sendall(text)
            told = self.way.recv(4)
        if len(told) < 4:
            raise RuntimeError("the waiting program is gone")
        return int.from_bytes(told, "big")


_LINE: list[Line] = []


def run(
    arguments: list[str], cwd: Path, environment: Mapping[str, str], module: str = "processor", longest: float = LONGEST
) -> subprocess.CompletedProcess[str]:
    """Run ``processor`` (or another module) with these arguments and say what it wrote and how it ended."""
    command = [sys.executable, "-m", module, *arguments]
    if _fresh(environment):
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=longest, env=environment)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        running = _fork(command, cwd, environment, subprocess.DEVNULL, out.fileno(), err.fileno())
        try:
            status = running.wait(longest)
        finally:
            running.kill()
        return subprocess.CompletedProcess(command, status, _text(out), _text(err))


def start(
    module: str, arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], log: IO[bytes] | None = None
) -> Process:
    """Begin a program in a session of its own, what it says going to a file; its workers are forks like itself."""
    if _fresh(environment):
        return start_afresh(module, arguments, cwd, environment, log)
    command = [sys.executable, "-m", module, *arguments]
    number = log.fileno() if log else 2
    return _fork(command, cwd, environment, subprocess.DEVNULL, number, number, session=True)


def with_files(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], files: Sequence[int], session: bool = False
) -> Process:
    """Begin ``processor`` with these files as standard input, output and error."""
    command = [sys.executable, "-m", "processor", *arguments]
    stdin, out, err = files
    if _fresh(environment):
        return subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=stdin, stdout=out, stderr=err, start_new_session=session
        )
    return _fork(command, cwd, environment, stdin, out, err, session)


def start_afresh(
    module: str, arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], log: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Begin the program as an operator does, for who measures it or looks at it as it is."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, cwd=cwd, stdout=log, stderr=log, env=environment, start_new_session=True)


def with_pipes_afresh(command: list[str]) -> subprocess.Popen[bytes]:
    """Begin a module as a child of ours, its standard input and output being pipes to us."""
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def with_pipes(command: list[str]) -> Process:
    """The same as a fork."""
    if _fresh(os.environ):
        return with_pipes_afresh(command)
    theirs_in, ours_in = os.pipe()
    ours_out, theirs_out = os.pipe()
    try:
        running = _fork(command, Path.cwd(), os.environ, theirs_in, theirs_out, 2)
    finally:
        os.close(theirs_in)
        os.close(theirs_out)
    running.stdin, running.stdout = os.fdopen(ours_in, "wb", 0), os.fdopen(ours_out, "rb")
    return running


def wait_on(line: socket.socket) -> None:
    """From now on ask the waiting program at the other end of this line."""
    _LINE[:] = [Line.of(line)]


def faults(environment: Mapping[str, str]) -> list[Path]:
    """The files of a test that a program runs before it begins."""
    return [Path(each) / "sitecustomize.py" for each in _path(environment) if each != str(ROOT)]


def _path(environment: Mapping[str, str]) -> list[str]:
    return [each for each in environment.get("PYTHONPATH", "").split(os.pathsep) if each]


def _fresh(environment: Mapping[str, str]) -> bool:
    return bool(os.environ.get("PROCESSOR_TESTS_FRESH")) or not all(each.is_file() for each in faults(environment))


def _fork(
    command: list[str], cwd: Path, environment: Mapping[str, str], stdin: int, out: int, err: int, session: bool = False
) -> Running:
    _, _, module, *arguments = command
    asked = {
        "module": module, "arguments": arguments, "cwd": str(cwd), "environment": dict(environment), "session": session
    }  # fmt: skip
    ended, tells = os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        pid = _line().ask(asked, [nothing if stdin == subprocess.DEVNULL else stdin, out, err, tells])
    finally:
        os.close(nothing)
        os.close(tells)
    return Running(command, pid, ended)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


def _line() -> Line:
    if not _LINE:
        ours, theirs = socket.socketpair()
        waiting = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.waiting", str(theirs.fileno())], cwd=ROOT, pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONHASHSEED": SEED},
        )  # fmt: skip
        theirs.close()
        atexit.register(waiting.wait)
        atexit.register(ours.close)
        wait_on(ours)
    return _LINE[0]
