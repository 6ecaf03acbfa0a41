"""A real SQLite file on tmpfs, the failures of a disk under it, and a log of what was committed, kept by triggers."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from processor.store.engine import connect, open_store

WRITES = ("INSERT", "UPDATE", "DELETE")
FAULTS = ("full", "at a write", "before commit", "after commit")
DIGEST_KEY = bytes.fromhex("5a" * 32)
PEOPLE = ("Kari", "Ola", "Siv")

# Every change that the laws speak of, in the transaction that makes it.
TRIGGERS = """
CREATE TABLE sim_log (n INTEGER PRIMARY KEY, what TEXT, id INTEGER, old TEXT, new TEXT, a TEXT, b TEXT, c TEXT, d TEXT);
CREATE TRIGGER sim_outbox_new AFTER INSERT ON outbox BEGIN
  INSERT INTO sim_log (what, id, old, new, a, b, c, d)
  VALUES ('reply', NEW.id, '', NEW.state, NEW.automatic, NEW.kind, NEW.attempted_at, NEW.leave_before); END;
CREATE TRIGGER sim_outbox AFTER UPDATE OF state ON outbox BEGIN
  INSERT INTO sim_log (what, id, old, new, a, b, c, d)
  VALUES ('reply', NEW.id, OLD.state, NEW.state, NEW.automatic, NEW.kind, NEW.attempted_at, NEW.leave_before); END;
CREATE TRIGGER sim_action_new AFTER INSERT ON action BEGIN
  INSERT INTO sim_log (what, id, old, new, a, b) VALUES ('action', NEW.id, '', NEW.state, NEW.needs, NEW.version); END;
CREATE TRIGGER sim_action AFTER UPDATE OF state ON action WHEN OLD.state <> NEW.state BEGIN
  INSERT INTO sim_log (what, id, old, new, a, b)
  VALUES ('action', NEW.id, OLD.state, NEW.state, NEW.needs, OLD.version); END;
CREATE TRIGGER sim_mail_new AFTER INSERT ON mail BEGIN
  INSERT INTO sim_log (what, id, old, new) VALUES ('mail', NEW.id, '', NEW.state); END;
CREATE TRIGGER sim_mail AFTER UPDATE OF state, ticket_id ON mail
WHEN OLD.state <> NEW.state OR OLD.ticket_id IS NOT NEW.ticket_id BEGIN
  INSERT INTO sim_log (what, id, old, new, a, b, c)
  VALUES ('mail', NEW.id, OLD.state, NEW.state, OLD.ticket_id, NEW.ticket_id, NEW.reason); END;
CREATE TRIGGER sim_switch_new AFTER INSERT ON setting WHEN NEW.name = 'answers_stopped' BEGIN
  INSERT INTO sim_log (what, new) VALUES ('switch', NEW.value); END;
CREATE TRIGGER sim_switch AFTER UPDATE ON setting WHEN NEW.name = 'answers_stopped' BEGIN
  INSERT INTO sim_log (what, new) VALUES ('switch', NEW.value); END;
CREATE TRIGGER sim_mark_new AFTER INSERT ON watermark BEGIN
  INSERT INTO sim_log (what, id, old, new, a, b)
  VALUES ('watermark', NEW.last_uid, 0, NEW.uidvalidity, NEW.account, NEW.folder); END;
CREATE TRIGGER sim_mark AFTER UPDATE ON watermark BEGIN
  INSERT INTO sim_log (what, id, old, new, a, b)
  VALUES ('watermark', NEW.last_uid, OLD.last_uid, NEW.uidvalidity, NEW.account, NEW.folder); END;
CREATE TRIGGER sim_raw AFTER DELETE ON raw_mail BEGIN
  INSERT INTO sim_log (what, id) VALUES ('bytes gone', OLD.mail_id); END;
CREATE TRIGGER sim_ticket AFTER INSERT ON ticket BEGIN
  INSERT INTO sim_log (what, id, new) VALUES ('ticket', NEW.id, NEW.state); END;
