"""History moved in: how far each source is read, the threads its mails name, and which mails are our own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mail", sa.Column("own", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "import_run",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("tally", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source", name="pk_import_run"),
    )
    op.create_table(
        "thread_name",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_thread_name_ticket_id"),
        sa.PrimaryKeyConstraint("message_id", name="pk_thread_name"),
    )
    op.create_index("ix_thread_name_ticket_id", "thread_name", ["ticket_id"])
