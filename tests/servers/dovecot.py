"""Debian's Dovecot on free ports of 127.0.0.1, for tests and scripts, as root or as anybody.

with Dovecot(users={"oppsigelse": "pw"}) as server:
    server.deliver("oppsigelse", raw)
    ... server.imap_port, server.imaps_port, server.certificates.ca
"""

from __future__ import annotations

import contextlib
import grp
import itertools
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType

from imapclient import IMAPClient
from imapclient.imap_utf7 import encode as modified_utf7

from tests.servers.certificates import Certificate, certificates
from tests.servers.dovecot_configuration import Plan, configuration, introspection

SHARES = 8


class Dovecot:
    """A server with the given users (name to password), started on ``with`` or ``start()``.

    ``without`` are capabilities it hides (``{"MOVE"}``); ``cleartext`` False makes it announce
    LOGINDISABLED before TLS; ``introspection`` is the address where a token server vouches for tokens; ``certificate`` is the good one unless said otherwise.  What it holds
    lies in a folder of its own and goes with ``close()``; ``stop()`` and ``start()`` keep it.
    """

    def __init__(
        self,
        users: Mapping[str, str],
        *,
        without: Collection[str] = (),
        cleartext: bool = True,
        certificate: Certificate | None = None,
        separator: str = "/",
        introspection: str = "",
    ) -> None:
        self.users = dict(users)
        self.certificates = certificates()
        self.home = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self.host = "127.0.0.1"
        self._without, self._cleartext, self._separator = without, cleartext, separator
        self._introspection = introspection
        self._certificate = certificate or self.certificates.good
        self._uid, self._gid = mail_owner()
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.imap_port, self.imaps_port = free_port(), free_port()

    def __enter__(self) -> Dovecot:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Write the configuration and run; returns when the port answers."""
        self._lay_out()
        with (self.home / "out").open("wb") as out:
            self._process = subprocess.Popen(
                [dovecot_program(), "-F", "-c", str(self.home / "dovecot.conf")],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._await_greeting()

    @property
    def pid(self) -> int:
        """The process that all of its others descend from; the server must run."""
        assert self._process
        return self._process.pid

    def stop(self) -> None:
        """End the server and every child of it; mail stays."""
        if self._process is None:
            return
        # Told alone, it waits a second for its children; told together, it only has to reap them.
        for word in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(self._process.pid, word)
                self._process.wait(3)
        self._process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def deliver(self, user: str, raw: bytes, folder: str = "INBOX", when: datetime | None = None) -> None:
        """Put a mail into the Maildir as a delivery agent does; ``when`` becomes its INTERNALDATE."""
        written, seen = self._write(user, raw, folder)
        if when:
            os.utime(written, (when.timestamp(), when.timestamp()))
        written.rename(seen)

    def deliver_at_once(self, user: str, mails: Iterable[bytes], folder: str = "INBOX") -> None:
        """Put many mails into the Maildir so that they appear together, as after an outage."""
        for written, seen in [self._write(user, raw, folder) for raw in mails]:
            written.rename(seen)

    def _write(self, user: str, raw: bytes, folder: str) -> tuple[Path, Path]:
        """A mail's file where no client sees it yet, and its place where they do."""
        name = f"{time.time_ns() // 1_000_000_000}.M{next(self._numbers):09d}P{os.getpid()}.test"
        box = self._box(user, folder)
        written = box / "tmp" / name
        written.write_bytes(raw)
        self._own(written)
        return written, box / "new" / name

    def client(self, user: str) -> IMAPClient:
        """Another mail program, logged in as the user, with no folder opened."""
        client = IMAPClient(self.host, self.imap_port, ssl=False, timeout=10)
        client.login(user, self.users[user])
        return client

    def log(self) -> str:
        """What the server wrote to its log and to standard error."""
        return "".join(
            path.read_text(errors="replace") for path in (self.home / "log", self.home / "out") if path.exists()
        )

    def _lay_out(self) -> None:
        self.home.chmod(0o755)
        self._own(self.home / "mail", make=True)
        for user in self.users:
            self._own(self.home / "mail" / user, make=True)
        users = self.home / "users"
        users.write_text("".join(f"{user}:{{PLAIN}}{password}\n" for user, password in self.users.items()))
        (self.home / "oauth2").write_text(introspection(self._plan()))
        (self.home / "dovecot.conf").write_text(configuration(self._plan(), dovecot_version()))

    def _plan(self) -> Plan:
        owner, group = pwd.getpwuid(self._uid).pw_name, grp.getgrgid(self._gid).gr_name
        root = os.geteuid() == 0
        internal = ("dovenull", "dovecot", "dovecot") if root else (owner, owner, group)
        return Plan(
            self.home, owner, group, *internal, self.imap_port, self.imaps_port,
            self._certificate.cert, self._certificate.key, self._cleartext, self._without, self._separator,
            self._introspection,
        )  # fmt: skip

    def _box(self, user: str, folder: str) -> Path:
        box = self.home / "mail" / user / "Maildir"
        self._own(box, make=True)
        if folder.upper() != "INBOX":
            box /= "." + modified_utf7(folder.replace(self._separator, ".")).decode("ascii")
            self._own(box, make=True)
            (box / "maildirfolder").touch()
            self._own(box / "maildirfolder")
        for part in ("tmp", "new", "cur"):
            self._own(box / part, make=True)
        return box

    def _own(self, path: Path, *, make: bool = False) -> None:
        if make:
            path.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            os.chown(path, self._uid, self._gid)

    def _await_greeting(self) -> None:
        assert self._process is not None
        until = time.monotonic() + 30
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((self.host, self.imap_port), 1) as plain:
                plain.settimeout(2)
                if plain.recv(100).startswith(b"* OK"):
                    return
            time.sleep(0.02)
        raise RuntimeError(f"dovecot did not start:\n{self.log()}")


def mail_owner() -> tuple[int, int]:
    """Dovecot refuses to read mail as root, so root's servers keep it as nobody."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid
    return os.geteuid(), os.getegid()


def dovecot_program() -> str:
    program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise RuntimeError("dovecot is not installed (Debian: apt-get install dovecot-imapd)")
    return program


def dovecot_version() -> tuple[int, int]:
    said = subprocess.run([dovecot_program(), "--version"], check=True, capture_output=True, text=True, timeout=10)
    found = re.match(r"(\d+)\.(\d+)", said.stdout)
    assert found, said.stdout
    return int(found[1]), int(found[2])


def free_port() -> int:
    """A port for a server that is started later.

    Below the range the kernel gives to clients, and of the share of this pytest-xdist worker, so
    that neither takes it before the server does; none is given twice.
    """
    share = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SHARES
    while True:
        port = random.randrange(10_000, 32_000 - SHARES, SHARES) + share
        if port in _GIVEN:
            continue
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            _GIVEN.add(port)
            return port


_GIVEN: set[int] = set()
