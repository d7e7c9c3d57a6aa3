"""A whole database as an SQLite file, and back: every row of every table as it stood at one moment.

What comes of it is held against the checkpoint that was signed: a copy that is not the same log is none. Scratch is
left out, and so is the head of the log: a copy must not say by itself that it is the newest state.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from broker.adapters.storage.connections import connect_ledger
from broker.adapters.storage.create import make_tables
from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.storage.postgres import edge
from broker.adapters.storage.postgres.connections import WRITERS, Connection, assert_revision, connect, lock
from broker.adapters.storage.postgres.create import NEW_HEAD_ROW, migrate
from broker.adapters.storage.postgres.ledger import PostgresLedger
from broker.adapters.storage.postgres.tables import NEW_HEAD, SELECT_HEADS
from broker.adapters.storage.recovery import assert_newest, recover
from broker.adapters.storage.recovery import assert_revision as assert_file_revision
from broker.adapters.storage.schema import insert_many, metadata

_ROWS = 1_000
"""Rows that are carried at once."""
_TABLES = tuple(table for table in metadata.sorted_tables if table.name != "scratch")
_LONG = {"idle_in_transaction_session_timeout": "0"}


@dataclass(frozen=True, slots=True)
class Copied:
    """How many entries the log of the copy has, and the root over them."""

    size: int
    root: bytes
    log: str
    """Its name."""


async def to_file(url: str, path: Path, origin: str, ledger: PostgresLedger) -> Copied:
    """The database as it is now, in a new file; brokers may run meanwhile. FileExistsError for one that is there.

    `ledger`: open on the same database, so that what waits gets its place.
    """
    await asyncio.to_thread(make_tables, path)
    db = await connect(url, None, **_LONG)
    try:
        async with _one_moment(url, ledger, db):
            with closing(connect_ledger(path)) as file:
                file.execute("BEGIN IMMEDIATE")
                for table in _TABLES:
                    file.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 (ours)
                    names = ", ".join(f'"{column.name}"' for column in table.columns)
                    async for row in db.cursor(f'SELECT {names} FROM "{table.name}"', prefetch=_ROWS):  # noqa: S608
                        file.execute(insert_many(table, 1), tuple(row))
                file.execute("COMMIT")
                return _same(await _there(db, origin), _of(file, origin))
    finally:
        db.terminate()


async def from_file(path: Path, url: str, head_url: str, origin: str, heads: Mapping[str, tuple[int, bytes]]) -> Copied:
    """The database of `path` into an empty one, in one transaction; it must be at least as new as what was published.

    `heads`: size and note of each published log, for a server that knows none yet. LedgerRefusedError without either.
    """
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as file:  # noqa: ASYNC240 (once)
        file.execute("BEGIN")
        assert_file_revision(file)
        wanted = _of(file, origin)
        db, server = await connect(url, None, **_LONG), await connect(head_url)
        try:
            await server.execute(NEW_HEAD)
            kept = {row["origin"]: (row["size"], row["note"]) for row in await server.fetch(SELECT_HEADS)}
            published = kept or heads
            if wanted.log not in published:
                raise LedgerRefusedError(f"there is no head of the log {wanted.log}: is this its newest copy?")
            assert_newest(file, wanted.log, published)
            async with db.transaction():
                if await db.fetchval("SELECT to_regclass('alembic_version')") is not None:
                    raise FileExistsError("there is a broker's database already")
                await migrate(db, None)
                await _fill(db, file)
                made = _same(wanted, await _there(db, origin))
                for name, (size, note) in published.items():
                    if not kept:
                        await server.execute(NEW_HEAD_ROW, name, size, note)
            return made
        finally:
            db.terminate()
            server.terminate()


async def _fill(db: Connection, file: sqlite3.Connection) -> None:
    for table in _TABLES:
        names = [column.name for column in table.columns]
        await db.execute(f'DELETE FROM "{table.name}"')  # noqa: S608 (ours)
        quoted = ", ".join(f'"{name}"' for name in names)
        rows = file.execute(f'SELECT {quoted} FROM "{table.name}"')  # noqa: S608 (ours)
        while some := rows.fetchmany(_ROWS):
            await db.copy_records_to_table(table.name, records=some, columns=names)


@asynccontextmanager
async def _one_moment(url: str, ledger: PostgresLedger, db: Connection) -> AsyncIterator[None]:
    """`db` sees everything as at a moment at which nothing waited for its place. Writers wait for that moment only."""
    gate = await connect(url)
    try:
        await assert_revision(gate)
        await gate.execute(lock("pg_advisory_lock", WRITERS))
        await ledger.ordered()
        async with db.transaction(isolation="repeatable_read", readonly=True):
            await db.fetchval("SELECT count(*) FROM pending")
            gate.terminate()
            yield
    finally:
        gate.terminate()


def _of(file: sqlite3.Connection, origin: str) -> Copied:
    found = recover(file, origin)
    return Copied(found.edge.frontier.size, found.edge.frontier.root(), found.log.origin)


async def _there(db: Connection, origin: str) -> Copied:
    found = await edge.recover(db, origin)
    return Copied(found.edge.frontier.size, found.edge.frontier.root(), found.log.origin)


def _same(one: Copied, other: Copied) -> Copied:
    """LedgerRefusedError unless both are the same log."""
    if one != other:
        raise LedgerRefusedError(f"the copy is another log: {other.size} entries instead of {one.size}, or other ones")
    return other
