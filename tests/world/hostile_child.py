"""A confined child whose reader does what a file with a hole in a parser could make it do."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from processor.extracting.extract import Kind, Ocr
from processor.message import Extracted
from processor.world import confined_child


def obey(content: bytes, kind: Kind, ocr: Ocr) -> Extracted:
    """Do what the file says, and tell how it went."""
    act = ACTS.get(content.decode())
    return Extracted(text=str(act()) if act else "done")


def _loop() -> None:
    while True:
        pass


def _sleep() -> None:
    subprocess.Popen(["/bin/sleep", "600"])
    time.sleep(600)


def _secrets() -> str:
    """The names in the environment, and what the open descriptors lead to, but the one that looks."""
    found = []
    for number in range(64):
        try:
            found.append(os.readlink(f"/proc/self/fd/{number}"))  # noqa: PTH115
        except OSError:
            continue
    return "\n".join([*os.environ, *found])


def _write() -> str:
    file = Path("/tmp", f"hostile-{os.getpid()}")
    try:
        return _refused(lambda: file.write_bytes(b"x"))
    finally:
        file.unlink(missing_ok=True)


def _print() -> None:
    print("between the frames", flush=True)
    os.write(1, b"and past Python")


def _lie() -> None:
    """Answer by ourselves, and not as agreed: the first descriptor after the three is the answers' pipe."""
    os.write(3, b"\0\0\0\x02[]")
    os._exit(0)


def _nest() -> None:
    """Answer with so many brackets that who reads them needs a deep stack."""
    os.write(3, (50_000).to_bytes(4, "big") + b"[" * 50_000)
    os._exit(0)


def _refused(act: Callable[[], object]) -> str:
    try:
        act()
    except OSError as error:
        return type(error).__name__ + f" {error.errno}"
    return "done"


ACTS: dict[str, Callable[[], object]] = {
    "crash": lambda: ctypes.string_at(0),
    "loop": _loop,
    "sleep": _sleep,
    "memory": lambda: len(bytearray(2_000_000_000)),
    "socket": lambda: _refused(lambda: socket.create_connection(("127.0.0.1", 9), 1)),
    "network": lambda: Path("/proc/self/net/dev").read_text(),
    "write": _write,
    "files": lambda: _refused(lambda: [os.dup(0) for _ in range(1000)]),
    "secrets": _secrets,
    "print": _print,
    "lie": _lie,
    "nest": _nest,
}


def main(memory: int, cpu: int, cpu_in_all: int) -> None:
    """Serve as the true child does."""
    confined_child.main(memory, cpu, cpu_in_all, obey)
