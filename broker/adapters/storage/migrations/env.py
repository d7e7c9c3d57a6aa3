"""Runs revisions over the connection that broker.adapters.storage.create hands in; without one it writes them down.

What is written down is PostgreSQL: broker.adapters.storage.postgres.create carries it out.
"""

from alembic import context

from broker.adapters.storage.schema import metadata

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True, transactional_ddl=False)
else:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        transactional_ddl=True,
    )
with context.begin_transaction():
    context.run_migrations()
