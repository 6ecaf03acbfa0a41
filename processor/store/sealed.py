"""The bytes of mails as they lie in the store: in clear, or sealed under a key of the mail's own.

That key stands beside them in ``raw_key``, wrapped under one of the operator's and bound to the mail's digest.  Which
keys a process has, its engine knows (``give_keys``), so that whoever reads bytes needs nothing but a connection.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Function, LargeBinary, Select, Table, func, insert, literal, select, update

from processor.ciphers import HEAD_BYTES as HEAD_BYTES
from processor.ciphers import (
    MARK,
    SEALED_HEAD_BYTES,
    DamagedError,
    DataKey,
    Keyring,
    key_unknown,
)
from processor.store import tables as t
from processor.store.engine import store_key
from processor.store.inserting import insert_rows
from processor.store.transaction import reading

KEYRING = "processor_keyring"
"""An engine's option: the operator's keys, None for none."""
ARRIVING = "arriving:"
"""What stands for the digest of a mail whose bytes are still coming."""


class Raw(NamedTuple):
    """The bytes of a mail that is kept now, or its header where it is not ``whole``."""

    mail_id: int
    digest: str
    content: bytes
    whole: bool


def give_keys(engine: Engine, keyring: Keyring | None) -> None:
    """Let the engine's connections seal and open with these keys."""
    engine.update_execution_options(**{KEYRING: keyring})


def keys_of(conn: Connection) -> Keyring | None:
    """The keys that this process was given."""
    found: Keyring | None = conn.get_execution_options().get(KEYRING)
    return found


def insert_raws(conn: Connection, raws: Sequence[Raw]) -> None:
    """Write the bytes of new mails, sealed where this process has a key for that."""
    if not raws:
        return
    keys = {raw.mail_id: make_key(conn) for raw in raws}
    rows = [
        {"mail_id": raw.mail_id, "content": shut(keys[raw.mail_id], raw.content), "whole": raw.whole} for raw in raws
    ]
    insert_rows(conn, t.raw_mail, rows)
    insert_keys(conn, [(raw.mail_id, keys[raw.mail_id], raw.digest) for raw in raws])


def make_key(conn: Connection) -> DataKey | None:
    """A key for one mail or file, None where this process keeps in clear."""
    keyring = keys_of(conn)
    return keyring.fresh() if keyring and keyring.current else None


def shut(key: DataKey | None, clear: bytes, number: int = 0) -> bytes:
    """The bytes as they are kept; ``number`` counts the pieces of a mail from 1, 0 is a mail in one."""
    return clear if key is None else key.seal(clear, number)


def insert_keys(conn: Connection, made: Sequence[tuple[int, DataKey | None, str]]) -> None:
    """Write the keys of mails, each with the mail's id and digest; None for one in clear."""
    rows = [{"mail_id": mail_id, **wrapped(conn, key, mail_bound(digest))} for mail_id, key, digest in made if key]
    if rows:
        conn.execute(insert(t.raw_key), rows)


def bind_key(conn: Connection, mail_id: int, key: DataKey | None, digest: str) -> None:
    """Bind a mail's key to the digest that it has from now on."""
    if key is not None:
        values = wrapped(conn, key, mail_bound(digest))
        conn.execute(update(t.raw_key).where(t.raw_key.c.mail_id == mail_id).values(values))


def wrapped(conn: Connection, key: DataKey | None, bound: str) -> dict[str, str]:
    """The columns by which a key is kept; empty texts for none."""
    keyring = keys_of(conn)
    if key is None or keyring is None:
        return {"key_id": "", "wrapped": ""}
    return {"key_id": keyring.current, "wrapped": keyring.wrap(key, bound)}


def mail_bound(digest: str) -> str:
    """What a mail's key is bound to."""
    return f"mail {digest}"


def file_bound(outbox_id: int, number: int) -> str:
    """What the key of a file that leaves is bound to."""
    return f"file {outbox_id} {number}"


def with_keys(query: Select[Any]) -> Select[Any]:
    """A query over mails that also gives what ``opened`` needs; a mail's bytes and its key are read in one statement."""
    k = t.raw_key.c
    more = (t.mail.c.digest.label("key_digest"), k.key_id.label("key_id"), k.wrapped.label("key_wrapped"))
    return query.add_columns(*more).outerjoin(t.raw_key, k.mail_id == t.mail.c.id)


def head_of(content: Any) -> Function[bytes]:
    """The beginning of a column of bytes, of which ``opened_head`` makes the mail's first HEAD_BYTES."""
    return func.substr(content, 1, SEALED_HEAD_BYTES, type_=LargeBinary)


