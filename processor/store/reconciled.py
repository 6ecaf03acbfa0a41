"""When each mailbox was last compared with what we kept of it, for whoever asks whether that is too long ago."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from processor.store import tables as t
from processor.store.transaction import reading


def last_reconciled(source: Engine | Connection) -> Mapping[str, datetime]:
    """The account's last complete sweep: that of the folder whose was longest ago.  One never swept is left out."""
    r = t.reconciliation.c
    with reading(source) as conn:
        query = select(r.account, func.min(r.swept_at).label("at")).group_by(r.account)
        return {row.account: row.at for row in conn.execute(query)}
