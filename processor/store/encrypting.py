"""Encrypting what lies in clear, and going over to a new key of the operator's, in batches beside a running daemon.

A batch is a commit of its own, so that it can be broken off at any time and goes on where it was.  Of mails that were
encrypted before only their keys are wrapped anew: the bytes stay as they lie.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, Select, exists, func, select, text, update

from processor.ciphers import DamagedError, DataKey, Keyring
from processor.store import tables as t
from processor.store.erasing import overwrite
from processor.store.events import Happening, note
from processor.store.sealed import (
    ARRIVING,
    file_bound,
    insert_keys,
    keys_of,
    mail_bound,
    make_key,
    opened,
    opened_file,
    shut,
    with_keys,
    wrapped,
)
from processor.store.transaction import commit, reading

ENCRYPTED = "store.encrypted"
MAILS, KEYS, FILES = 50, 1000, 20
"""Most rows of a batch."""
BATCH_BYTES = 8_000_000
LOG_TRIES, LOG_PAUSE = 3, 0.1


@dataclass(frozen=True, slots=True)
class Step:
    """A batch: how many mails and files were encrypted, how many keys wrapped anew, and what does not open, in words."""

    mails: int = 0
    files: int = 0
    keys: int = 0
    damaged: tuple[str, ...] = ()


def left(engine: Engine) -> int:
    """How many mails and files lie in clear, or under an older key than ``Keyring.current``."""
    counts = [
        select(func.count()).select_from(t.raw_mail).where(_clear(t.raw_mail)),
        select(func.count()).select_from(t.raw_part).where(_clear(t.raw_part), t.raw_part.c.number == 1),
        *(
            select(func.count()).select_from(each).where(each.c.key_id != _ring(engine).current)
            for each in (t.raw_key, t.outbox_file)
        ),
    ]
    with reading(engine) as conn:
        return sum(int(conn.execute(each).scalar_one()) for each in counts)


def encrypt(engine: Engine) -> Iterator[Step]:
    """Encrypt all that lies in clear and wrap all keys under the current one, a batch for each step."""
    ring = _ring(engine)
    for ids in _pages(engine, _whole_in_clear):
        yield commit(engine, partial(_each, work=_seal_whole, ids=ids))
    for ids in _pages(engine, _parts_in_clear):
        # One may be larger than a batch by far.
        yield from (commit(engine, partial(_seal_parts, mail_id=each)) for each in ids)
    k, f = t.raw_key.c, t.outbox_file.c
    for ids in _pages(engine, lambda after: select(k.mail_id).where(k.key_id != ring.current, k.mail_id > after), KEYS):
        yield commit(engine, partial(_wrap_anew, ring=ring, ids=ids))
    older = select(f.outbox_id).distinct().where(f.key_id != ring.current)
    for ids in _pages(engine, lambda after: older.where(f.outbox_id > after), FILES):
        yield commit(engine, partial(_each, work=_seal_files, ids=ids))


def note_encrypted(engine: Engine, done: Step, actor: str, now: datetime) -> None:
    """Write into the audit trail that it was done, and under which key."""
    data = {"key": _ring(engine).current, "mails": done.mails, "files": done.files, "keys": done.keys}
    note(engine, Happening(ENCRYPTED, actor, now, data=data))


def settle(engine: Engine) -> bool:
    """Let what was overwritten leave SQLite's write-ahead log; False when readers kept it there all the time."""
    if engine.dialect.name != "sqlite":
        return True
    with closing(engine.raw_connection()) as raw:
        # Past SQLAlchemy, since it may not stand in a transaction.
        dbapi: Any = raw.driver_connection
        for _ in range(LOG_TRIES):
            busy, *_counts = dbapi.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return True
            time.sleep(LOG_PAUSE)
    return False


