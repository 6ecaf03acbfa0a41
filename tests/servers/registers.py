"""A DNS server and a web server on loopback that answer what a test tells them, or lie, or hang."""

from __future__ import annotations

import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.servers.certificates import Certificate


@dataclass
class Zone:
    """What the DNS server says: records by (name, type), and how it fails.  Asked names are noted.

    A name that has no record but lies above one that has, is there without records (RFC 8020).
    """

    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    rcode: int = dns.rcode.NOERROR
    silent: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self.port}"

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        question = query.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if self.rcode:
            response.set_rcode(dns.rcode.Rcode(self.rcode))
            return response
        seen = name
        while alias := self.records.get((seen, "CNAME")):
            response.answer.append(dns.rrset.from_text(seen, 60, "IN", "CNAME", *alias))
            seen = alias[0]
        if found := self.records.get((seen, kind)):
            response.answer.append(dns.rrset.from_text(seen, 60, "IN", kind, *found))
        elif not any(known == seen or known.endswith(f".{seen}") for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response


@contextmanager
def dns_server(zone: Zone) -> Iterator[Zone]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if not zone.silent:
                data, sock = self.request
                sock.sendto(zone.answer(dns.message.from_wire(data)).to_wire(), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        zone.port = server.server_address[1]
        with _running(server):
            yield zone


@dataclass
class Page:
    """An answer of the web server.  ``seconds`` before the body, ``drip`` between each of its bytes."""

    body: bytes = b""
    kind: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    drip: float = 0.0
    length: int | None = None


@dataclass
class Site:
    """What the web server says, by path; asked paths are noted with their headers."""

    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def web_server(site: Site, certificate: Certificate | None = None) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append((self.path, dict(self.headers)))
            page = site.pages.get(self.path, Page(b"{}", status=404))
            with suppress(OSError):
                self._send(page)

        def _send(self, page: Page) -> None:
            time.sleep(page.seconds)
            self.send_response(page.status)
            self.send_header("Content-Type", page.kind)
            self.send_header("Content-Length", str(len(page.body) if page.length is None else page.length))
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if page.drip:
                for at in range(len(page.body)):
                    self.wfile.write(page.body[at : at + 1])
                    time.sleep(page.drip)
            else:
                self.wfile.write(page.body)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that leaves is what is tested
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    site.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
    with _running(server):
        yield site
    server.server_close()


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    serve: Callable[..., None] = server.serve_forever
    thread = threading.Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
