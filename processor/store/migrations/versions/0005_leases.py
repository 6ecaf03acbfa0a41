"""Leases of several daemons, and on PostgreSQL triggers that tell of new work (LISTEN/NOTIFY)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# A trigger and no call of the program's: whoever writes a row, the desk or a command, wakes whom it concerns.
FUNCTION = """
CREATE FUNCTION processor_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('processor', TG_TABLE_SCHEMA || ' ' || TG_ARGV[0]);
  RETURN NULL;
END $$
"""
TRIGGERS = (
    ("tell_kept", "INSERT ON mail", "NEW.state = 'kept'", "work"),
    ("tell_retried", "UPDATE OF state ON mail", "NEW.state = 'kept' AND OLD.state <> 'kept'", "work"),
    ("tell_decided", "UPDATE OF state ON mail", "NEW.state <> 'kept' AND OLD.state = 'kept'", "settle"),
    ("tell_written", "INSERT ON outbox", "NEW.state = 'ready'", "outbox"),
    ("tell_ready", "UPDATE OF state ON outbox", "NEW.state = 'ready' AND OLD.state <> 'ready'", "outbox"),
)


def upgrade() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("hands", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(FUNCTION)
    for name, when, condition, word in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} AFTER {when} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION processor_tell('{word}')"
        )
