"""Who takes the machine while something is measured: processor time of whole trees of processes, and memory."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def processor_time(roots: Iterable[int]) -> float:
    """Seconds that these processes and all that they began have worked so far, those that have ended among them."""
    worked: dict[int, int] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            # A program's name may hold spaces and brackets; the numbers begin after its last one.
            numbers = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(path.parent.name)
        children[int(numbers[1])].append(pid)
        # Its own time in user and in system mode, then that of the children that it has waited for.
        worked[pid] = sum(map(int, numbers[11:15]))
    total, asked = 0, list(roots)
    while asked:
        pid = asked.pop()
        total += worked.get(pid, 0)
        asked += children[pid]
    return total / TICKS


def peak_memory(pid: int) -> float:
    """The highest resident memory of a process and its children together, in MB."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            said = dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)
        except OSError:
            continue
        if path.parent.name == str(pid) or said.get("PPid") == str(pid):
            total += int(said.get("VmHWM", "0 kB").split()[0])
    return total / 1024
