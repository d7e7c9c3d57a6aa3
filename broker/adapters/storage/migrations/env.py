"""Runs revisions over the connection that broker.adapters.storage.create hands in."""

from alembic import context

from broker.adapters.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
