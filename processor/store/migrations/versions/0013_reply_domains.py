"""Replies: whose domain they go to, so that an organisation's are counted together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("recipient_domain", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_outbox_domain_created", "outbox", ["recipient_domain", "created_at", "automatic", "state"])
