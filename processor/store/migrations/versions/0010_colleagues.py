"""Colleagues' replies out of the Sent folder, copies of ours into it, and what a server held when we compared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
UNREAD = "ticket_id IS NOT NULL AND text_read = false"


def upgrade() -> None:
    op.add_column("item", sa.Column("answered_at", WHEN, nullable=True))
    _colleague_reply()
    op.create_table(
        "colleague_reference",
        sa.Column("reply_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["reply_id"], ["colleague_reply.id"], name="fk_colleague_reference_reply_id"),
        sa.PrimaryKeyConstraint("reply_id", "place", name="pk_colleague_reference"),
    )
    op.create_index("ix_colleague_reference_message_id", "colleague_reference", ["message_id"])
    op.create_table(
        "sent_copy",
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("dated_at", WHEN, nullable=False),
        sa.Column("due_at", WHEN, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("done_at", WHEN, nullable=True),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name="fk_sent_copy_outbox_id"),
        sa.PrimaryKeyConstraint("outbox_id", name="pk_sent_copy"),
    )
    op.create_index("ix_sent_copy_state_account_due", "sent_copy", ["state", "account", "due_at"])
    op.create_table(
        "reconciliation",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("next_uid", sa.BigInteger(), nullable=False),
        sa.Column("began_at", WHEN, nullable=False),
        sa.Column("swept_at", WHEN, nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("counts", sa.String(), nullable=False),
        sa.Column("examples", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", "folder", name="pk_reconciliation"),
    )


def _colleague_reply() -> None:
    op.create_table(
        "colleague_reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sent_at", WHEN, nullable=False),
        sa.Column("seen_at", WHEN, nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("text_read", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_colleague_reply_ticket_id"),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name="fk_colleague_reply_mail_id"),
        sa.PrimaryKeyConstraint("id", name="pk_colleague_reply"),
        sa.UniqueConstraint("digest", name="uq_colleague_reply_digest"),
    )
    op.create_index("ix_colleague_reply_message_id", "colleague_reply", ["message_id"])
    op.create_index("ix_colleague_reply_ticket_id", "colleague_reply", ["ticket_id"])
    op.create_index(
        "ix_colleague_reply_unread", "colleague_reply", ["account"],
        sqlite_where=sa.text(UNREAD), postgresql_where=sa.text(UNREAD),
    )  # fmt: skip
