"""The port where a monitor asks: /metrics, /health, /ready.  Loopback only, which the configuration sees to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from processor import journal
from processor.watch.metrics import CONTENT_TYPE, exposition

if TYPE_CHECKING:
    from processor.watch.lookout import Lookout

IDLE_SECONDS = 5
JSON = "application/json"
Page = tuple[int, str, bytes]


class Server(ThreadingHTTPServer):
    """A thread a request; none of them keeps the program from ending."""

    daemon_threads = True
    lookout: Lookout

    def __init__(self, lookout: Lookout, address: tuple[str, int]) -> None:
        self.lookout = lookout
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Asked)

    def server_bind(self) -> None:
        """Bind without asking the resolver for our own name, as the standard server does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "localhost", self.socket.getsockname()[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Who hangs up in the middle of an answer is no event of ours."""


class Asked(BaseHTTPRequestHandler):
    """One question."""

    server: Server
    timeout = IDLE_SECONDS
    server_version, sys_version = "processor", ""

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, *_: object) -> None:
        """Nothing: a line each fifteen seconds would hide the others."""

    def _answer(self, body: bool) -> None:
        page = PAGES.get(self.path.partition("?")[0], _unknown)
        status, kind, content = page(self.server.lookout)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if body:
            self.wfile.write(content)


def serve(lookout: Lookout, address: tuple[str, int]) -> Callable[[], None]:
    """Answer from now on; returns what ends it.  A port that is taken is told in the log and stops nothing else."""
    try:
        server = Server(lookout, address)
    except OSError as error:
        journal.watch_refused(f"{address[0]}:{address[1]}", error.strerror or type(error).__name__)
        return lambda: None
    thread = threading.Thread(target=server.serve_forever, name="watch", daemon=True)
    thread.start()
    journal.watch_opened(f"{address[0]}:{address[1]}")

    def end() -> None:
        server.shutdown()
        server.server_close()

    return end


def _metrics(lookout: Lookout) -> Page:
    return 200, CONTENT_TYPE, exposition(lookout)


def _health(lookout: Lookout) -> Page:
    loops = {loop: "late" if late else "ticking" for loop, late in lookout.pulse.late().items()}
    well = lookout.pulse.ticking
    status = "ok" if well else "hung"
    return _said(200 if well else 503, {"status": status, "loops": loops, "reconciled": lookout.reconciled()})


def _ready(lookout: Lookout) -> Page:
    missing = lookout.missing()
    return _said(503 if missing else 200, {"status": "not ready" if missing else "ready", "missing": missing})


def _unknown(_: Lookout) -> Page:
    return _said(404, {"pages": sorted(PAGES)})


def _said(status: int, values: object) -> Page:
    return status, JSON, json.dumps(values).encode() + b"\n"


PAGES: dict[str, Callable[[Lookout], Page]] = {"/metrics": _metrics, "/health": _health, "/ready": _ready}
