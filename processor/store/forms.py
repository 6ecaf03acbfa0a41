"""Filled-in forms that came before, by a keyed digest of what they say (threats T28)."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from sqlalchemy import Connection, select, text

from processor.findings import Form
from processor.store import tables as t
from processor.store.engine import store_key
from processor.store.mail_tables import HAS_FORM


def form_digest(key: bytes, form: Form | None) -> str:
    """What is kept of a form, "" for none: equal for equal words, and nobody reads them out of it."""
    return hmac.digest(key, b"form\0" + form.words.encode("utf-8", "surrogatepass"), "sha256").hex() if form else ""


def tickets_with_forms(conn: Connection, forms: Sequence[Form]) -> dict[str, tuple[str, ...]]:
    """The tickets in which each of these forms came before, by its words, oldest first."""
    if not forms:
        return {}
    key = store_key(conn)
    words = {form_digest(key, form): form.words for form in forms}
    m, k = t.mail.c, t.ticket.c
    query = (
        select(m.form_digest, k.number)
        .join_from(t.mail, t.ticket, k.id == m.ticket_id)
        .where(text(HAS_FORM), m.form_digest.in_(sorted(words)))
        .order_by(m.id)
    )
    found: dict[str, tuple[str, ...]] = {}
    for digest, number in conn.execute(query):
        found[words[digest]] = (*found.get(words[digest], ()), number)
    return found
