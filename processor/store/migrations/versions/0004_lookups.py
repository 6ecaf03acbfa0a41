"""What outside registers answered lately."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lookup",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("org_no", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "org_no", name="pk_lookup"),
    )
    op.create_index("ix_lookup_asked_at", "lookup", ["asked_at"])
