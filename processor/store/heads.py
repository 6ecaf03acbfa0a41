"""The beginnings of the mails that came in last, for looking at their headers."""

from __future__ import annotations

from sqlalchemy import Engine, func, select

from processor.store import tables as t
from processor.store.transaction import reading

MOST_BYTES = 64_000
"""Longer headers are cut: what is looked for stands at the top."""


def newest_heads(engine: Engine, most: int = 200) -> list[bytes]:
    """The first bytes of the newest mails, newest first."""
    r = t.raw_mail.c
    query = select(func.substr(r.content, 1, MOST_BYTES)).order_by(r.mail_id.desc()).limit(most)
    with reading(engine) as conn:
        return [bytes(head) for head in conn.execute(query).scalars()]
