"""How much of what waits one of several may claim: an even share, so that nobody is idle while another has a pile.

``given`` are the parameters of ``which``.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select

from processor.store import tables as t

DAEMONS = "daemon/"
_HANDS: ColumnElement[int] = func.coalesce(func.sum(t.lease.c.hands), 0)
_DAEMONS: ColumnElement[int] = func.count()


def work_share(conn: Connection, limit: int, which: Select[tuple[int]], given: Mapping[str, object]) -> int:
    """How many mails of ``which`` a worker may claim, ``limit`` at most: a share for each living daemon's worker."""
    return _share(conn, limit, which, _HANDS, given)


def delivery_share(conn: Connection, limit: int, which: Select[tuple[int]], given: Mapping[str, object]) -> int:
    """How many replies of ``which`` a daemon may claim, ``limit`` at most: a share for each living daemon."""
    return _share(conn, limit, which, _DAEMONS, given)


def _share(
    conn: Connection, limit: int, which: Select[tuple[int]], hands: ColumnElement[int], given: Mapping[str, object]
) -> int:
    if conn.dialect.name != "postgresql":
        return limit
    alive = t.lease.c.name.startswith(DAEMONS) & (t.lease.c.until > func.clock_timestamp())
    sharers = int(conn.execute(select(hands).select_from(t.lease).where(alive)).scalar_one())
    if sharers < 2:
        return limit
    # No more are counted than would fill everybody's hands.
    waiting = select(literal(1)).select_from(which.limit(limit * sharers).subquery()).subquery()
    count = int(conn.execute(select(func.count()).select_from(waiting), given).scalar_one())
    return max(1, min(limit, -(-count // sharers)))
