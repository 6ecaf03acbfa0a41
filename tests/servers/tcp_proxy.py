"""A TCP proxy on a free port of 127.0.0.1 that can be cut: a network partition, or a failover to another server.

with Proxy(port) as proxy:
    ... proxy.port
    proxy.partition()      connections stay open and nothing passes, new ones are taken and hear nothing
    proxy.heal()           what hung is reset, as a NAT does that has forgotten it; new ones pass
    proxy.target = other   new connections go there
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType

RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Each connection has two threads; ``close`` ends all of them."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.passing = threading.Event()
        self.passing.set()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._changing = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self.passing.set()
        self.reset()

    def partition(self) -> None:
        """Let nothing through, in either way, and close nothing."""
        self.passing.clear()

    def heal(self) -> None:
        """Reset whatever hung, and let new connections through."""
        self.reset()
        self.passing.set()

    def reset(self) -> None:
        """Reset every connection."""
        with self._changing:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            for each in pair:
                with suppress(OSError):
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 2)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._changing:
                self._pairs.add((client, server))
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                self.passing.wait()
                other.sendall(data)
        with suppress(OSError):
            other.shutdown(socket.SHUT_RDWR)
