"""A backup of a store in use: whole and private, or not there."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from processor.store import backup as subject
from processor.store import tables as t
from processor.store.backup import MANIFEST, STORE, BackupError, back_up, verify
from processor.store.copying import TableDigest, digests, snapshot
from processor.store.engine import open_file, open_store, upgrade
from processor.store.keep import keep, raw_of
from processor.store.keep_stream import keep_stream
from tests.servers.postgres import Postgres
from tests.store.made import NOW, arrival, count, recorded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "monday"


def test_it_holds_everything_with_the_raw_mails_and_counts_it(engine: Engine, url: str, folder: Path) -> None:
    recorded(engine, 1)
    large = keep_stream(engine, arrival(2, b"", size=2_500_000), iter([b"large"] * 500_000), NOW)
    made = back_up(url, folder, NOW)
    assert {name: made.tables[name].rows for name in ("mail", "raw_mail", "raw_part", "outbox")} == {
        "mail": 2, "raw_mail": 1, "raw_part": 3, "outbox": 1,
    }  # fmt: skip
    assert made.taken_at == NOW
    assert verify(folder) == made
    assert {path.name for path in folder.iterdir()} == {MANIFEST, STORE}
    copy = open_file(folder / STORE)
    assert raw_of(copy, large.mail_id) == b"large" * 500_000
    copy.dispose()


def test_only_its_owner_can_read_it(engine: Engine, url: str, folder: Path) -> None:
    recorded(engine)
    before = os.umask(0)
    try:
        back_up(url, folder, NOW)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {folder.name: 0o700, STORE: 0o600, MANIFEST: 0o600}


def test_it_is_one_moment_of_a_store_that_others_write_to(engine: Engine, url: str, folder: Path) -> None:
    ended = threading.Event()

    def go_on() -> None:
        number = 1
        while not ended.is_set():
            # Each commit has two mails, so that half of one would show.
            keep(engine, [arrival(number, b"mail %d" % number), arrival(number + 1, b"mail %d" % (number + 1))], NOW)
            number += 2

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        while count(engine, t.mail) < 20:
            pass
        made = [back_up(url, folder.with_name(f"number {number}"), NOW) for number in range(3)]
    finally:
        ended.set()
        writer.join()
    rows = [(each.tables["mail"].rows, each.tables["raw_mail"].rows, each.tables["arrival"].rows) for each in made]
    assert all(mails == raws == arrivals and mails % 2 == 0 for mails, raws, arrivals in rows)
    assert sorted(rows) == rows
    assert count(engine, t.mail) > rows[-1][0] > 0


def test_what_is_in_the_write_ahead_log_only_is_in_the_backup(tmp_path: Path, folder: Path) -> None:
    url = f"sqlite:///{tmp_path}/wal.db"
    engine = open_store(url)
    with closing(sqlite3.connect(tmp_path / "wal.db", isolation_level=None)) as reader:
        # A reader keeps the log from being written back.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM mail").fetchone()
        recorded(engine)
        assert (tmp_path / "wal.db-wal").stat().st_size
        assert back_up(url, folder, NOW).tables["mail"].rows == 1
    engine.dispose()


def test_a_name_that_is_taken_is_refused(engine: Engine, url: str, folder: Path) -> None:
    recorded(engine)
    first = back_up(url, folder, NOW)
    with pytest.raises(BackupError, match="exists already"):
        back_up(url, folder, NOW)
    assert verify(folder) == first


def test_a_copy_that_differs_from_the_store_never_gets_the_name(
    engine: Engine, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(engine)
    write = subject._one_file

    def lose(path: Path) -> None:
        write(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            file.execute("DELETE FROM event_text")

    monkeypatch.setattr(subject, "_one_file", lose)
    with pytest.raises(BackupError, match="event_text has 0 rows instead of 1"):
        back_up(url, folder, NOW)
    assert list(folder.parent.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind(
    engine: Engine, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(engine)

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(subject, "_sync", full)
    with pytest.raises(OSError, match="No space left"):
        back_up(url, folder, NOW)
    assert list(folder.parent.iterdir()) == []


def test_verify_names_what_is_wrong(engine: Engine, url: str, folder: Path) -> None:
    recorded(engine)
    back_up(url, folder, NOW)
    path, manifest = folder / STORE, folder / MANIFEST
    whole, said = path.read_bytes(), json.loads(manifest.read_text())

    def wrong(pattern: str) -> None:
        with pytest.raises(BackupError, match=pattern):
            verify(folder)

    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    wrong("its SHA-256 is")
    path.write_bytes(whole[:-4096])
    wrong("bytes instead of")
    path.write_bytes(whole)
    manifest.write_text(json.dumps({**said, "tables": {**said["tables"], "mail": {"rows": 9, "digest": ""}}}))
    wrong("The table mail has 1 rows instead of 9")
    manifest.write_text(json.dumps({**said, "form": 2}))
    wrong("has form 2")
    for nonsense in ("{", "[]", "{}", '{"form": 1}'):
        manifest.write_text(nonsense)
        wrong("is no manifest")
    manifest.unlink()
    wrong("is no backup")
    manifest.write_text(json.dumps(said))
    path.unlink()
    wrong("cannot be read: No such file")


def test_verify_reads_where_nothing_can_be_written(engine: Engine, url: str, folder: Path) -> None:
    recorded(engine)
    back_up(url, folder, NOW)
    before = {path.name: path.stat().st_mtime_ns for path in (folder, *folder.iterdir())}
    verify(folder)
    assert {path.name: path.stat().st_mtime_ns for path in (folder, *folder.iterdir())} == before


def test_the_digests_are_of_the_rows_and_not_of_the_file(engine: Engine, url: str, folder: Path) -> None:
    recorded(engine)
    first = back_up(url, folder, NOW)
    recorded(engine, 2)
    second = back_up(url, folder.with_name("tuesday"), NOW)
    changed = {name for name, each in second.tables.items() if first.tables[name] != each}
    assert {"mail", "outbox", "event"} <= changed
    assert "setting" not in changed
    assert second.tables["person"] == first.tables["person"] == TableDigest(0, second.tables["person"].digest)


def test_a_store_on_postgresql_becomes_the_same_form(postgres: Postgres, folder: Path) -> None:
    url = postgres.url("backed_up")
    upgrade(url)
    engine = open_store(url)
    recorded(engine)
    made = back_up(url, folder, NOW)
    assert made.source == "postgresql"
    assert made.tables["outbox"].rows == 1
    assert {path.name for path in folder.iterdir()} == {MANIFEST, STORE}
    with snapshot(engine) as conn:
        assert digests(conn) == made.tables
    copy = open_store(f"sqlite:///{folder / STORE}")
    assert raw_of(copy, 1) == raw_of(engine, 1)
    copy.dispose()
    engine.dispose()


def test_the_live_store_is_as_it_was(engine: Engine, url: str, folder: Path) -> None:
    recorded(engine)
    back_up(url, folder, NOW)
    recorded(engine, 2)
    with engine.connect() as conn:
        assert conn.execute(select(t.outbox.c.state)).scalars().all() == ["ready", "ready"]
