"""Run by Alembic for each upgrade, on the connection and inside the transaction that ``migrate`` opened."""

from __future__ import annotations

from alembic import context

from processor.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can undo CREATE TABLE too, once the driver's own BEGIN is out of the way.
    transactional_ddl=True,
)
context.run_migrations()
