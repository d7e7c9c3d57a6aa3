"""Making the tables and an empty log in a PostgreSQL database, and bringing an old one up to date; both are commands.

The revisions are those of SQLite. Alembic writes them down as PostgreSQL, and one transaction carries them out.
"""

import io

from alembic import command

from broker.adapters.storage.create import alembic_config
from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.storage.postgres.connections import BROKERS, Connection, connect, lock, numbered, revision
from broker.adapters.storage.postgres.ordering import LogOf, Ordering
from broker.adapters.storage.postgres.tables import HEAD, NEW_HEAD, SELECT_HEAD
from broker.adapters.storage.postgres.writer import put_aside
from broker.adapters.storage.schema import INSERT_META, REVISION

NEW_HEAD_ROW = f"INSERT INTO {HEAD} VALUES ($1, $2, $3)"  # noqa: S608 (ours)


async def create_postgres(url: str, head_url: str, log: LogOf) -> None:
    """Tables in an empty database, a log with one entry (`log.created`), and its head.

    FileExistsError if there is a broker's database already, or a head of a log of that origin.
    """
    db, head = await connect(url, None), await connect(head_url)
    try:
        await head.execute(NEW_HEAD)
        await _assert_new(db, head, log.origin)
        async with db.transaction():
            await migrate(db, None)
            await db.execute(numbered(INSERT_META), "origin", log.origin)
            await put_aside(db, [log.first("log.created", log.clock.now(), {"origin": log.origin})])
            ordering = Ordering(db, head, log)
            await ordering.integrate()
            await head.execute(NEW_HEAD_ROW, log.origin, ordering.size, ordering.note)
    finally:
        db.terminate()
        head.terminate()


async def assert_new(url: str, head_url: str, origin: str) -> None:
    """FileExistsError unless a broker's database can be made there; what `connect` raises if nobody gets there."""
    db, head = await connect(url), await connect(head_url)
    try:
        await head.execute(NEW_HEAD)
        await _assert_new(db, head, origin)
    finally:
        db.terminate()
        head.terminate()


async def upgrade_postgres(url: str) -> None:
    """Bring the schema of an existing database to this program's revision. LedgerRefusedError while a broker runs."""
    db = await connect(url, None)
    try:
        async with db.transaction():
            if not await db.fetchval(lock("pg_try_advisory_xact_lock", BROKERS)):
                raise LedgerRefusedError("the database is in use: another broker runs on it")
            found = await revision(db)
            if found != REVISION:
                await migrate(db, found)
    finally:
        db.terminate()


async def _assert_new(db: Connection, head: Connection, origin: str) -> None:
    if await db.fetchval("SELECT to_regclass('alembic_version')") is not None:
        raise FileExistsError("there is a broker's database already")
    if await head.fetchval(SELECT_HEAD, origin) is not None:
        raise FileExistsError(f"there is a head of the log {origin} already")


async def migrate(db: Connection, since: str | None) -> None:
    """Carry out the revisions after `since`."""
    await db.execute(statements(since))


def statements(since: str | None) -> str:
    """The revisions after `since` (None: all of them), as PostgreSQL."""
    config = alembic_config()
    config.output_buffer = io.StringIO()
    command.upgrade(config, f"{since}:head" if since is not None else "head", sql=True)
    return config.output_buffer.getvalue()
