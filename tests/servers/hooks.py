"""A web server on loopback that takes whatever is posted to it, or fails as it is told; a stand-in for chats and pings."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hook:
    """What was asked of the server, as (method, path, body), and the statuses that the next ones get (200 after them)."""

    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    statuses: deque[int] = field(default_factory=deque)
    hung: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    @property
    def bodies(self) -> list[Any]:
        return [body for _, _, body in self.asked]

    def hang(self) -> None:
        """Answer nothing until the test is over."""
        self.hung.clear()


@contextmanager
def hook_server() -> Iterator[Hook]:
    hook = Hook()
    hook.hung.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json; charset=utf-8"
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: Any) -> None:
            hook.asked.append((self.command, self.path, body))
            hook.hung.wait(10)
            with suppress(OSError):
                self.send_response(hook.statuses.popleft() if hook.statuses else 200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hook.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        hook.hung.set()
        server.shutdown()
        thread.join()
        server.server_close()
