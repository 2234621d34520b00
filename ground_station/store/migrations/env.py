"""Alembic's entry: runs the revisions in the transaction that the store has begun."""

from __future__ import annotations

from alembic import context

from ground_station.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
