"""The embedded default: both servers on loopback, a configuration that uses them, and the demo mails."""

from __future__ import annotations

import imaplib
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, make_msgid
from pathlib import Path

from processor.config import Config
from processor.demo.smtpd import AUTHSERV_ID, serve, stamp
from processor.loading.configuration import load_config

ADDRESSES = {
    "oppsigelse@visma.no": "oppsigelse",
    "oppsigelse@visma.com": "oppsigelse",
    "skysupport@visma.com": "skysupport",
    "skysupport@visma.no": "skysupport",
}
PURPOSES = {"oppsigelse": "termination", "skysupport": "support"}
USER = "kundesenter"
MAILS = Path(__file__).parent / "mails"
IMAP_PORT, SMTP_PORT, DESK_PORT = 1143, 2525, 8080
START_SECONDS = 15
HEAD = """# Written by `processor demo` at each start; look at its store with: processor queue list -c var/demo.toml
[company]
key = {{ file = "demo-key" }}
own_addresses = [{own}]
authserv_ids = ["{authserv_id}"]
[store]
url = "sqlite:///processor.db"
[rules]
rules = "{rules}"
templates = "{templates}"
[answers]
level = "automatic"
# The same customers write at each start, so the usual few answers a day would hide the road.
per_sender = 100
per_domain = 1000
[contracts]
path = "{contracts}"
[smtp]
host = "127.0.0.1"
port = {smtp_port}
tls = "plain"
from_address = "oppsigelse@visma.no"
from_name = "Kundesenteret"
[run]
workers = 0
[desk]
listen = "127.0.0.1:{desk_port}"
demo = true
"""
BOX = """[[mailbox]]
name = "{folder}"
purpose = "{purpose}"
host = "127.0.0.1"
port = {port}
tls = "plain"
user = "{user}"
password = {{ file = "demo-password" }}
folder = "{folder}"
poll_seconds = 5
"""


class EmbeddedServerError(Exception):
    """A server of the embedded default did not start; the text says what it said."""


@dataclass(frozen=True)
class Embedded:
    """The running servers; ``put`` delivers a mail into one of our folders."""

    imap_port: int
    smtp_port: int
    password: str
    sent: Path
    box: imaplib.IMAP4
    lock: threading.Lock

    def put(self, folder: str, raw: bytes) -> None:
        with self.lock:
            self.box.append(folder, "", imaplib.Time2Internaldate(time.time()), raw)


@contextmanager
def embedded(var: Path) -> Iterator[Embedded]:
    """Start both servers, give what the program needs to use them, and stop them at the end."""
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Hexadecimal: a password that begins with "-" is an option to the server's command line.
    password = secrets.token_hex(12)
    server, imap_port, box = _start_imap(password, var / "demo-imap.log")
    try:
        smtp_port = free_port(SMTP_PORT)
        running = Embedded(imap_port, smtp_port, password, var / "demo-sent", box, threading.Lock())
        receiver = serve(ADDRESSES, running.put, running.sent, smtp_port)
        try:
            yield running
        finally:
            receiver.stop()
            box.shutdown()
    finally:
        server.terminate()
        server.wait(5)


def configuration(running: Embedded, var: Path) -> Config:
    """Write var/demo.toml, so that every other command can look at the demo's store too, and load it.

    Everything is automatic, since the demo's customers are ours.
    """
    here = Path(__file__).parent.parent.parent
    rules, templates = (Path(name) if Path(name).is_dir() else here / name for name in ("rules", "templates"))
    _private(var / "demo-key", secrets.token_urlsafe(32), keep=True)
    _private(var / "demo-password", running.password, keep=False)
    head = HEAD.format(
        own=", ".join(f'"{address}"' for address in ADDRESSES),
        authserv_id=AUTHSERV_ID,
        rules=rules.absolute().as_posix(),
        templates=templates.absolute().as_posix(),
        contracts=(MAILS.parent / "contracts.csv").as_posix(),
        smtp_port=running.smtp_port,
        desk_port=free_port(DESK_PORT),
    )
    boxes = (
        BOX.format(folder=folder, purpose=purpose, user=USER, port=running.imap_port)
        for folder, purpose in PURPOSES.items()
    )
    path = var / "demo.toml"
    path.write_text(head + "".join(boxes), encoding="utf-8")
    return load_config(path)


def deliver_demo_mails(running: Embedded) -> int:
    """Deliver a new set of the shipped mails, each with the Date and Message-ID of now; returns how many."""
    files = sorted(MAILS.glob("*.eml"))
    for number, file in enumerate(files):
        raw = file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        sender = _header(raw, b"from").rpartition(b"<")[2].strip(b"<> \r\n").decode("ascii", "replace")
        to = _header(raw, b"to").rpartition(b"<")[2].strip(b"<> \r\n").decode("ascii", "replace").lower()
        mail_from = "" if b"return-path: <>" in raw.lower() else sender
        now = datetime.now(UTC)
        domain = sender.rpartition("@")[2] or "localhost"
        dated = f"Date: {format_datetime(now)}\r\nMessage-ID: {make_msgid(domain=domain)}\r\n".encode()
        running.put(ADDRESSES.get(to, "skysupport"), stamp(dated + raw, mail_from, now, number))
    return len(files)


def free_port(wanted: int) -> int:
    """The wanted loopback port, or any free one when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on loopback")


def _start_imap(password: str, log: Path) -> tuple[subprocess.Popen[bytes], int, imaplib.IMAP4]:
    """Start the IMAP server on its usual port; another program may take that port first, then on any."""
    for wanted in (IMAP_PORT, 0):
        port = free_port(wanted)
        command = [sys.executable, "-m", "processor.demo.imapd", str(port), USER, password]
        with log.open("wb") as out:
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)  # noqa: S603  (ours)
        try:
            return server, port, _connect(port, password, server, log)
        except EmbeddedServerError:
            server.kill()
            server.wait(5)
            if not wanted:
                raise
    raise AssertionError("unreachable")


def _connect(port: int, password: str, server: subprocess.Popen[bytes], log: Path) -> imaplib.IMAP4:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            box = imaplib.IMAP4("127.0.0.1", port, timeout=10)
        except OSError as error:
            if time.monotonic() > deadline or server.poll() is not None:
                said = log.read_text(errors="replace").strip().splitlines()[-1:] or [str(error)]
                raise EmbeddedServerError(f"The embedded IMAP server did not start: {said[0]}") from error
            time.sleep(0.05)
            continue
        try:
            box.login(USER, password)
        except imaplib.IMAP4.error as error:
            box.shutdown()
            # Another demo, which took the port after we had found it free.
            raise EmbeddedServerError(f"Another IMAP server answers on port {port}: {error}") from error
        for folder in PURPOSES:
            box.create(folder)
        return box


def _header(raw: bytes, name: bytes) -> bytes:
    for line in raw.split(b"\r\n\r\n", 1)[0].split(b"\r\n"):
        if line.lower().startswith(name + b":"):
            return line.split(b":", 1)[1]
    return b""


def _private(path: Path, text: str, *, keep: bool) -> None:
    if keep and path.exists():
        return
    path.touch(mode=0o600)
    path.write_text(text, encoding="ascii")
