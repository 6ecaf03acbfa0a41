"""The limits that a process lays on itself before it opens a stranger's file.

No network: a network name space of its own, with a user name space around it where we are not root.
Where the kernel or a container forbids both, an audit hook refuses every socket: it binds Python
code alone, and native code only in so far as Python called it, which ``doctor`` says.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from typing import Literal

Network = Literal["name space", "user name space", "audit hook"]
NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000
"""CLONE_NEWUSER and CLONE_NEWNET of sched.h; ``os.unshare`` came with Python 3.12."""
OPEN_FILES = 64


def confine(memory: int, cpu_in_all: int) -> Network:
    """Lay the limits on this process and its children; returns what keeps it from the network.

    ``memory`` is address space in bytes, ``cpu_in_all`` the seconds of its whole life.  No file can
    be written and no core is dumped.
    """
    network = _leave_the_network()
    for kind, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, cpu_in_all),
    ):
        hard = resource.getrlimit(kind)[1]
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (most, most))
    return network


def allow_cpu(seconds: int) -> None:
    """Give the process this many more seconds; the kernel ends it when they are used up (SIGXCPU)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _leave_the_network() -> Network:
    sys.addaudithook(_no_sockets)
    library = ctypes.CDLL(None)
    if os.geteuid() == 0 and library.unshare(NEW_NETWORK) == 0:
        return "name space"
    return "user name space" if library.unshare(NEW_USER | NEW_NETWORK) == 0 else "audit hook"


def _no_sockets(event: str, _: object) -> None:
    if event.startswith("socket."):
        raise PermissionError("no network here")
