"""Risky rights: whom to call back and to tell, what was done for an action, and which domains look like a known one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from processor.likeness import domain_key

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contract", sa.Column("phone", sa.String(), nullable=False, server_default=""))
    op.add_column("contract", sa.Column("contacts", sa.Text(), nullable=False, server_default=""))
    op.add_column("contract_domain", sa.Column("likeness", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_contract_domain_likeness", "contract_domain", ["likeness"])
    _give_keys()
    op.create_table(
        "gate_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("action_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["action.id"], name="fk_gate_step_action_id"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_gate_step_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_gate_step"),
        sa.UniqueConstraint("action_id", "version", "step", name="uq_gate_step_action_id_version_step"),
    )


def _give_keys() -> None:
    domains = sa.table("contract_domain", sa.column("domain", sa.String), sa.column("likeness", sa.String))
    conn = op.get_bind()
    keys = [
        {"known": domain, "key": domain_key(domain)}
        for (domain,) in conn.execute(sa.select(domains.c.domain).distinct())
    ]
    if keys:
        write = sa.update(domains).where(domains.c.domain == sa.bindparam("known")).values(likeness=sa.bindparam("key"))
        conn.execute(write, keys)
