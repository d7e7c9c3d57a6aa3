"""What is read of a PostgreSQL database: rows, the log, scratch; the readers are those of SQLite."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from broker.adapters.storage.log import SqliteLog
from broker.adapters.storage.postgres.connections import PROCESS, Reads, connect, pool
from broker.adapters.storage.reads import SqliteRows
from broker.adapters.storage.scratch import LIMIT, MARKS, SqliteScratch
from broker.adapters.storage.shards import PRESENT, present_in


class PostgresScratch(SqliteScratch):
    """A ports.Scratch. What is at most kept holds for each process."""

    _NEXT = "nextval('scratch_n')"


class _Head:
    """The head, read as SQLite's file of it is."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def execute_fetchall(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        return await self._reads.execute_fetchall(statement.replace(" FROM head", " FROM audit_lock.head"), values)


@asynccontextmanager
async def open_postgres_rows(url: str) -> AsyncIterator[SqliteRows]:
    """The rows of a database, for as long as the block runs."""
    async with pool(url, default_transaction_read_only="on") as reads:
        yield SqliteRows(Reads(reads))


@asynccontextmanager
async def open_postgres_log(url: str, head_url: str) -> AsyncIterator[SqliteLog]:
    """The log of a database, for as long as the block runs."""
    async with pool(url, default_transaction_read_only="on") as db, pool(head_url) as head:
        reads = Reads(db)
        yield SqliteLog(reads, _Head(Reads(head)), present_in(await reads.execute_fetchall(PRESENT)))


@asynccontextmanager
async def open_postgres_scratch(url: str, limit: int = LIMIT, marks: int = MARKS) -> AsyncIterator[PostgresScratch]:
    """Scratch of a database. Nothing of it waits for the disk."""
    async with pool(url, synchronous_commit="off") as db:
        reads = Reads(db)
        counted = await reads.execute_fetchall("SELECT kind, count(*) FROM scratch GROUP BY kind")
        yield PostgresScratch(reads, {row[0]: row[1] for row in counted}, limit, marks)


async def processes(url: str) -> frozenset[str]:
    """Who is connected to the database now, by their names (`connections.as_process`)."""
    db = await connect(url)
    try:
        found = await db.fetch("SELECT application_name FROM pg_stat_activity WHERE datname = current_database()")
        names = [str(row[0]) for row in found]
        return frozenset(name.removeprefix(PROCESS) for name in names if name.startswith(PROCESS))
    finally:
        db.terminate()
