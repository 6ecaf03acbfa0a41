"""ClamAV's daemon asked about bytes, by its INSTREAM command.

The protocol is one command, chunks with a length before each, and a line back (clamd(8)); the client packages for it
have had no release for years.  Each wait is bounded, and so is the whole.
"""

from __future__ import annotations

import socket
import struct
import time

from processor.config import ScanSettings
from processor.scan import Scan

CHUNK = 1 << 16
LONGEST_LINE = 4096


def scan(settings: ScanSettings, content: bytes) -> Scan:
    """What clamd says of the bytes; ``not_scanned`` with the reason where it says nothing in time.  Never raises."""
    until = time.monotonic() + settings.timeout
    try:
        with _connected(settings) as line:
            line.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), CHUNK):
                _bound(line, until)
                chunk = content[start : start + CHUNK]
                line.sendall(struct.pack("!I", len(chunk)) + chunk)
            line.sendall(struct.pack("!I", 0))
            return _told(_answer(line, until))
    except (BrokenPipeError, ConnectionResetError):
        # It hangs up on what is longer than its StreamMaxLength.
        return Scan("not_scanned", "the scanner hung up: the mail may be longer than its StreamMaxLength")
    except OSError as error:
        return Scan("not_scanned", f"the scanner does not answer: {error}")


def version(settings: ScanSettings) -> str:
    """What the scanner calls itself and its signatures; raises OSError when it does not answer."""
    until = time.monotonic() + settings.timeout
    with _connected(settings) as line:
        line.sendall(b"zVERSION\0")
        return _answer(line, until)


def _connected(settings: ScanSettings) -> socket.socket:
    if settings.clamd.startswith("/"):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(settings.timeout)
            line.connect(settings.clamd)
        except BaseException:
            line.close()
            raise
        return line
    host, _, port = settings.clamd.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), settings.timeout)


def _bound(line: socket.socket, until: float) -> None:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    line.settimeout(left)


def _answer(line: socket.socket, until: float) -> str:
    found = b""
    while b"\0" not in found and len(found) < LONGEST_LINE:
        _bound(line, until)
        more = line.recv(1024)
        if not more:
            break
        found += more
    return found.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _told(answer: str) -> Scan:
    said = answer.removeprefix("stream: ")
    if said == "OK":
        return Scan("clean")
    if said.endswith(" FOUND"):
        return Scan("infected", said.removesuffix(" FOUND"))
    return Scan("not_scanned", f"the scanner said: {said[:200] or 'nothing'}")
