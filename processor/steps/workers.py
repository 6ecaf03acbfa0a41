"""Child processes that understand and decide: one core each, and a mail that kills one kills nothing else.

The children claim work from the store by themselves, so nothing but wake-ups passes between them and
the daemon, over a pipe each: a child that is killed leaves no lock behind, and a daemon that is killed
ends its children by the pipe's end.  Each is started afresh (``spawn``): forking a program with threads
and open sockets is not safe.

Rules are copied when they are accepted, and children read the copy: one that restarts while an
operator is editing takes the rules in force, not half of the next.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from processor import journal
from processor.config import Config
from processor.steps.acceptance import Acceptance, Sight, acceptable
from processor.steps.worker import WAKE, work

STOP_SECONDS = 20
RESTART_PAUSE = 1.0


@dataclass
class Child:
    """A child process, the pipe that wakes it and the pipe by which it tells of progress."""

    process: SpawnProcess
    wake: Connection
    progress: Connection

    def tell(self, word: bytes) -> None:
        """Send a word without ever waiting: a full pipe holds enough wake-ups, a broken one has no reader."""
        with suppress(OSError):
            self.wake.send_bytes(word)

    def close(self) -> None:
        """End the child when its batch is done: its pipe ends."""
        self.wake.close()


class Workers:
    """A fixed number of children, restarted when they end unasked."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.spawning = multiprocessing.get_context("spawn")
        self.copies = Path(tempfile.mkdtemp(prefix="processor-rules-"))
        self.accepted = 0
        self.acceptance = Acceptance()
        self.children: list[Child] = []
        self.changing = threading.Lock()

    def start(self, ended: threading.Event, recorded: Callable[[], None]) -> None:
        """Start the children, and a thread that passes their progress on and restarts the dead."""
        self.children = [self._start(number) for number in range(self.config.workers)]
        self.thread = threading.Thread(target=self._supervise, args=(ended, recorded), name="workers")
        self.thread.start()

    def wake(self) -> None:
        """Tell the children that mail was kept."""
        self._tell(WAKE)

    def reload(self, force: bool) -> Acceptance:
        """Let each child take the rules anew before its next batch, unless there are problems; ``force`` asks no
        examples."""
        found = self.accept(examples=not force)
        if not found.problems:
            self._tell(str(self._copy()).encode())
        return found

    def accept(self, *, examples: bool = False) -> Acceptance:
        """Copy the rules and take the copy into use if nothing is wrong in it; else what is wrong.

        A child does the looking: the daemon itself never holds the rules, to stay small.
        """
        copy = self.copies / str(self.accepted + 1)
        shutil.rmtree(copy, ignore_errors=True)
        for source in (self.config.rules_dir, self.config.templates_dir):
            if source.is_dir():
                shutil.copytree(source, copy / source.name)
        with ProcessPoolExecutor(1, mp_context=self.spawning) as one:
            config = self.config
            sight = Sight(config.own_addresses, config.authserv_ids, config.rules_dir if examples else None)
            found = one.submit(acceptable, *self._folders(copy), sight).result()
        if not found.problems:
            self.accepted += 1
            self.acceptance = found
        return found

    def stop(self) -> None:
        """Let each child finish its batch and end."""
        self.thread.join()
        for child in self.children:
            child.close()
        for child in self.children:
            child.process.join(STOP_SECONDS)
            if child.process.is_alive():
                child.process.kill()
        shutil.rmtree(self.copies, ignore_errors=True)

    def _copy(self) -> Path:
        return self.copies / str(self.accepted)

    def _folders(self, copy: Path) -> tuple[Path, Path]:
        return copy / self.config.rules_dir.name, copy / self.config.templates_dir.name

    def _tell(self, word: bytes) -> None:
        with self.changing:
            for child in self.children:
                child.tell(word)

    def _supervise(self, ended: threading.Event, recorded: Callable[[], None]) -> None:
        while not ended.is_set():
            for heard in wait([child.progress for child in self.children], 0.5):
                with suppress(EOFError, OSError):
                    heard.recv_bytes()  # type: ignore[union-attr]  # only pipes are waited for
            recorded()
            for number, child in enumerate(self.children):
                if not child.process.is_alive() and not ended.is_set():
                    journal.worker_ended(child.process.name, child.process.exitcode)
                    ended.wait(RESTART_PAUSE)
                    child.close()
                    child.progress.close()
                    with self.changing:
                        self.children[number] = self._start(number)

    def _start(self, number: int) -> Child:
        heard, wake = self.spawning.Pipe(duplex=False)
        progress, told = self.spawning.Pipe(duplex=False)
        os.set_blocking(wake.fileno(), False)
        process = self.spawning.Process(
            target=work,
            name=f"worker-{number}",
            args=(self.config.path, f"worker-{number}-{os.getpid()}", self._folders(self._copy()), heard, told),
            daemon=True,
        )
        process.start()
        heard.close()
        told.close()
        return Child(process, wake, progress)
