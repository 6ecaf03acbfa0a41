"""Mails: who each says that it is from, as a keyed number, and an index of those that wait by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

WAITS = sa.text("sender_key > 0")


def upgrade() -> None:
    op.add_column("mail", sa.Column("sender_key", sa.BigInteger(), nullable=False, server_default="0"))
    columns = ["sender_key", "arrived_at", "id"]
    op.create_index("ix_mail_waiting_sender", "mail", columns, sqlite_where=WAITS, postgresql_where=WAITS)
