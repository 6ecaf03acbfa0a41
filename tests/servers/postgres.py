"""A PostgreSQL of its own on a free port of 127.0.0.1, as root or as anybody; nothing where none is installed.

with Postgres() as server:
    ... server.url("name")       an empty database, made at once
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from sqlalchemy import Connection, Engine, text

from processor.store.engine import connect, upgrade
from tests.servers.dovecot import free_port
from tests.servers.rooms import emptied, schema

T = TypeVar("T")


def installed() -> bool:
    """Whether there is a PostgreSQL to start."""
    return bool(shutil.which("initdb", path=_path()) and shutil.which("pg_ctl", path=_path()))


class Postgres:
    """A cluster whose files go with ``close()``; it need not survive a power cut, so it does not ``sync`` unless told."""

    def __init__(self, *, sync: bool = False) -> None:
        self.sync = "on" if sync else "off"
        self.home = Path(tempfile.mkdtemp(prefix="postgres-"))
        self.port = free_port()
        self._rooms = itertools.count()
        self._template = self._as_new = ""
        self._free: list[str] = []
        self._beside: dict[str, Engine] = {}
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            shutil.chown(self.home, self._user)

    def __enter__(self) -> Postgres:
        try:
            self._run("initdb", "-D", str(self.data), "-U", "processor", "-A", "trust", "-E", "UTF8", "--no-sync")
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
        """Start, or start again after ``stop``."""
        options = f"-p {self.port} -k {self.home} -c listen_addresses=127.0.0.1 -c fsync={self.sync}"
        self._run("pg_ctl", "-D", str(self.data), "-w", "-l", str(self.home / "log"), "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        """Stop as an operator does (``fast``) or as a crash does (``immediate``); the data stays."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", how, "stop")

    def standby(self) -> Postgres:
        """A running copy of this server that follows it, to be closed; commits wait for it from now on."""
        other = Postgres()
        source = f"host=127.0.0.1 port={self.port} user=processor application_name=standby"
        try:
            self._run("pg_basebackup", "-D", str(other.data), "-d", source, "-R", "-c", "fast", "--no-sync")
            other.start()
            self._tell("ALTER SYSTEM SET synchronous_standby_names = 'standby'", "SELECT pg_reload_conf()")
        except BaseException:
            other.close()
            raise
        return other

    def promote(self) -> None:
        """Make the standby the primary."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "promote")

    @property
    def data(self) -> Path:
        return self.home / "data"

    def close(self) -> None:
        """Stop and forget everything."""
        for each in self._beside.values():
            each.dispose()
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")
        shutil.rmtree(self.home, ignore_errors=True)

    def url(self, name: str) -> str:
        """The URL of a new database, whose text sorts as Norwegians sort and not by bytes."""
        self._tell(f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'nb'")
        return self._url(name)

    @contextmanager
    def room(self, *, migrated: bool = False) -> Iterator[str]:
        """The URL of a database for one test, empty or with the schema of a store; nothing in it outlives the block."""
        if migrated and self._free:
            name = self._free.pop()
        else:
            name = f"room_{next(self._rooms)}"
            self._make(name, migrated)
        try:
            yield self._url(name)
        finally:
            if migrated and self._emptied(name):
                self._free.append(name)
            else:
                if name in self._beside:
                    self._beside.pop(name).dispose()
                self._tell(f"DROP DATABASE {name} WITH (FORCE)")

    def _make(self, name: str, migrated: bool) -> None:
        if not migrated:
            self.url(name)
            return
        if not self._template:
            self._template = "template_store"
            upgrade(self.url(self._template))
        self._tell(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        if not self._as_new:
            self._as_new = self._in(name, schema)

    def _emptied(self, name: str) -> bool:
        return self._in(name, partial(emptied, as_new=self._as_new))

    def _in(self, name: str, ask: Callable[[Connection], T]) -> T:
        """Ask on a connection to this database that stays: what a new one has to learn costs more than most questions."""
        if name not in self._beside:
            self._beside[name] = connect(self._url(name))
        with self._beside[name].connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            return ask(conn)

    def _tell(self, *statements: str) -> None:
        admin = connect(self._url("postgres"))
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            for each in statements:
                conn.execute(text(each))
        admin.dispose()

    def _url(self, name: str) -> str:
        return f"postgresql://processor@127.0.0.1:{self.port}/{name}"

    def _run(self, *command: str) -> None:
        environment: Mapping[str, str] = {**os.environ, "PATH": _path()}
        subprocess.run(
            command, check=True, cwd=self.home, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, user=self._user if os.getuid() == 0 else None,
        )  # fmt: skip


def _path() -> str:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)])
