"""Encryption at rest: the wrapped key of each mail, and of each file that leaves with a reply."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "raw_key",
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("wrapped", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name="fk_raw_key_mail_id"),
        sa.PrimaryKeyConstraint("mail_id", name="pk_raw_key"),
    )
    op.create_index("ix_raw_key_key_id", "raw_key", ["key_id"])
    op.add_column("outbox_file", sa.Column("key_id", sa.String(), nullable=False, server_default=""))
    op.add_column("outbox_file", sa.Column("wrapped", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_outbox_file_key_id", "outbox_file", ["key_id"])
