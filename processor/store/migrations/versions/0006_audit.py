"""The audit chain, events that cannot be changed, legal holds and erasures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The text of an event may be erased, and never altered.
REFUSED = {"event": ("UPDATE", "DELETE"), "seal": ("UPDATE", "DELETE"), "event_text": ("UPDATE",)}


def upgrade() -> None:
    op.create_table(
        "seal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("last_event", sa.Integer(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("listed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_seal"),
    )
    op.create_index("ix_seal_last_event", "seal", ["last_event"])
    op.create_table(
        "legal_hold",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_legal_hold_ticket_id"),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_legal_hold"),
    )
    op.create_table(
        "erasure",
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name="fk_erasure_mail_id"),
        sa.PrimaryKeyConstraint("mail_id", name="pk_erasure"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _refuse_on_sqlite()
    else:
        _refuse_on_postgresql()


def _refuse_on_sqlite() -> None:
    for table, kinds in REFUSED.items():
        for kind in kinds:
            op.execute(
                f"CREATE TRIGGER append_only_{table}_{kind.lower()} BEFORE {kind} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only: {kind} of {table} refused'); END"
            )


def _refuse_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'the audit trail is append-only: % of % refused', TG_OP, TG_TABLE_NAME"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table, kinds in REFUSED.items():
        for kind in kinds:
            each = "FOR EACH ROW EXECUTE FUNCTION append_only()"
            op.execute(f"CREATE TRIGGER append_only_{table}_{kind.lower()} BEFORE {kind} ON {table} {each}")
        emptied = "FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
        op.execute(f"CREATE TRIGGER append_only_{table}_truncate BEFORE TRUNCATE ON {table} {emptied}")
