"""The desk: roles and passwords, sessions, links, failures, who holds a ticket, search, and the queue's order."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OPEN = "state NOT IN ('done', 'rejected', 'superseded')"


def upgrade() -> None:
    # Whoever could approve before goes on doing so.
    op.add_column("person", sa.Column("role", sa.String(), nullable=False, server_default="approver"))
    op.add_column("person", sa.Column("password", sa.String(), nullable=False, server_default=""))
    op.add_column("person", sa.Column("language", sa.String(), nullable=False, server_default=""))
    _table("desk_session", "digest", "person_id", "made_at", "seen_at", "ends_at")
    _table("desk_link", "digest", "person_id", "made_at", "ends_at")
    op.create_table(
        "desk_failure",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("digest", name="pk_desk_failure"),
    )
    op.create_table(
        "ticket_holder",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_holder_ticket_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_ticket_holder_person_id"),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_ticket_holder"),
    )
    op.create_index("ix_ticket_holder_person_id", "ticket_holder", ["person_id"])
    where = sa.text(OPEN)
    op.create_index("ix_action_open_due", "action", ["due", "id"], sqlite_where=where, postgresql_where=where)
    # Who looks for what completes or repeats an item looked through all of them.
    known = sa.text("continues IS NOT NULL")
    op.create_index("ix_item_continues", "item", ["continues"], sqlite_where=known, postgresql_where=known)
    _search()


def _table(name: str, key: str, person: str, *times: str) -> None:
    op.create_table(
        name,
        sa.Column(key, sa.String(), nullable=False),
        sa.Column(person, sa.Integer(), nullable=False),
        *(sa.Column(each, sa.DateTime(timezone=True), nullable=False) for each in times),
        sa.ForeignKeyConstraint([person], ["person.id"], name=f"fk_{name}_{person}"),
        sa.PrimaryKeyConstraint(key, name=f"pk_{name}"),
    )
    op.create_index(f"ix_{name}_{person}", name, [person])


def _search() -> None:
    op.create_table(
        "search_text",
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name="fk_search_text_mail_id"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_search_text_ticket_id"),
        sa.PrimaryKeyConstraint("mail_id", name="pk_search_text"),
    )
    op.create_index("ix_search_text_ticket_id", "search_text", ["ticket_id"])
    if op.get_bind().dialect.name == "sqlite":
        _search_on_sqlite()
    else:
        _search_on_postgresql()


def _search_on_sqlite() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE search_index USING fts5(words, content='search_text', content_rowid='mail_id',"
        " tokenize='unicode61 remove_diacritics 0', prefix='3')"
    )
    forget = "INSERT INTO search_index(search_index, rowid, words) VALUES ('delete', old.mail_id, old.words);"
    learn = "INSERT INTO search_index(rowid, words) VALUES (new.mail_id, new.words);"
    op.execute(f"CREATE TRIGGER search_added AFTER INSERT ON search_text BEGIN {learn} END")
    op.execute(f"CREATE TRIGGER search_gone AFTER DELETE ON search_text BEGIN {forget} END")
    op.execute(f"CREATE TRIGGER search_changed AFTER UPDATE ON search_text BEGIN {forget} {learn} END")
    # Whoever erases a mail need not know that it can be searched.
    gone = "DELETE FROM search_text WHERE mail_id = new.mail_id;"
    op.execute(f"CREATE TRIGGER search_erased AFTER INSERT ON erasure BEGIN {gone} END")
    op.execute(f"CREATE TRIGGER search_erased_more AFTER UPDATE ON erasure BEGIN {gone} END")


def _search_on_postgresql() -> None:
    op.execute("CREATE INDEX ix_search_text_words ON search_text USING gin (to_tsvector('simple', words))")
    op.execute(
        "CREATE FUNCTION search_erased() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " DELETE FROM search_text WHERE mail_id = NEW.mail_id; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER search_erased AFTER INSERT OR UPDATE ON erasure FOR EACH ROW EXECUTE FUNCTION search_erased()"
    )
