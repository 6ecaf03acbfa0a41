"""Tickets as wholes: who looks at one just now, until when it sleeps, what it was split from, and files that leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ticket", sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ticket", sa.Column("split_from", sa.Integer(), nullable=True))
    op.create_table(
        "ticket_presence",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_presence_ticket_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_ticket_presence_person_id"),
        sa.PrimaryKeyConstraint("ticket_id", "person_id", name="pk_ticket_presence"),
    )
    op.create_table(
        "outbox_file",
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name="fk_outbox_file_outbox_id"),
        sa.PrimaryKeyConstraint("outbox_id", "number", name="pk_outbox_file"),
    )
