"""The file in which one login's tokens lie: encrypted, 0600, replaced whole or not at all.

Who renews holds the lock from reading to replacing: a token server that rotates refresh tokens takes each of them
once, and two processes that renew at once would lose the account.  Room for the new file is taken before the server
is asked, so that a full disk is noticed while the old tokens still hold.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from pathlib import Path

from processor import ciphers
from processor.consent import Grant
from processor.world.failures import Misconfigured, Transient

LOOK_SECONDS = 0.05
ROOM_BYTES = 32_768
"""More than two long tokens take, encrypted."""
TIMES = ("expires_at", "given_at", "renewed_at", "ends_at", "refused_at")


class TokenFile:
    """One login's file; ``login`` names it to the operator, ``key`` is asked at each use."""

    def __init__(self, login: str, path: Path, key: Callable[[], str]) -> None:
        self.login, self.path, self._key = login, path, key

    def read(self) -> Grant | None:
        """The tokens; None before the first login.  Misconfigured where the key is another or the file damaged."""
        try:
            sealed = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Misconfigured(f"the tokens in {self.path} cannot be read: {error.strerror}") from error
        try:
            return grant_of(ciphers.open_token(asked(self._key), sealed))
        except (ValueError, TypeError, AttributeError) as error:
            raise Misconfigured(
                f"the tokens in {self.path} do not open with this key: put the old key back, "
                f"or sign in anew with: processor login {self.login}"
            ) from error

    @contextmanager
    def locked(self, seconds: float) -> Iterator[Replacement]:
        """Hold the file against other processes and threads; gives what can replace it.

        Raises Transient when another holds it for longer, Misconfigured when nothing can be written there.
        """
        with self._writable():
            made_folder(self.path.parent)
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            give(lock, self.path.parent)
        try:
            self._take(lock, seconds)
            secret = asked(self._key)
            with self._writable():
                replacement = Replacement(self.path, secret)
            try:
                yield replacement
            finally:
                replacement.forget()
        finally:
            os.close(lock)

    def _take(self, lock: int, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise Transient(
                        f"the tokens of {self.login} are being renewed elsewhere for {seconds:g} s"
                    ) from None
                time.sleep(LOOK_SECONDS)

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Misconfigured(f"tokens cannot be written to {self.path.parent}: {error.strerror}") from error


class Replacement:
    """A new file beside the old one, with room for what is to come."""

    def __init__(self, path: Path, secret: str) -> None:
        self._path, self._secret = path, secret
        self._beside = path.with_name(f"{path.name}.new")
        self._open = os.open(self._beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.fchmod(self._open, 0o600)
        give(self._open, path.parent)
        try:
            os.posix_fallocate(self._open, 0, ROOM_BYTES)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                self.forget()
                raise

    def write(self, grant: Grant) -> None:
        """Put the tokens in the old ones' place, on the disk when this returns."""
        sealed = ciphers.seal_token(self._secret, json.dumps(asdict(grant), default=datetime.isoformat).encode())
        os.lseek(self._open, 0, os.SEEK_SET)
        os.write(self._open, sealed)
        os.ftruncate(self._open, len(sealed))
        os.fsync(self._open)
        self._beside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def forget(self) -> None:
        """Take away what was not used."""
        os.close(self._open)
        self._beside.unlink(missing_ok=True)


def made_folder(folder: Path) -> None:
    """Make a folder and those above it, for their owner alone."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        give(each, each.parent)


def give(made: int | Path, folder: Path) -> None:
    """As root, to whoever owns the folder: else the service could not read what `sudo processor login` wrote."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(made, owner.st_uid, owner.st_gid)


def asked(secret: Callable[[], str]) -> str:
    """A secret by its reference, with a missing one as Misconfigured."""
    try:
        return secret()
    except Exception as missing:
        # loading/secrets.py's own, which the world does not import.
        raise Misconfigured(str(missing)) from missing


def certificate_end(pem: str) -> datetime:
    """When a certificate runs out; Misconfigured where the text holds none."""
    try:
        return ciphers.certificate_end(pem.encode())
    except ValueError as error:
        raise Misconfigured("the application's certificate file holds no certificate") from error


def grant_of(text: bytes) -> Grant:
    """Read what ``write`` wrote; ValueError or TypeError for anything else."""
    known = {each.name for each in fields(Grant)}
    values = {name: value for name, value in json.loads(text).items() if name in known}
    for name in TIMES:
        if values.get(name):
            values[name] = datetime.fromisoformat(values[name])
    return Grant(**values)
