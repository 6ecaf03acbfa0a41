"""Outbox: whether a person wrote or let go this very letter, which then says nothing of being automatic."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("by_person", sa.Boolean(), nullable=False, server_default=sa.false()))
    # What was sent stays as it left, so that its copy in the Sent folder is the same.
    op.execute(
        "update outbox set by_person = true where automatic = false and approved_by <> '' "
        "and state in ('held', 'ready', 'retry')"
    )
