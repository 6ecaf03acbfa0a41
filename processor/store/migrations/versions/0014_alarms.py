"""Alarms: which are raised, how each is told, and what servers fail with now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        _time("raised_at", needed=True),
        _time("told_at", needed=True),
        _time("away_since"),
        _time("cleared_at"),
        sa.Column("flaps", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name="pk_alarm"),
    )
    op.create_table(
        "alarm_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("kind", "event", "state")),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("subject", "facts", "way", "error")),
        *(_time(name, needed=True) for name in ("raised_at", "made_at", "due_at")),
        _time("claimed_until"),
        sa.Column("tries", sa.Integer(), nullable=False),
        _time("ended_at"),
        sa.PrimaryKeyConstraint("id", name="pk_alarm_notice"),
    )
    op.create_index("ix_alarm_notice_state_due", "alarm_notice", ["state", "due_at"])
    op.create_table(
        "trouble",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        _time("since", needed=True),
        _time("seen_at", needed=True),
        sa.PrimaryKeyConstraint("name", name="pk_trouble"),
    )


def _time(name: str, *, needed: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=not needed)
