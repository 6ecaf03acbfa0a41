"""Strangers' files are read in a child process that may fail: it is killed, and its parent goes on.

One child serves a process: started at the first file, started again after a kill and after some
hundred files.  It gets no secret, inherits no descriptor but two pipes, and its answers are checked
as values before anything rests on them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, cast, get_args

from processor.extracting.extract import Kind
from processor.extracting.of_message import VIOLENT
from processor.message import Extracted, Fault
from processor.world.frames import HELLO, read_frame, write_frame

MOST_ANSWER = 2_000_000
MOST_REMEMBERED = 1_000
CHILD = "processor.world.confined_child"
FAILURES = (OSError, EOFError, ValueError, KeyError, TypeError, RecursionError)
"""What comes of a child that dies, is late, or does not answer as agreed."""
READERS = ("pypdf", "defusedxml")
"""The packages that the child imports, which may lie in a folder of the operator's own (``pip install --target``)."""
_PROGRAM = Path(__file__).parent.parent.parent
# Isolated (-I), so that neither the folder we stand in nor the environment gives it code; without site (-S), which
# runs what the packages' .pth files say and takes a third of the start.  So it is told where the packages lie.
_FLAGS = ("-I", "-S", "-c")
# Modules leave no garbage behind, so that it is looked for more seldom than after each seven hundred values.
_BEGIN = (
    "import gc, sys; from importlib import import_module; gc.set_threshold(50_000); "
    "module, limits, sys.path[len(sys.path):] = sys.argv[1], sys.argv[2:5], sys.argv[5:]; "
    "import_module(module).main(*map(int, limits))"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost: bytes of address space, seconds of one processor, seconds on the wall.

    ``files`` is how many a child reads before it is replaced.
    """

    memory: int = 512_000_000
    cpu: int = 5
    wall: float = 40.0
    files: int = 200


LIMITS = Limits()


@dataclass(slots=True)
class Child:
    """A running child, what it said of itself when it began, and how many files it has read."""

    process: subprocess.Popen[bytes]
    hello: dict[str, str] = field(default_factory=dict)
    read: int = 0
    late: bool = False

    def kill(self) -> None:
        """End it with all that it started; safe to call twice."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def overdue(self) -> None:
        """Its time is up."""
        self.late = True
        self.kill()

    def end(self, *, dying: bool = True) -> int:
        """Kill it, close the pipes; the exit status, negative for a signal."""
        # A moment for one that is dying by itself, so that we learn of what.
        with suppress(subprocess.TimeoutExpired):
            if dying and not self.late:
                self.process.wait(0.2)
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                cast(IO[bytes], pipe).close()
        return self.process.wait()


class Confined:
    """Reads files in a child process; use one for each process of ours, and close it at the end."""

    def __init__(self, limits: Limits = LIMITS, module: str = CHILD) -> None:
        self.limits, self.module = limits, module
        self.child: Child | None = None
        self.fatal: OrderedDict[str, Fault] = OrderedDict()
        self.turn = threading.Lock()

    def __enter__(self) -> Confined:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child, if there is one."""
        with self.turn:
            self._end(dying=False)

    def extract(self, content: bytes, kind: Kind, digest: str) -> Extracted:
        """What the child read in the file, or the fault that it died of; never raises.

        A file that once cost a child its life is not opened again.
        """
        with self.turn:
            if digest in self.fatal:
                return Extracted(fault=self.fatal[digest])
            found = self._asked(content, kind)
            if found.fault in VIOLENT:
                self.fatal[digest] = found.fault
                if len(self.fatal) > MOST_REMEMBERED:
                    self.fatal.popitem(last=False)
            return found

    def hello(self) -> Mapping[str, str]:
        """What the child says of itself: ``network`` and ``ocr``; empty when none can be started."""
        with self.turn:
            child = self._ready()
            if child is None:
                return {}
            try:
                return child.hello | _words(self._told(child, b"", HELLO))
            except FAILURES:
                self._end()
                return {}

    def _told(self, child: Child, content: bytes, kind: str) -> Any:
        """The child's answer, unchecked; raises one of FAILURES when it dies of it or is late."""
        watch = threading.Timer(self.limits.wall, child.overdue)
        watch.daemon = True
        watch.start()
        try:
            sink, source = cast(IO[bytes], child.process.stdin), cast(IO[bytes], child.process.stdout)
            write_frame(cast(Any, sink), kind.encode())
            write_frame(cast(Any, sink), content)
            return json.loads(read_frame(cast(Any, source), MOST_ANSWER))
        finally:
            watch.cancel()

    def _asked(self, content: bytes, kind: Kind) -> Extracted:
        child = self._ready()
        if child is None:
            return Extracted(fault="unavailable")
        try:
            found = _checked(self._told(child, content, kind))
        except FAILURES:
            return Extracted(fault=_fault(child.late, self._end()))
        child.read += 1
        # One that ran out of memory may have lost more than the file.
        if child.read >= self.limits.files or found.fault == "too_big":
            self._end(dying=False)
        return found

    def _ready(self) -> Child | None:
        if self.child is not None and self.child.process.poll() is not None:
            self._end()
        if self.child is None:
            with suppress(OSError, EOFError, ValueError):
                self.child = _start(self.limits, self.module)
        return self.child

    def _end(self, *, dying: bool = True) -> int:
        child, self.child = self.child, None
        return child.end(dying=dying) if child else 0


def _start(limits: Limits, module: str) -> Child:
    """Start a child and wait for its hello; raises OSError, EOFError or ValueError when it cannot be had."""
    numbers = (limits.memory, limits.cpu, limits.cpu * limits.files + 60)
    process = subprocess.Popen(  # noqa: S603  # our own module with three numbers
        [sys.executable, *_FLAGS, _BEGIN, module, *map(str, numbers), str(_PROGRAM), *_packages()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )
    child = Child(process)
    watch = threading.Timer(limits.wall, child.overdue)
    watch.daemon = True
    watch.start()
    try:
        child.hello = _words(json.loads(read_frame(cast(Any, process.stdout), MOST_ANSWER)))
    except BaseException:
        child.end()
        raise
    finally:
        watch.cancel()
    return child


def _packages() -> list[str]:
    """The folders of installed packages that we ourselves import from, in order, wherever a reader's lie."""
    found = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    for name in READERS:
        if PathFinder.find_spec(name, found) is None and (elsewhere := find_spec(name)) and elsewhere.origin:
            found.append(str(Path(elsewhere.origin).parent.parent))
    return found


def _words(said: Any) -> dict[str, str]:
    """What the child says of itself as a value; raises ValueError when it is none."""
    if not isinstance(said, dict):
        raise ValueError("no names and words")
    return {str(key): str(value) for key, value in said.items()}


def _fault(late: bool, status: int) -> Fault:
    if late or status == -signal.SIGXCPU:
        return "too_slow"
    # The kernel's answer to too much memory; we kill only what is late.
    return "too_big" if status == -signal.SIGKILL else "crashed"


def _checked(said: Any) -> Extracted:
    """The child's answer as a value; raises ValueError, KeyError or TypeError when it is none."""
    rows = tuple(tuple(str(cell) for cell in row) for row in said["rows"])
    fault = said["fault"]
    if fault not in get_args(Fault):
        raise ValueError("unknown fault")
    return Extracted(rows, str(said["text"]), bool(said["ocr"]), bool(said["rotated"]), fault)