"""

Change = tuple[int, str, int, str, str, str, str, str, str]


class Disk:
    """The store's file; ``engine`` is one for all runs, so that statements are compiled once."""

    def __init__(self) -> None:
        shared = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(prefix="simulator-", dir=shared if shared.is_dir() else None))
        self.pause: Callable[[str], None] = lambda _: None
        self.running: Callable[[], bool] = lambda: False
        self.faults: list[str] = []
        self.full = False
        self.template = self._make_template()
        self.path = self.folder / "store.db"
        self.engine = self._connect()
        self.reader: sqlite3.Connection | None = None
        self.holder: sqlite3.Connection | None = None

    def close(self) -> None:
        self.hang_up()
        shutil.rmtree(self.folder, ignore_errors=True)

    def hang_up(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        for each in (self.reader, self.holder):
            if each is not None:
                each.close()
        self.reader = self.holder = None

    def renew(self) -> None:
        """An empty store for a new run."""
        self.hang_up()
        self.faults.clear()
        self.full = False
        for end in ("", "-wal", "-shm"):
            Path(f"{self.path}{end}").unlink(missing_ok=True)
        shutil.copyfile(self.template, self.path)
        self.path.chmod(0o600)
        self.reader = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self.holder = sqlite3.connect(self.path, isolation_level=None, timeout=0, check_same_thread=False)
        self.engine.pool._max_overflow = 90  # type: ignore[attr-defined]

    def ask(self, query: str, *values: object) -> list[Any]:
        """Read beside the program, what is committed."""
        assert self.reader
        return self.reader.execute(query, values).fetchall()

    def hold(self) -> None:
        """A second program takes the write lock, as a backup does."""
        assert self.holder
        if not self.holder.in_transaction:
            self.holder.execute("BEGIN IMMEDIATE")

    def let_go(self) -> None:
        assert self.holder
        if self.holder.in_transaction:
            self.holder.execute("ROLLBACK")

    def meets(self, fault: str) -> bool:
        if not self.running() or fault not in self.faults:
            return False
        self.faults.remove(fault)
        return True

    def _make_template(self) -> Path:
        path = self.folder / "template" / "store.db"
        open_store(f"sqlite:///{path}").dispose()
        conn = sqlite3.connect(path)
        conn.execute("UPDATE setting SET value = ? WHERE name = 'digest_key'", (DIGEST_KEY.hex(),))
        for name in PEOPLE:
            conn.execute(
                "INSERT INTO person (name, salt, secret, active, added_at) VALUES (?, '', '', 1, '2026-01-01')", (name,)
            )
        conn.commit()
        conn.executescript(TRIGGERS)
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        conn.close()
        return path

    def _connect(self) -> Engine:
        engine = connect(f"sqlite:///{self.path}")

        @event.listens_for(engine, "do_connect")
        def faulty(_dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
            parameters["check_same_thread"] = False
            parameters["factory"] = lambda *given, **named: FaultyConnection(self, *given, **named)

        plain = engine.connect

        def paused() -> Any:
            self.pause("store")
            return plain()

        # Every transaction of the program begins here.
        engine.connect = paused  # type: ignore[method-assign]
        return engine


class FaultyConnection(sqlite3.Connection):
    """A connection whose writes and commits may fail, before or after they took effect."""

    def __init__(self, disk: Disk, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.disk = disk

    def cursor(self, factory: Any = None) -> Any:
        return super().cursor(FaultyCursor)

    def commit(self) -> None:
        if self.in_transaction and self.disk.meets("before commit"):
            raise sqlite3.OperationalError("disk I/O error")
        after = self.in_transaction and self.disk.meets("after commit")
        super().commit()
        if after:
            raise sqlite3.OperationalError("the connection was lost in COMMIT")


class FaultyCursor(sqlite3.Cursor):
    def execute(self, sql: str, parameters: Any = ()) -> Any:
        self._check(sql)
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any) -> Any:
        self._check(sql)
        return super().executemany(sql, parameters)

    def _check(self, sql: str) -> None:
        disk: Disk = self.connection.disk  # type: ignore[attr-defined]
        if (disk.full or disk.faults) and sql.lstrip()[:6].upper() in WRITES:
            if (disk.full and disk.running()) or disk.meets("full"):
                raise sqlite3.OperationalError("database or disk is full")
            if disk.meets("at a write"):
                raise sqlite3.OperationalError("disk I/O error")
