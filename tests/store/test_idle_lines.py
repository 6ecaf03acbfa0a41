"""A daemon that stands still in the middle of a transaction lets go of what it holds."""

from __future__ import annotations

import secrets
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from processor.store import lines
from processor.store.engine import connect
from tests.servers.postgres import Postgres


@pytest.mark.parametrize("rows", [1, 2])
def test_the_server_ends_a_transaction_that_stands_still_after_any_statement(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(lines, "LEAST_IDLE_SECONDS", 0.2)
    engine = connect(postgres.url(f"idle_{secrets.token_hex(4)}"))
    kept = lines.Lines(engine, 0.2)
    try:
        with engine.connect() as conn:
            conn.execute(text("create temporary table noted (n integer)"))
            conn.execute(text("insert into noted values (:n)"), [{"n": n} for n in range(rows)])
            time.sleep(0.6)
            with pytest.raises(DBAPIError, match="idle-in-transaction timeout"):
                conn.execute(text("select 1"))
    finally:
        kept.cut()
        engine.dispose()
