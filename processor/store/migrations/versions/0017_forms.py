"""Mails: a keyed digest of what their form says, by which a copy of an earlier one is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mail", sa.Column("form_digest", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_mail_form_digest", "mail", ["form_digest"])
