"""The contract register."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contract",
        sa.Column("customer_no", sa.String(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("org_no", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("domains", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("signed", sa.Date(), nullable=True),
        sa.Column("invoiced_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("customer_no", "product", name="pk_contract"),
    )
    op.create_index("ix_contract_org_no", "contract", ["org_no"])
    op.create_index("ix_contract_name_key", "contract", ["name_key"])
    op.create_table(
        "contract_domain",
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("customer_no", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("domain", "customer_no", name="pk_contract_domain"),
    )
    op.create_table(
        "contract_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("contracts", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("problems", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contract_import"),
    )
