"""What a later mail adds to an item, what customers are reminded of, and times when no mail was fetched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("item") as item:
        item.add_column(sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True))
        item.add_column(sa.Column("customer_no", sa.Text(), nullable=False, server_default=""))
        item.add_column(sa.Column("known", sa.Text(), nullable=False, server_default=""))
        item.add_column(sa.Column("asks", sa.String(), nullable=False, server_default=""))
        item.add_column(sa.Column("how", sa.String(), nullable=False, server_default=""))
        item.add_column(sa.Column("continues", sa.Integer(), nullable=True))
        item.add_column(sa.Column("follow_up_at", sa.DateTime(timezone=True), nullable=True))
        item.add_column(sa.Column("followed_up", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_item_org_no", "item", ["org_no"])
    op.create_index("ix_item_customer_no", "item", ["customer_no"])
    op.create_index("ix_item_follow_up_at", "item", ["follow_up_at"])
    with op.batch_alter_table("action") as action:
        action.add_column(sa.Column("held_by", sa.Integer(), nullable=True))
    with op.batch_alter_table("mailbox") as mailbox:
        mailbox.add_column(sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_mail_state_arrived_at", "mail", ["state", "arrived_at", "id"])
    op.create_table(
        "outage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outage"),
    )
    op.create_index("ix_outage_account", "outage", ["account"])
