"""The confined child's life: read one file after the other, each within its limits, until the pipe ends.

Started by ``confined.py``, which calls ``main``.  Each start is paid by a mail that waits, so that what its first
file may not need is imported where it is used.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from types import ModuleType
from typing import cast

from processor.extracting.extract import Kind, Ocr, extract
from processor.message import Extracted
from processor.world.confinement import allow_cpu, confine
from processor.world.frames import HELLO, read_frame, write_frame

MOST_REQUEST = 12_000_000
Reader = Callable[[bytes, Kind, Ocr], Extracted]


def main(memory: int, cpu: int, cpu_in_all: int, read: Reader = extract) -> None:
    """Say hello with what holds here, then answer each pair of frames (kind, content) with one of JSON.

    ``memory`` is bytes of address space, ``cpu`` seconds for one file, ``cpu_in_all`` for the whole life.
    """
    inbox, outbox = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What a library prints must not come between the frames.
    os.dup2(2, 1)
    # A terminal's Ctrl-C is the parent's: it ends us by the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # pypdf would load it where it lies, though we have no picture decoded: that is tesseract's work.
    sys.modules["PIL"] = cast(ModuleType, None)
    network = confine(memory, cpu_in_all)
    allow_cpu(cpu)
    write_frame(outbox, json.dumps({"network": network}).encode())
    while True:
        try:
            kind = read_frame(inbox, 100).decode()
            content = read_frame(inbox, MOST_REQUEST)
        except EOFError:
            return
        allow_cpu(cpu)
        found = {"ocr": _languages()} if kind == HELLO else _read(content, cast(Kind, kind), read)
        write_frame(outbox, json.dumps(found).encode())


def _read(content: bytes, kind: Kind, read: Reader) -> dict[str, object]:
    try:
        return asdict(read(content, kind, _letters))
    except MemoryError:
        return asdict(Extracted(fault="too_big"))


@cache
def _languages() -> str:
    from processor.world.ocr import language

    return language()


def _letters(picture: bytes) -> str | None:
    from processor.world.ocr import letters

    return letters(picture, _languages())
