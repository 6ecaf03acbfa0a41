"""One bounded request: the whole of it ends in time, at most so many bytes come, and no redirect is followed.

The standard library's own client: a register is asked twice a second at most, so that neither a pool nor
HTTP/2 would pay for one more package.  Every wait of it is bounded, and a watchman ends the connection when the
whole has taken too long, since a server that drips a byte a second never lets a single wait run out.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Container, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from processor.lookup import Reason
from processor.world.tls import certificate_refused, loopback

AGENT = "processor (customer mail; one lookup a mail, cached)"
MOST_BYTES = 1_000_000
ANSWERS = (200, 404, 410)
BUSY = {403, 429, 500, 502, 503, 504}
LONGEST_REST = 3600.0


class NoAnswer(Exception):
    """The world did not tell; ``rest`` is how many seconds it asks to be left alone, 0 if it does not say."""

    def __init__(self, reason: Reason, said: str, rest: float = 0.0) -> None:
        super().__init__(said)
        self.reason, self.said, self.rest = reason, said, rest


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer.  ``kind`` is the media type in lower case, without parameters; ``date`` the server's clock."""

    status: int
    kind: str
    body: bytes
    date: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a GET may take in all, in seconds; ``internal``: also at addresses that are not public.

    ``most`` is how many bytes may come at most.
    """

    seconds: float
    ca_file: str | None = None
    internal: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    most: int = MOST_BYTES


def get(url: str, terms: Terms, answers: Container[int] = ANSWERS) -> Answer:
    """GET a URL; raises NoAnswer for all but a whole answer of one of these statuses (200, 404 or 410).

    HTTPS only, but for this machine itself.  A redirect is nonsense: who is asked is for the configuration,
    or for the SML, to say.
    """
    return _ask("GET", url, None, terms, answers)


def post(url: str, fields: str, terms: Terms) -> Answer:
    """POST a form that is written out already; a whole answer of whatever status, or NoAnswer.

    HTTPS only, but for this machine itself, and no redirect is followed.
    """
    return _ask("POST", url, fields.encode("ascii"), terms, None)


def call(url: str, terms: Terms, body: bytes | None = None) -> None:
    """GET a URL, or POST JSON to it, for what that does; raises NoAnswer for all but a status of 2xx.

    HTTPS only, but for this machine itself, and no redirect is followed.
    """
    if body is not None:
        terms = replace(terms, headers={**terms.headers, "Content-Type": "application/json; charset=utf-8"})
    _ask("GET" if body is None else "POST", url, body, terms, range(200, 300))


def _ask(method: str, url: str, body: bytes | None, terms: Terms, answers: Container[int] | None) -> Answer:
    """``answers`` are the statuses that are one, None for all."""
    until = time.monotonic() + terms.seconds
    try:
        host, port, clear = _place(url)
        with _connected(host, port, terms, until) as plain:
            sock = plain if clear else _wrapped(plain, host, terms)
            watchman = threading.Timer(max(0.0, until - time.monotonic()), _cut, (sock,))
            watchman.daemon = True
            try:
                _begin(watchman)
                return _exchange(sock, method, url, body, terms, until, answers)
            finally:
                watchman.cancel()
                sock.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failure(url, error, until) from error


def _begin(watchman: threading.Thread) -> None:
    """Raises OSError where no thread is to be had: this process has too many, or is ending (from Python 3.12 on)."""
    try:
        watchman.start()
    except RuntimeError as error:
        raise OSError(str(error)) from error


def host_of(url: str) -> str:
    """The host that a URL names; "" where it names none."""
    try:
        return (urlsplit(url).hostname or "")[:253]
    except ValueError:
        return ""


def _place(url: str) -> tuple[str, int, bool]:
    """Host, port and whether the connection is in clear."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    clear = parts.scheme == "http" and loopback(host)
    if not host or not (clear or parts.scheme == "https") or parts.username is not None:
        raise NoAnswer("nonsense", f"{url[:200]!r} is no HTTPS address")
    return host, parts.port or (80 if clear else 443), clear


def _connected(host: str, port: int, terms: Terms, until: float) -> socket.socket:
    """Connected to an address that was looked at: a name that leads into our own network is refused."""
    addresses = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    within = [each for each in addresses if not ip_address(each).is_global]
    if within and not terms.internal:
        raise NoAnswer("nonsense", f"{host} is {within[0]}, within our own network")
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return socket.create_connection((addresses[0], port), left)


def _wrapped(plain: socket.socket, host: str, terms: Terms) -> ssl.SSLSocket:
    """The handshake comes later, under the watchman's eyes."""
    context = ssl.create_default_context(cafile=terms.ca_file)
    return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)


def _exchange(
    sock: socket.socket,
    method: str,
    url: str,
    content: bytes | None,
    terms: Terms,
    until: float,
    answers: Container[int] | None,
) -> Answer:
    if isinstance(sock, ssl.SSLSocket):
        sock.do_handshake()
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.sock = sock
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"User-Agent": AGENT, "Connection": "close", **terms.headers}
    connection.request(method, path, content, headers)
    with connection.getresponse() as response:
        if answers is not None:
            _judge(response, str(parts.hostname), answers)
        body = response.read(terms.most + 1)
        short = bool(response.length) and len(body) <= terms.most
    if time.monotonic() >= until:
        raise TimeoutError
    if len(body) > terms.most or short:
        wrong = "less than it promised" if short else f"more than {terms.most} bytes"
        raise NoAnswer("nonsense", f"{parts.hostname} sends {wrong}")
    kind = response.headers.get_content_type().lower()
    return Answer(response.status, kind, body, response.headers.get("Date", ""))


def _judge(response: http.client.HTTPResponse, host: str, answers: Container[int]) -> None:
    if response.status in BUSY:
        raise NoAnswer("refused", f"{host} says {response.status}", _seconds(response.headers.get("Retry-After", "")))
    if response.status not in answers:
        raise NoAnswer("nonsense", f"{host} says {response.status}")


def _cut(sock: socket.socket) -> None:
    # By the socket's own method: what TLS keeps beside it must not be touched from another thread.
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _failure(url: str, error: Exception, until: float) -> NoAnswer:
    shown = url.split("/")[2][:200] if url.count("/") >= 2 else url[:200]
    if isinstance(error, TimeoutError) or time.monotonic() >= until:
        return NoAnswer("timed_out", f"{shown} did not answer in time")
    if isinstance(error, OSError):
        return NoAnswer("unreachable", f"{shown}: {certificate_refused(error) or error}")
    return NoAnswer("nonsense", f"{shown} does not speak HTTP: {type(error).__name__}")


def _seconds(retry_after: str) -> float:
    """Retry-After in seconds, an hour at most; 0 for its other form, a date (RFC 9110 section 10.2.3)."""
    text = retry_after.strip()
    return min(float(text), LONGEST_REST) if text.isascii() and text.isdigit() and len(text) < 9 else 0.0
