"""Insight: the counts of each mailbox by themselves; those of old are counted again from the mails, within the hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A primary key is not changed in place by SQLite, and nothing stands in the table that the mails do not tell.
    op.drop_table("day_count")
    op.create_table(
        "day_count",
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("week", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("measure", "day", "name", "bucket", "account", name="pk_day_count"),
    )
