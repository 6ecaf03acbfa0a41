"""Notices to staff: who wants which, and what each was told of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_wish",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("digest", sa.Boolean(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_to", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_notice_wish_person_id"),
        sa.PrimaryKeyConstraint("person_id", name="pk_notice_wish"),
    )
    op.create_table(
        "notice_told",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("action_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_notice_told_person_id"),
        sa.ForeignKeyConstraint(["action_id"], ["action.id"], name="fk_notice_told_action_id"),
        sa.PrimaryKeyConstraint("person_id", "action_id", name="pk_notice_told"),
    )
    op.create_index("ix_notice_told_action_id", "notice_told", ["action_id"])
