"""Insight: counts by day, and indexes that lead to what was decided, closed and judged in a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JUDGING = "kind IN ('mail.retyped', 'outbox.edited', 'outbox.cancel', 'action.rejected')"


def upgrade() -> None:
    op.create_table(
        "day_count",
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("week", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("measure", "day", "name", "bucket", name="pk_day_count"),
    )
    where = sa.text(JUDGING)
    op.create_index("ix_event_judging", "event", ["kind", "id"], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_mail_decided_at", "mail", ["decided_at"])
    op.create_index("ix_action_changed_at", "action", ["changed_at"])