def opened(conn: Connection, row: t.AnyRow, content: bytes, number: int = 0) -> bytes:
    """The clear bytes of what a query ``with_keys`` gave; raises NotOpenedError."""
    key = _key(conn, row)
    if key is None:
        clear = bytes(content)
        if clear.startswith(MARK) and not _is_of(conn, clear, row.key_digest):
            raise DamagedError("encrypted, and their key is gone from the store")
        return clear
    return key.open(bytes(content), number)


def opened_head(conn: Connection, row: t.AnyRow, start: bytes, number: int = 0) -> bytes:
    """The mail's first HEAD_BYTES, of what ``head_of`` gave; raises NotOpenedError."""
    key = _key(conn, row)
    if key is not None:
        return key.open_head(bytes(start), number)
    if bytes(start).startswith(MARK):
        # A stranger's mail may begin so too; it is read whole, and its header is not worth that.
        raise DamagedError("encrypted, and their key is gone from the store")
    return bytes(start)[:HEAD_BYTES]


def head_bytes(conn: Connection, mail_id: int) -> bytes:
    """A mail's first HEAD_BYTES, none where nothing is kept of it; raises NotOpenedError."""
    r, p = t.raw_mail.c, t.raw_part.c
    of = t.mail.c.id == mail_id
    queries: tuple[Any, ...] = (
        select(head_of(r.content).label("begin"), literal(0).label("piece")).join_from(t.mail, t.raw_mail).where(of),
        select(head_of(p.content).label("begin"), p.number.label("piece"))
        .join_from(t.mail, t.raw_part)
        .where(of, p.number == 1),
    )
    for query in queries:
        row = conn.execute(with_keys(query)).first()
        if row is not None:
            return opened_head(conn, row, row.begin, row.piece)
    return b""


def raw_of(source: Engine | Connection, mail_id: int) -> bytes:
    """The mail's bytes, or its header where only that could be had.

    Raises KeyError for an unknown mail, NotOpenedError where they are sealed and do not open.
    """
    with reading(source) as conn:
        whole = with_keys(select(t.raw_mail.c.content).join_from(t.mail, t.raw_mail).where(t.mail.c.id == mail_id))
        row = conn.execute(whole).first()
        if row is not None:
            return opened(conn, row, row.content)
        r = t.raw_part.c
        parts = with_keys(select(r.content, r.number).join_from(t.mail, t.raw_part).where(t.mail.c.id == mail_id))
        pieces: list[bytes] = []
        for row in conn.execute(parts.order_by(r.number)):
            pieces.append(opened(conn, row, row.content, row.number))
        if row is None:
            raise KeyError(mail_id)
        found = b"".join(pieces)
        if row.key_id and not row.key_digest.startswith(ARRIVING) and not _is_of(conn, found, row.key_digest):
            # Each piece is right by itself, so one of them is missing.
            raise DamagedError("not whole: a piece of them is gone")
        return found


def opened_file(conn: Connection, row: t.AnyRow) -> bytes:
    """The clear bytes of a row of files that leave; raises NotOpenedError."""
    if not row.key_id:
        return bytes(row.content)
    return _unwrap(conn, row.key_id, row.wrapped, file_bound(row.outbox_id, row.number)).open(bytes(row.content))


def unknown_keys(engine: Engine) -> dict[str, int]:
    """The keys that mails and files are sealed under and that this process was not given, with how many these are."""
    missing: dict[str, int] = {}
    with reading(engine) as conn:
        keyring = keys_of(conn)
        known = keyring.names if keyring else frozenset()
        for table in (t.raw_key, t.outbox_file):
            for name in _names(conn, table):
                if name not in known:
                    count = select(func.count()).select_from(table).where(table.c.key_id == name)
                    missing[name] = missing.get(name, 0) + int(conn.execute(count).scalar_one())
    return missing


def _names(conn: Connection, table: Table) -> list[str]:
    """The key names in use; each is a step in the index, since DISTINCT would read it whole."""
    found: list[str] = []
    while True:
        later = select(func.min(table.c.key_id)).where(table.c.key_id > (found[-1] if found else ""))
        name = conn.execute(later).scalar()
        if name is None:
            return found
        found.append(name)


def _key(conn: Connection, row: t.AnyRow) -> DataKey | None:
    return _unwrap(conn, row.key_id, row.key_wrapped, mail_bound(row.key_digest)) if row.key_id else None


def _unwrap(conn: Connection, name: str, text: str, bound: str) -> DataKey:
    keyring = keys_of(conn)
    if keyring is None:
        raise key_unknown(name)
    return keyring.unwrap(name, text, bound)


def _is_of(conn: Connection, clear: bytes, digest: str) -> bool:
    return hmac.digest(store_key(conn), clear, "sha256").hex() == digest
