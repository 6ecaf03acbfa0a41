"""Filled-in forms that came before, by a keyed digest of what they say (threats T28)."""

from __future__ import annotations

import hmac

from sqlalchemy import Connection, bindparam, select, text

from processor.findings import Form
from processor.store import tables as t
from processor.store.engine import store_key
from processor.store.mail_tables import HAS_FORM
from processor.store.prepared import Query


def form_digest(key: bytes, form: Form | None) -> str:
    """What is kept of a form, "" for none: equal for equal words, and nobody reads them out of it."""
    return hmac.digest(key, b"form\0" + form.words.encode("utf-8", "surrogatepass"), "sha256").hex() if form else ""


def ticket_with_form(conn: Connection, form: Form, own: str) -> str:
    """The first ticket but ``own`` in which the form came before, "" for none."""
    return _FIRST.value(conn, {"form": form_digest(store_key(conn), form), "own": own}) or ""


_M, _K = t.mail.c, t.ticket.c
_FIRST = Query(
    select(_K.number)
    .join_from(t.mail, t.ticket, _K.id == _M.ticket_id)
    .where(text(HAS_FORM), _M.form_digest == bindparam("form"), _K.number != bindparam("own"))
    # However often it came, one row is read.
    .order_by(_M.id)
    .limit(1)
)
