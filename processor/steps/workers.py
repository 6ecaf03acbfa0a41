"""Child processes that understand and decide: one core each, and a mail that kills one kills nothing else.

The children claim work from the store by themselves, so nothing but wake-ups passes between them and
the daemon, over its standard streams: a child that is killed leaves no lock behind, and a daemon that
is killed ends its children by the pipe's end.  Each is a program of its own, since forking one with
threads and open sockets is not safe, and multiprocessing's helpers would hold seven megabytes for ever.

Rules are copied when they are accepted, and children read the copy: one that restarts while an
operator is editing takes the rules in force, not half of the next.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from processor import journal
from processor.config import Config
from processor.steps.acceptance import Acceptance, Sight
from processor.steps.several import own_name
from processor.steps.worker import LOOK, WAKE

STOP_SECONDS = 20
RESTART_PAUSE = 1.0
HANG_UP = signal.SIGUSR1
# A loop that waits for half a second has hung after this time.
TICK_SECONDS = 60.0
DIED = "the process that was to read the rules ended before it had; what it said stands above"


@dataclass
class Child:
    """A child process: its standard input wakes it, by its standard output it tells of progress."""

    name: str
    process: subprocess.Popen[bytes]
    wake: IO[bytes]
    progress: IO[bytes]

    def tell(self, word: str) -> None:
        """Send a word without ever waiting: a full pipe holds enough wake-ups, a broken or closed one no reader."""
        with suppress(OSError, ValueError):
            os.write(self.wake.fileno(), f"{word}\n".encode())

    def close(self) -> None:
        """End the child when its batch is done: its pipe ends."""
        self.wake.close()

    def forget(self) -> None:
        """Let go of a child that has ended."""
        self.process.wait()
        self.wake.close()
        self.progress.close()


class Workers:
    """A fixed number of children, restarted when they end unasked."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.copies = Path(tempfile.mkdtemp(prefix="processor-rules-"))
        self.accepted = 0
        self.acceptance = Acceptance()
        self.children: list[Child] = []
        self.name = own_name()
        self.changing = threading.Lock()

    def begin(self) -> Acceptance:
        """Start the first child, which looks at the rules as it reads them; what it found wrong, if anything.

        It waits to be told to begin, and ends by itself when the rules may not be taken.
        """
        first = self._start(0, self._copy_rules(), LOOK)
        told = first.progress.readline()
        found = Acceptance.of(json.loads(told)) if told else Acceptance((DIED,))
        if found.problems:
            first.forget()
            shutil.rmtree(self.copies, ignore_errors=True)
        else:
            self._take(found)
            self.children = [first]
        return found

    def start(
        self, ended: threading.Event, recorded: Callable[[], None], beat: Callable[[float], None] = lambda _: None
    ) -> None:
        """Start the other children, and a thread that passes their progress on and restarts the dead."""
        self.children += [self._start(number, self._copy()) for number in range(1, self.config.workers)]
        self.wake()
        self.thread = threading.Thread(target=self._supervise, args=(ended, recorded, beat), name="workers")
        self.thread.start()

    def wake(self) -> None:
        """Tell the children that mail was kept."""
        self._tell(WAKE)

    def reload(self, force: bool) -> Acceptance:
        """Let each child take the rules anew before its next batch, unless there are problems; ``force`` asks no
        examples."""
        copy = self._copy_rules()
        sight = Sight(self.config.own_addresses, self.config.authserv_ids, None if force else self.config.rules_dir)
        # A child does the looking: the daemon itself never holds the rules, to stay small.
        found = _look(*self._folders(copy), sight)
        if not found.problems:
            self._take(found)
            self._tell(str(self._copy()))
        return found

    def _copy_rules(self) -> Path:
        """Copy the rules as they are now, to be looked at."""
        copy = self.copies / str(self.accepted + 1)
        shutil.rmtree(copy, ignore_errors=True)
        for source in (self.config.rules_dir, self.config.templates_dir):
            if source.is_dir():
                shutil.copytree(source, copy / source.name)
        return copy

    def _take(self, found: Acceptance) -> None:
        """Take the copy that was looked at into use."""
        self.accepted += 1
        self.acceptance = found

    def hang_up(self) -> None:
        """Let the children open new connections to the database: those that they have are silent."""
        with self.changing:
            for child in self.children:
                child.process.send_signal(HANG_UP)

    def stop(self) -> None:
        """Let each child finish its batch and end."""
        self.thread.join()
        for child in self.children:
            child.close()
        for child in self.children:
            try:
                child.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.process.kill()
            child.forget()
        shutil.rmtree(self.copies, ignore_errors=True)

    def _copy(self) -> Path:
        return self.copies / str(self.accepted)

    def _folders(self, copy: Path) -> tuple[Path, Path]:
        return copy / self.config.rules_dir.name, copy / self.config.templates_dir.name

    def _tell(self, word: str) -> None:
        with self.changing:
            for child in self.children:
                child.tell(word)

    def _supervise(self, ended: threading.Event, recorded: Callable[[], None], beat: Callable[[float], None]) -> None:
        while not ended.is_set():
            beat(TICK_SECONDS)
            for heard in select.select([child.progress for child in self.children], [], [], 0.5)[0]:
                os.read(heard.fileno(), 4096)
            recorded()
            for number, child in enumerate(self.children):
                if child.process.poll() is not None and not ended.is_set():
                    journal.worker_ended(child.name, child.process.returncode)
                    ended.wait(RESTART_PAUSE)
                    with self.changing:
                        child.forget()
                        self.children[number] = self._start(number, self._copy())

    def _start(self, number: int, copy: Path, *more: str) -> Child:
        name, folders = f"{self.name}/worker-{number}", self._folders(copy)
        process = begun(_program("processor.steps.worker", str(self.config.path), name, *map(str, folders), *more))
        assert process.stdin
        assert process.stdout
        os.set_blocking(process.stdin.fileno(), False)
        return Child(name, process, process.stdin, process.stdout)


def begun(program: list[str]) -> subprocess.Popen[bytes]:
    """Begin a program of ours, its standard input and output being pipes to us."""
    return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603  (ourselves)


def _program(module: str, *words: str) -> list[str]:
    """How a module of ours is run by the interpreter that runs us."""
    return [sys.executable, "-m", module, *words]


def _look(rules_dir: Path, templates_dir: Path, sight: Sight) -> Acceptance:
    """Have a child look at rules and templates; raises CalledProcessError if it breaks."""
    asked = {"rules_dir": rules_dir, "templates_dir": templates_dir, "sight": asdict(sight)}
    told = subprocess.run(  # noqa: S603  (ourselves)
        _program("processor.steps.acceptance"),
        input=json.dumps(asked, default=str).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return Acceptance.of(json.loads(told.stdout))
