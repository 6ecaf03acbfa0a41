"""Notices to systemd (sd_notify(3)): a datagram to the socket that it names; without one, nothing."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


class Systemd:
    """The manager that started us, if it wants to hear; ``watchdog`` is seconds until it kills a silent one, or None."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        found = os.environ if environment is None else environment
        name = found.get("NOTIFY_SOCKET", "")
        # An abstract socket is written with an @ for its leading NUL.
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self.watchdog = _watchdog(found)

    @property
    def listens(self) -> bool:
        """Whether anybody hears."""
        return bool(self._address)

    def tell(self, *notices: str) -> None:
        """Send notices in one datagram; never raises and never waits, since a lost one costs nothing."""
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
            to.setblocking(False)
            to.sendto("\n".join(notices).encode(), self._address)


def reloading() -> tuple[str, str]:
    """What begins a reload; systemd wants the time, so that it tells this one from an older notice."""
    return "RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}"


def _watchdog(environment: Mapping[str, str]) -> float | None:
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    with suppress(ValueError):
        return int(environment.get("WATCHDOG_USEC", "")) / 1e6
    return None
