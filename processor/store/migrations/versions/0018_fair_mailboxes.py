"""Mails: an index that leads to the oldest mail of each mailbox, however many of another wait before it."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_mail_state_account_arrived_at", "mail", ["state", "account", "arrived_at", "id"])
