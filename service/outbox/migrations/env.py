"""Run by alembic; the connection comes from ``service.outbox.migrate``."""

from __future__ import annotations

from alembic import context

from service.outbox.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
