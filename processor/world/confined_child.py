"""The confined child's life: read one file after the other, each within its limits, until the pipe ends.

Started by ``confined.py`` as ``python -m processor.world.confined_child MEMORY CPU CPU_IN_ALL``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import cast

from processor.extracting.extract import Kind, Ocr, extract
from processor.message import Extracted
from processor.world.confinement import allow_cpu, confine
from processor.world.frames import read_frame, write_frame
from processor.world.ocr import language, letters

MOST_REQUEST = 12_000_000
Reader = Callable[[bytes, Kind, Ocr], Extracted]


def serve(memory: int, cpu: int, cpu_in_all: int, read: Reader = extract) -> None:
    """Say hello with what holds here, then answer each pair of frames (kind, content) with one of JSON."""
    inbox, outbox = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What a library prints must not come between the frames.
    os.dup2(2, 1)
    # A terminal's Ctrl-C is the parent's: it ends us by the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    network = confine(memory, cpu_in_all)
    allow_cpu(cpu)
    wanted = language()
    write_frame(outbox, json.dumps({"network": network, "ocr": wanted}).encode())
    while True:
        try:
            kind = read_frame(inbox, 100).decode()
            content = read_frame(inbox, MOST_REQUEST)
        except EOFError:
            return
        allow_cpu(cpu)
        try:
            found = read(content, cast(Kind, kind), lambda picture: letters(picture, wanted))
        except MemoryError:
            found = Extracted(fault="too_big")
        write_frame(outbox, json.dumps(asdict(found)).encode())


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
