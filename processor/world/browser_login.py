"""Where a browser comes back to after a person has agreed: a page on loopback, or its address pasted at the terminal.

RFC 8252 section 7.3.  The program often runs on a machine without a browser; then the browser, elsewhere, finds
nobody at the loopback address, and the person copies that address from its address bar.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TextIO
from urllib.parse import parse_qs, urlsplit

from processor.world.failures import LoginRefused, Misconfigured

LONGEST_REQUEST = 16_384
PAGE = """HTTP/1.1 {status}\r
Content-Type: text/plain; charset=utf-8\r
Connection: close\r
Cache-Control: no-store\r
\r
{text}
"""


@dataclass
class Return:
    """The place to come back to; ``address`` is the redirect URI."""

    listener: socket.socket
    address: str
    state: str
    _typed: str = ""

    def code(self, typed: TextIO | None, seconds: float) -> str:
        """The code that a browser brings, or that stands in an address pasted on ``typed``.

        Raises LoginRefused when the person declines or nobody comes in time; what does not carry our ``state``
        is not listened to.
        """
        until = time.monotonic() + seconds
        asked: list[socket.socket | TextIO] = [self.listener, *([typed] if typed else [])]
        while (left := until - time.monotonic()) > 0:
            for ready in select.select(asked, [], [], left)[0]:
                if ready is self.listener:
                    found = self._visited()
                else:
                    found, ended = self._pasted(ready)
                    asked = asked[:1] if ended else asked
                if found:
                    return found
        raise LoginRefused("nobody came back in time; begin again")

    def _pasted(self, typed: socket.socket | TextIO) -> tuple[str, bool]:
        """The code in what was typed, by whole lines, and whether nothing more will come."""
        # Past Python's own buffer, in which a second line would lie unseen by select.
        came = os.read(typed.fileno(), LONGEST_REQUEST)
        *lines, self._typed = (self._typed + came.decode("utf-8", "replace")).split("\n")
        return next((code for line in lines if (code := self._code(line.strip()))), ""), not came

    def _visited(self) -> str:
        visitor, _ = self.listener.accept()
        with visitor, suppress(OSError):
            visitor.settimeout(5)
            first = visitor.recv(LONGEST_REQUEST).decode("latin-1").partition("\r\n")[0].split()
            target = first[1] if len(first) == 3 and first[0] == "GET" else ""
            try:
                found = self._code(target)
            except LoginRefused as refused:
                visitor.sendall(PAGE.format(status="200 OK", text=refused.reason).encode())
                raise
            status = "200 OK" if found else "404 Not Found"
            said = "Signed in. You can close this page." if found else "Nothing is here."
            visitor.sendall(PAGE.format(status=status, text=said).encode())
            return found
        return ""

    def _code(self, address: str) -> str:
        try:
            asked = parse_qs(urlsplit(address).query)
        except ValueError:
            return ""
        # Whoever does not know it was not sent by us.
        if asked.get("state") != [self.state]:
            return ""
        if "error" in asked:
            raise LoginRefused(f"the sign-in was declined: {' '.join(asked['error'])[:200]}")
        return asked.get("code", [""])[0]


@contextmanager
def coming_back(host: str, state: str) -> Iterator[Return]:
    """Listen on a free port of loopback, under the name ``host`` that the provider allows."""
    try:
        listener = socket.create_server(("127.0.0.1", 0))
    except OSError as error:
        raise Misconfigured(f"cannot listen on loopback for the browser: {error.strerror}") from error
    with listener:
        yield Return(listener, f"http://{host}:{listener.getsockname()[1]}", state)