def rewrite(engine: Engine) -> None:
    """Write the database's files anew, without the room in which deleted rows may still lie; nobody else may work on it.

    Needs room for the store once more.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        if engine.dialect.name == "sqlite":
            driver: Any = conn.connection.driver_connection
            driver.execute("VACUUM")
        else:
            for table in (t.raw_mail, t.raw_part, t.outbox_file):
                conn.execute(text(f"VACUUM FULL {table.name}"))
    settle(engine)


def _ring(engine: Engine) -> Keyring:
    with reading(engine) as conn:
        ring = keys_of(conn)
    if ring is None or not ring.current:
        raise ValueError("there is no key to encrypt with")
    return ring


def _clear(table: Any) -> Any:
    return ~exists().where(t.raw_key.c.mail_id == table.c.mail_id)


def _pages(engine: Engine, query: Any, size: int = MAILS) -> Iterator[list[int]]:
    """Ids, page by page, after the last one that was seen."""
    after = 0
    while True:
        with reading(engine) as conn:
            found: Select[Any] = query(after)
            rows = conn.execute(found.order_by(next(iter(found.selected_columns))).limit(size)).all()
        if not rows:
            return
        ids = _bounded(rows)
        yield ids
        after = ids[-1]


def _bounded(rows: Sequence[Any]) -> list[int]:
    """The first ids, as many as are no larger together than a batch may be; one at least."""
    ids: list[int] = []
    total = 0
    for row in rows:
        total += row[1] if len(row) > 1 else 0
        if ids and total > BATCH_BYTES:
            break
        ids.append(row[0])
    return ids


def _whole_in_clear(after: int) -> Select[Any]:
    r = t.raw_mail.c
    return select(r.mail_id, t.mail.c.size).join_from(t.raw_mail, t.mail).where(_clear(t.raw_mail), r.mail_id > after)


def _parts_in_clear(after: int) -> Select[Any]:
    p, m = t.raw_part.c, t.mail.c
    coming = m.digest.startswith(ARRIVING, autoescape=True)
    query = select(p.mail_id, m.size).join_from(t.raw_part, t.mail).where(_clear(t.raw_part), p.number == 1, ~coming)
    return query.where(p.mail_id > after)


def _seal_whole(conn: Connection, mail_id: int) -> Step:
    r = t.raw_mail.c
    query = with_keys(select(r.content).join_from(t.mail, t.raw_mail).where(r.mail_id == mail_id))
    row = conn.execute(query.with_for_update(of=t.raw_mail)).first()
    if row is None or row.key_id:
        # Erased, or encrypted by another, meanwhile.
        return Step()
    try:
        clear = opened(conn, row, row.content)
    except DamagedError as error:
        return Step(damaged=(f"m{mail_id}: its bytes are {error}",))
    key = make_key(conn)
    conn.execute(update(t.raw_mail).where(r.mail_id == mail_id).values(content=shut(key, clear)))
    insert_keys(conn, [(mail_id, key, row.key_digest)])
    return Step(mails=1)


def _seal_parts(conn: Connection, mail_id: int) -> Step:
    """All pieces of one mail, one in memory at a time."""
    p = t.raw_part.c
    numbers = (
        conn.execute(select(p.number).where(p.mail_id == mail_id).order_by(p.number).with_for_update()).scalars().all()
    )
    digest = conn.execute(select(t.mail.c.digest).where(t.mail.c.id == mail_id, _clear_mail())).scalar()
    if not numbers or digest is None:
        return Step()
    overwrite(conn)
    key = make_key(conn)
    for number in numbers:
        piece = p.mail_id == mail_id, p.number == number
        clear = bytes(conn.execute(select(p.content).where(*piece)).scalar_one())
        conn.execute(update(t.raw_part).where(*piece).values(content=shut(key, clear, number)))
    insert_keys(conn, [(mail_id, key, digest)])
    return Step(mails=1)


def _clear_mail() -> Any:
    return ~exists().where(t.raw_key.c.mail_id == t.mail.c.id)


def _wrap_anew(conn: Connection, ring: Keyring, ids: Sequence[int]) -> Step:
    k = t.raw_key.c
    query = select(k.mail_id, k.key_id, k.wrapped, t.mail.c.digest).join_from(t.raw_key, t.mail)
    done, damaged = 0, []
    for row in conn.execute(query.where(k.mail_id.in_(ids), k.key_id != ring.current)).all():
        try:
            key = ring.unwrap(row.key_id, row.wrapped, mail_bound(row.digest))
        except DamagedError as error:
            damaged.append(f"m{row.mail_id}: its key is {error}")
            continue
        # One that is bound to another digest meanwhile, when its last piece came, was wrapped by a daemon with this key.
        same = k.mail_id == row.mail_id, k.wrapped == row.wrapped
        values = wrapped(conn, key, mail_bound(row.digest))
        done += conn.execute(update(t.raw_key).where(*same).values(values)).rowcount
    return Step(keys=done, damaged=tuple(damaged))


def _seal_files(conn: Connection, outbox_id: int) -> Step:
    """The files of one reply: encrypted, or their keys wrapped anew."""
    f, ring = t.outbox_file.c, keys_of(conn)
    assert ring
    steps = []
    numbers = conn.execute(select(f.number).where(f.outbox_id == outbox_id, f.key_id != ring.current)).scalars().all()
    for number in numbers:
        here = f.outbox_id == outbox_id, f.number == number
        row = conn.execute(select(t.outbox_file).where(*here).with_for_update()).first()
        if row is None or row.key_id == ring.current:
            continue
        bound = file_bound(outbox_id, number)
        try:
            if row.key_id:
                key = ring.unwrap(row.key_id, row.wrapped, bound)
                values: dict[str, object] = {**wrapped(conn, key, bound)}
            else:
                fresh: DataKey | None = make_key(conn)
                values = {"content": shut(fresh, opened_file(conn, row)), **wrapped(conn, fresh, bound)}
        except DamagedError as error:
            steps.append(Step(damaged=(f"file {number} of r{outbox_id}: its key is {error}",)))
            continue
        conn.execute(update(t.outbox_file).where(*here).values(values))
        steps.append(Step(keys=1) if row.key_id else Step(files=1))
    return summed(steps)


def _each(conn: Connection, work: Callable[[Connection, int], Step], ids: Sequence[int]) -> Step:
    overwrite(conn)
    return summed([work(conn, each) for each in ids])


def summed(steps: Iterable[Step]) -> Step:
    """Several batches as one."""
    mails = files = keys = 0
    damaged: tuple[str, ...] = ()
    for each in steps:
        mails, files, keys = mails + each.mails, files + each.files, keys + each.keys
        damaged += each.damaged
    return Step(mails, files, keys, damaged)
