"""A form that came before, looked up among many of the same."""

from __future__ import annotations

from sqlalchemy import Engine, update

from processor.findings import Form
from processor.store import tables as t
from processor.store.engine import store_key
from processor.store.forms import form_digest, ticket_with_form
from tests.store.made import recorded

FORM = Form("docx", administrator="Kari Moe")


def test_the_first_other_ticket_is_found_by_reading_one_row_however_often_the_form_came(engine: Engine) -> None:
    for n in range(1, 5):
        recorded(engine, n)
    with engine.begin() as conn:
        digest = form_digest(store_key(conn), FORM)
        conn.execute(update(t.mail).where(t.mail.c.id > 1).values(form_digest=digest))
        assert ticket_with_form(conn, FORM, "") == "VS-0002-TEST"
        assert ticket_with_form(conn, FORM, "VS-0002-TEST") == "VS-0003-TEST"
        assert ticket_with_form(conn, Form("docx", administrator="Per"), "") == ""
        if engine.dialect.name == "sqlite":
            asked = (
                "SELECT number FROM mail JOIN ticket ON ticket.id = mail.ticket_id WHERE form_digest <> '' "
                "AND form_digest = ? AND number <> ? ORDER BY mail.id LIMIT 1"
            )
            plan = [row[3] for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", (digest, ""))]
            assert any("ix_mail_form_digest" in step for step in plan), plan
            assert not any("TEMP B-TREE" in step for step in plan), plan
