"""The desk's door, held by the daemon: a listening socket and a thread, and nothing of the desk's own.

At the first connection the desk's process is started and handed the socket; when it has ended, because nobody
asked for a while, the door waits for the next one.  The daemon never takes a connection itself, so one that
comes in between waits in the socket's queue.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
from pathlib import Path

from processor import journal

BACKLOG = 128
WAIT_AFTER_FAILURE_SECONDS = 5.0
END_SECONDS = 10.0
LOOK_SECONDS = 0.5


def listen(address: tuple[str, int]) -> socket.socket:
    """A socket that listens there; raises OSError when the address is taken."""
    made = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


class Door:
    """Open it with ``start``; ``stop`` ends the desk's process too, and may be said twice."""

    def __init__(self, listening: socket.socket, config: Path) -> None:
        self._listening = listening
        self._command = [sys.executable, "-m", "processor.desk", "--config", str(config)]
        self._ended = threading.Event()
        self._wake, self._woken = os.pipe()
        self._watched: list[socket.socket | int] = [listening, self._wake]
        self._thread = threading.Thread(target=self._run, name="desk door", daemon=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._ended.is_set():
            return
        self._ended.set()
        os.write(self._woken, b".")
        self._thread.join(END_SECONDS + 2)
        self._listening.close()
        for each in (self._wake, self._woken):
            os.close(each)

    @property
    def pid(self) -> int:
        """Of the desk's process, 0 while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    def _run(self) -> None:
        while not self._ended.is_set():
            ready, _, _ = select.select(self._watched, [], [])
            if self._listening in ready and not self._ended.is_set():
                self._serve_once()

    def _serve_once(self) -> None:
        number = self._listening.fileno()
        command = [*self._command, "--fd", str(number)]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[number])  # noqa: S603  (ours)
        while (status := self._process.poll()) is None:
            if self._ended.wait(LOOK_SECONDS):
                self._end(self._process)
                return
        if status:
            journal.desk_ended(status)
            self._ended.wait(WAIT_AFTER_FAILURE_SECONDS)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def open_door(address: tuple[str, int] | None, config: Path) -> Door | None:
    """The open door; None where there is to be none, or the address is taken, which the log tells."""
    if address is None:
        return None
    place = f"{address[0]}:{address[1]}"
    try:
        door = Door(listen(address), config)
    except OSError as error:
        journal.desk_refused(place, error.strerror or type(error).__name__)
        return None
    door.start()
    journal.desk_opened(place)
    return door
