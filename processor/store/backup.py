"""A backup: a folder with the whole store as one SQLite file, and a manifest of counts and digests.

It is written beside its place under another name, read back and compared with what was read from the store, and
renamed last, so that what has the name is whole.  A store on PostgreSQL becomes the same form as ``db copy`` makes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from processor import __version__
from processor.store.copying import TableDigest, copy_into, differences, digests, open_target, snapshot
from processor.store.engine import open_file, open_to_read
from processor.store.migrate import code_version
from processor.store.transaction import writing

STORE, MANIFEST = "processor.db", "manifest.json"
FORM = 1


class BackupError(Exception):
    """No backup was made, or one is not whole; ``problems`` are what is wrong, one sentence each."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.  ``taken_at`` (aware UTC) is when its one moment of the store was."""

    form: int
    program: str
    schema: str
    taken_at: datetime
    source: str
    size: int
    sha256: str
    tables: Mapping[str, TableDigest]


def back_up(url: str, folder: Path, now: datetime) -> Manifest:
    """Back the store up into a new folder (mode 0700), while others go on writing, and check what was written.

    Raises BackupError, SchemaError, or what the disk raises; the folder does not exist then.
    """
    folder = folder.absolute()
    if folder.exists():
        raise BackupError(f"{folder} exists already; a backup needs a new name.")
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Made for its owner alone.
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.partial-", dir=folder.parent))
    try:
        _write(url, partial, now)
        made = verify(partial)
        _sync(partial)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    _sync(folder.parent)
    return made


def verify(folder: Path) -> Manifest:
    """Read a backup whole and compare it with its manifest; raises BackupError with all that is wrong.

    The rows of a backup of another schema than this program's are vouched for by the file's SHA-256 alone.
    """
    manifest = read_manifest(folder)
    path = folder / STORE
    try:
        size, sha256 = path.stat().st_size, _sha256(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}.") from None
    if size != manifest.size:
        raise BackupError(f"{path} is not the file that was written: {size} bytes instead of {manifest.size}.")
    if sha256 != manifest.sha256:
        raise BackupError(f"{path} is not the file that was written: its SHA-256 is {sha256}.")
    if faults := _faults(path, manifest):
        raise BackupError(*faults)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """A backup's manifest as it stands there; raises BackupError when it cannot be read."""
    try:
        values: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if values["form"] != FORM:
            raise BackupError(f"{folder} has form {values['form']}; this program knows form {FORM}.")
        tables = {name: TableDigest(**each) for name, each in values["tables"].items()}
        taken_at = datetime.fromisoformat(values["taken_at"])
        return Manifest(**{**values, "tables": tables, "taken_at": taken_at})
    except OSError as error:
        raise BackupError(f"{folder} is no backup: {MANIFEST} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BackupError(f"{folder / MANIFEST} is no manifest of a backup.") from None


def _write(url: str, folder: Path, now: datetime) -> None:
    path = folder / STORE
    # Private before the first byte, whatever the umask.
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    engine = open_to_read(url)
    try:
        with snapshot(engine) as conn:
            if engine.dialect.name == "sqlite":
                tables = digests(conn)
                _copy_pages(conn, path)
            else:
                tables = _copy_tables(conn, path)
    finally:
        engine.dispose()
    _one_file(path)
    manifest = Manifest(
        FORM, __version__, code_version(), now, engine.dialect.name, path.stat().st_size, _sha256(path), tables
    )
    written = folder / MANIFEST
    with open(written, "x", encoding="utf-8", opener=_private) as file:
        json.dump(asdict(manifest), file, indent=1, sort_keys=True, default=datetime.isoformat)
        file.write("\n")
    for each in (path, written):
        _sync(each)


def _copy_pages(conn: Connection, path: Path) -> None:
    """Copy what the connection sees, the write-ahead log's part too, and nothing that was written since."""
    source: Any = conn.connection.driver_connection
    with closing(sqlite3.connect(path)) as target:
        source.backup(target)


def _copy_tables(conn: Connection, path: Path) -> dict[str, TableDigest]:
    target = open_target(f"sqlite:///{path}")
    try:
        with writing(target) as write:
            return copy_into(conn, write)
    finally:
        target.dispose()


def _one_file(path: Path) -> None:
    """Leave a file that needs no other beside it, and can be read where nothing can be written."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = DELETE")


def _faults(path: Path, manifest: Manifest) -> list[str]:
    engine = open_file(path)
    try:
        with snapshot(engine) as conn:
            lines = conn.execute(text("PRAGMA integrity_check(5)")).scalars().all()
            faults = [f"{path} is damaged: {line}." for line in lines if line != "ok"]
            if broken := conn.execute(text("PRAGMA foreign_key_check")).all():
                faults.append(f"{len(broken)} rows point at rows that are not there, the first in {broken[0][0]}.")
            if not faults and manifest.schema == code_version():
                faults = differences(manifest.tables, digests(conn))
            return faults
    except DatabaseError as error:
        return [f"{path} cannot be read: {str(error.orig).splitlines()[0]}."]
    finally:
        engine.dispose()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(path: Path) -> None:
    """Let a file, or a folder's names, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
