"""How far each folder is read, and which mails the server has still to be told about."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, Connection, Engine, and_, bindparam, exists, insert, or_, select, update

from processor.store import tables as t
from processor.store.columns import Utc
from processor.store.inserting import insert_rows
from processor.store.prepared import Prepared, Query
from processor.store.transaction import commit, reading, writing
from processor.ticket import MailState

# Databases bound the number of parameters of a statement.
CHUNK = 500

# Built once: every batch asks, and every pass over a folder.
_A, _W, _M = t.arrival.c, t.watermark.c, t.mail.c
IN_FOLDER = and_(
    _A.account == bindparam("in_account"),
    _A.folder == bindparam("in_folder"),
    _A.uidvalidity == bindparam("in_validity"),
)
"""An arrival's folder, for statements that are built once; ``in_folder`` gives its parameters."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """The last UID that is kept; ``answer_from`` is None before the account's first start."""

    account: str
    folder: str
    uidvalidity: int
    last_uid: int
    answer_from: datetime | None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A mail that is decided or set aside here, which the server has not been told.

    ``handled``: decided, and no person has to look at it.
    """

    uid: int
    state: MailState
    mail_id: int
    handled: bool


def watermark(engine: Engine, account: str, folder: str) -> Watermark | None:
    """How far a folder is read, None if never."""
    with reading(engine) as conn:
        for row in _MARK.rows(conn, {"account": account, "folder": folder}):
            return Watermark(account, folder, row.uidvalidity, row.last_uid, row.answer_from)
    return None


def advance(engine: Engine, account: str, folder: str, uidvalidity: int, last_uid: int) -> None:
    """Move the watermark on; never back under the same UIDVALIDITY, and to ``last_uid`` under a new one."""
    commit(engine, lambda conn: _advance(conn, account, folder, uidvalidity, last_uid))


def first_start(engine: Engine, account: str, now: datetime) -> datetime:
    """The time of the account's first start: ``now`` the first time, the same ever after."""
    with reading(engine) as conn:
        found = _started(conn, account)
    return found or commit(engine, lambda conn: _first_start(conn, account, now))


def known_uids(engine: Engine, account: str, folder: str, uidvalidity: int, uids: Collection[int]) -> set[int]:
    """Those of ``uids`` that are kept already; their INTERNALDATE and size are not compared."""
    found: set[int] = set()
    with reading(engine) as conn:
        for part in chunks(sorted(uids)):
            query = select(t.arrival.c.uid).where(IN_FOLDER, t.arrival.c.uid.in_(part))
            found.update(conn.execute(query, in_folder(account, folder, uidvalidity)).scalars())
    return found


def unfinished(engine: Engine, account: str, folder: str, uidvalidity: int) -> list[Unfinished]:
    """Mails whose server-side "done" is still owed, by UID.

    Not those of which we hold the header only: they are nobody's but the server's, which must not be
    told that they are dealt with.
    """
    with reading(engine) as conn:
        return [
            Unfinished(
                row.uid, MailState(row.state), row.id, row.state == MailState.DECIDED.value and row.outcome != "review"
            )
            for row in _UNFINISHED.rows(conn, in_folder(account, folder, uidvalidity))
        ]


def mark_arrivals_done(
    engine: Engine, account: str, folder: str, uidvalidity: int, uids: Collection[int], now: datetime
) -> None:
    """Remember that the server was told; a repeat changes nothing."""
    here = {**in_folder(account, folder, uidvalidity), "now_at": now}
    with writing(engine) as conn:
        for part in chunks(sorted(uids)):
            conn.execute(_DONE, {**here, "uids": part})


def chunks(values: Sequence[int]) -> Iterator[Sequence[int]]:
    """The values in slices short enough for one statement."""
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def in_folder(account: str, folder: str, uidvalidity: int) -> dict[str, object]:
    """The parameters of ``IN_FOLDER``."""
    return {"in_account": account, "in_folder": folder, "in_validity": uidvalidity}


def _advance(conn: Connection, account: str, folder: str, uidvalidity: int, last_uid: int) -> None:
    here = {"account": account, "folder": folder}
    mark = {"uidvalidity": uidvalidity, "last_uid": last_uid}
    if _FORWARD.run(conn, {**here, **{f"new_{name}": value for name, value in mark.items()}}) or _MARK.rows(conn, here):
        return
    insert_rows(conn, t.watermark, [{**here, **mark}])


def _first_start(conn: Connection, account: str, now: datetime) -> datetime:
    found = _started(conn, account)
    if found:
        return found
    conn.execute(insert(t.mailbox).values(account=account, answer_from=now))
    return now


def _started(conn: Connection, account: str) -> datetime | None:
    started: datetime | None = _STARTED.value(conn, {"whose": account})
    return started


_STARTED = Query(select(t.mailbox.c.answer_from).where(t.mailbox.c.account == bindparam("whose")))
_HERE = and_(_W.account == bindparam("account"), _W.folder == bindparam("folder"))
_MARK = Query(
    select(_W.uidvalidity, _W.last_uid, t.mailbox.c.answer_from)
    .outerjoin_from(t.watermark, t.mailbox, t.mailbox.c.account == _W.account)
    .where(_HERE)
)
_NEW_VALIDITY: BindParameter[int] = bindparam("new_uidvalidity")
_NEW_LAST: BindParameter[int] = bindparam("new_last_uid")
_FORWARD = Prepared(
    update(t.watermark)
    .where(_HERE, (_W.uidvalidity != _NEW_VALIDITY) | (_W.last_uid < _NEW_LAST))
    .values(uidvalidity=_NEW_VALIDITY, last_uid=_NEW_LAST)
    .returning(_W.last_uid)
)
_WHOLE = exists().where(t.raw_mail.c.mail_id == _M.id, t.raw_mail.c.whole.is_(True))
_PARTS = exists().where(t.raw_part.c.mail_id == _M.id)
_UNFINISHED = Query(
    select(_A.uid, _M.state, _M.id, _M.outcome)
    .join_from(t.arrival, t.mail)
    .where(
        or_(_M.state == MailState.DECIDED.value, _WHOLE, _PARTS),
        IN_FOLDER,
        _A.done.is_(False),
        _M.state != MailState.KEPT.value,
    )
    .order_by(_A.uid)
)
_DONE = (
    update(t.arrival)
    .where(IN_FOLDER, _A.uid.in_(bindparam("uids", expanding=True)), _A.done.is_(False))
    .values(done=True, done_at=bindparam("now_at", type_=Utc()))
)
