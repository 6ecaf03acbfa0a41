"""Restoring a backup into an empty store, so that nothing is done twice that was done since it was taken.

The store that was lost went on after the backup: it answered mail, staff sent drafts and released what was held.
Nobody here knows of it.  So every reply that had not left waits for an operator (``restored.py``), and no mail that
the mailbox got before the restore is answered by itself.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Engine, delete, func, select, update

from processor.store import tables as t
from processor.store.backup import STORE, BackupError, Manifest, verify
from processor.store.copying import copy_into, open_target, require_same, snapshot
from processor.store.engine import open_file, upgrade
from processor.store.events import Happening, write_event
from processor.store.gone_back import forget_mark
from processor.store.keep_stream import forget_halves
from processor.store.migrate import code_version, known_versions
from processor.store.replies import OBSERVE
from processor.store.settings import put_setting
from processor.store.transaction import writing
from processor.store.transitions import FREE, TRANSITIONS, move
from processor.ticket import MailState, OutboxState

RESTORED = "restored"
"""The setting that tells, as JSON, when a backup was restored, when it was taken, and by whom."""
LOOK_BACK = "look_back:"
"""The beginning of a setting for each account: since when the lost store may have moved mail into other folders."""
HOLD_RESTORED = "restored from a backup: it may have been sent since"
IN_DOUBT = "the backup was taken while it was being sent"
# A mail server's clock may be this much ahead of ours (threats.md T95), and what it got before the restore would look newer.
CLOCKS_APART = timedelta(minutes=5)


class Came(NamedTuple):
    """How many replies wait, are in doubt, and reminders were dropped."""

    held: int
    in_doubt: int
    reminders: int


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: the backup's manifest, and how many replies wait, are in doubt, and reminders were dropped."""

    manifest: Manifest
    held: int
    in_doubt: int
    reminders: int


def restore(folder: Path, url: str, actor: str, now: datetime) -> Restored:
    """Restore a backup into an empty store, all or nothing, and hold what had not left.

    Nobody else may work on the store: hold ``lock.nobody_else``.  Raises BackupError where the backup is not whole
    or newer than this program, CopyError where the store is not empty.
    """
    manifest = verify(folder)
    if manifest.schema not in known_versions():
        raise BackupError(f"{folder} was made by a newer program ({manifest.program}); this one cannot read it.")
    with _of_our_schema(folder / STORE, manifest) as path:
        source = open_file(path)
        target = open_target(url)
        try:
            with snapshot(source) as read, writing(target) as write:
                copied = copy_into(read, write)
                if manifest.schema == code_version():
                    require_same(manifest.tables, copied)
                came = _come_back(write, manifest.taken_at, manifest.sha256, actor, now)
                forget_mark(target)
                return Restored(manifest, *came)
        finally:
            source.dispose()
            target.dispose()


def accept_older(engine: Engine, actor: str, now: datetime) -> Came:
    """Go on with a store that has gone back (``gone_back``), as with a backup of the time of its newest event.

    Nobody else may work on the store.
    """
    with writing(engine) as conn:
        newest = conn.execute(select(func.max(t.event.c.at))).scalar() or now
        came = _come_back(conn, newest, "", actor, now)
    forget_mark(engine)
    return came


@contextmanager
def _of_our_schema(path: Path, manifest: Manifest) -> Iterator[Path]:
    """The backup's file, or an upgraded copy of it while the block runs: the backup stays as it is."""
    if manifest.schema == code_version():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="processor-restore-") as room:
        copy = Path(room) / STORE
        shutil.copyfile(path, copy)
        upgrade(f"sqlite:///{copy}")
        yield copy


def _come_back(conn: Connection, taken_at: datetime, sha256: str, actor: str, now: datetime) -> Came:
    forget_halves(conn)
    # Of daemons that are gone.
    conn.execute(delete(t.lease))
    # Whoever was signed out, or whose key was ended, since then would be let in again.
    for opens in (t.desk_session, t.desk_link, t.sign_in_step, t.api_token):
        conn.execute(delete(opens))
    claimed = (t.mail.c.state == MailState.KEPT.value, t.mail.c.claimed_by.is_not(None))
    conn.execute(update(t.mail).where(*claimed).values(claimed_by=None, claimed_until=None))
    _answer_nothing_older(conn, now)
    reminders = conn.execute(update(t.item).where(t.item.c.follow_up_at <= now).values(follow_up_at=None)).rowcount
    held, in_doubt = _hold_outbox(conn, actor, now)
    for account in conn.execute(select(t.mailbox.c.account)).scalars().all():
        put_setting(conn, LOOK_BACK + account, taken_at.isoformat(), actor, now)
    facts = {"at": now.isoformat(), "taken_at": taken_at.isoformat(), "by": actor}
    put_setting(conn, RESTORED, json.dumps(facts), actor, now)
    counts = {"sha256": sha256, "held": held, "in_doubt": in_doubt, "reminders": reminders}
    write_event(conn, Happening("store.restored", actor, now, data={**facts, **counts}))
    return Came(held, in_doubt, reminders)


def _answer_nothing_older(conn: Connection, now: datetime) -> None:
    """What the mailboxes got until now is kept and listed.

    When they were last read stays as it was: no reminder leaves before the answers since then are read.
    """
    from_now = now + CLOCKS_APART
    conn.execute(update(t.mailbox).where(t.mailbox.c.answer_from < from_now).values(answer_from=from_now))


def _hold_outbox(conn: Connection, actor: str, now: datetime) -> tuple[int, int]:
    o = t.outbox.c
    waiting = [state.value for state in TRANSITIONS["restored"].sources]
    query = select(o.id, o.state, o.hold_reason, o.due_at)
    held = conn.execute(query.where(o.state.in_(waiting), o.hold_reason != OBSERVE).order_by(o.id)).all()
    for row in held:
        # By this ``restored.release`` knows what it was.
        was = {"was": row.state, "reason": row.hold_reason, "timed": row.due_at is not None}
        values = {"hold_reason": HOLD_RESTORED, "due_at": None, **FREE}
        move(conn, "restored", row.id, actor, now, values=values, data=was)
    broken = conn.execute(select(o.id).where(o.state == OutboxState.SENDING.value).order_by(o.id)).scalars().all()
    for one in broken:
        # A confirmation too, which a crash alone would let be sent again.
        move(conn, "unknown", one, actor, now, values={"error": IN_DOUBT, **FREE}, text=IN_DOUBT)
    return len(held), len(broken)
