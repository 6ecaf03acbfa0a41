"""The beginnings of the mails that came in last, for looking at their headers."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import Engine, select

from processor.ciphers import NotOpenedError
from processor.store import tables as t
from processor.store.sealed import head_of, opened_head, with_keys
from processor.store.transaction import reading

MOST_BYTES = 64_000
"""Longer headers are cut: what is looked for stands at the top."""


def newest_heads(engine: Engine, most: int = 200) -> list[bytes]:
    """The first bytes of the newest mails, newest first; of those that this process can open."""
    r = t.raw_mail.c
    query = select(head_of(r.content).label("begin")).join_from(t.mail, t.raw_mail).order_by(r.mail_id.desc())
    found: list[bytes] = []
    with reading(engine) as conn:
        for row in conn.execute(with_keys(query.limit(most))):
            with suppress(NotOpenedError):
                found.append(opened_head(conn, row, row.begin)[:MOST_BYTES])
    return found
