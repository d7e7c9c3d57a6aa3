"""Which database the settings name: SQLite in the state folder, or PostgreSQL; making, opening, bringing up to date."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from broker.adapters.sealed_rows import RunningLedger, Seal, SealedLedger, SealedRows
from broker.adapters.storage.ledger import SqliteLedger, open_ledger
from broker.adapters.storage.log import SqliteLog, open_log
from broker.adapters.storage.reads import SqliteRows, all_of, open_rows
from broker.adapters.storage.remembered import RememberedRows
from broker.adapters.storage.scratch import SqliteScratch, open_scratch
from broker.adapters.storage.shards import Shard
from broker.adapters.storage.turn import Turning, turn
from broker.adapters.storage.writer import Also, Sign
from broker.config import Settings
from broker.core.rows import Row
from broker.ports import Clock, Entropy

R = TypeVar("R", bound=Row)
_ID_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Everything of one database, open."""

    ledger: RunningLedger
    rows: SealedRows
    scratch: SqliteScratch
    log: SqliteLog
    changed: Callable[[tuple[Row, ...]], None] = lambda _: None
    """To be told of every commit: what was remembered of these rows is forgotten."""
    process: str | None = None
    """Our name among those who write here; None: nobody else does."""
    is_fresh: Callable[[], bool] = lambda: True
    """May anything be decided by what this process knows?"""
    on_silence: Callable[[Callable[[], None]], None] = lambda _: None
    """Say what is to be done when nothing was heard of the others for too long."""
    alive: Callable[[], Awaitable[frozenset[str]]]
    """The names of the others who write here now, and ours."""
    started: Callable[[], None] = lambda: None
    """To be called when the start is over: others may start then."""


@asynccontextmanager
async def open_storage(
    settings: Settings, *, origin: str, sign: Sign, clock: Clock, entropy: Entropy, also: Also, seal: Seal
) -> AsyncIterator[Storage]:
    """`also` adds to checkpoints that are published; `seal` encrypts the secrets of rows.

    Errors come out as those of `open_ledger`; for PostgreSQL also those of the way to it.
    """
    async with AsyncExitStack() as stack:
        if settings.database_url is not None:
            yield await _postgres(settings.database_url, settings, origin, sign, clock, entropy, also, seal, stack)
            return
        ledger = await stack.enter_async_context(
            open_ledger(
                settings.database,
                settings.lock_database,
                origin=origin,
                sign=sign,
                clock=clock,
                entropy=entropy,
                also=also,
            )
        )
        rows = RememberedRows(await stack.enter_async_context(open_rows(settings.database)))
        yield Storage(
            ledger=SealedLedger(_sqlite(ledger), seal),
            rows=SealedRows(rows, seal),
            changed=rows.changed,
            scratch=await stack.enter_async_context(open_scratch(settings.database)),
            log=await stack.enter_async_context(open_log(settings.database, settings.lock_database)),
            alive=_nobody,
        )


def _sqlite(ledger: SqliteLedger) -> RunningLedger:
    return ledger


async def _nobody() -> frozenset[str]:
    return frozenset()


async def _postgres(
    named: str,
    settings: Settings,
    origin: str,
    sign: Sign,
    clock: Clock,
    entropy: Entropy,
    also: Also,
    seal: Seal,
    stack: AsyncExitStack,
) -> Storage:
    from broker.adapters.storage.postgres import connections, ledger, reads  # noqa: PLC0415 (a driver that SQLite needs not)

    process = entropy.random(_ID_BYTES).hex()
    url, head = connections.as_process(named, process), settings.head_url or named
    alone = await connections.connect(url, None, lock_timeout="0")  # others may take their time to start
    stack.callback(alone.terminate)
    await alone.execute(connections.lock("pg_advisory_lock", connections.STARTING))
    running = await stack.enter_async_context(
        ledger.open_postgres_ledger(url, head, origin=origin, sign=sign, clock=clock, entropy=entropy, also=also)
    )
    rows = await stack.enter_async_context(reads.open_postgres_rows(url))  # not remembered: others write them, too
    return Storage(
        ledger=SealedLedger(running, seal),
        rows=SealedRows(rows, seal),
        scratch=await stack.enter_async_context(reads.open_postgres_scratch(url)),
        log=await stack.enter_async_context(reads.open_postgres_log(url, head)),
        process=process,
        is_fresh=lambda: running.is_fresh,
        on_silence=running.on_silence,
        alive=lambda: reads.processes(url),
        started=alone.terminate,
    )


@asynccontextmanager
async def open_any_log(settings: Settings) -> AsyncIterator[SqliteLog]:
    """The log alone, beside a broker that runs."""
    if settings.database_url is None:
        async with open_log(settings.database, settings.lock_database) as log:
            yield log
        return
    from broker.adapters.storage.postgres.reads import open_postgres_log  # noqa: PLC0415

    async with open_postgres_log(settings.database_url, settings.head_url or settings.database_url) as log:
        yield log


@asynccontextmanager
async def open_any_scratch(settings: Settings) -> AsyncIterator[SqliteScratch]:
    """Scratch alone, beside a broker that runs."""
    if settings.database_url is None:
        async with open_scratch(settings.database) as scratch:
            yield scratch
        return
    from broker.adapters.storage.postgres.reads import open_postgres_scratch  # noqa: PLC0415

    async with open_postgres_scratch(settings.database_url) as scratch:
        yield scratch


def turn_database(settings: Settings, name: str, turning: Turning, *, lost: bool) -> Shard:
    """End the log and begin another one (`adapters/storage/turn.py`); the one that ended."""
    if settings.database_url is None:
        return turn(settings.database, settings.lock_database, name, turning, lost=lost)
    from broker.adapters.storage.postgres.turn import turn_postgres  # noqa: PLC0415

    url = settings.database_url
    return asyncio.run(turn_postgres(url, settings.head_url or url, name, turning, lost=lost))


@asynccontextmanager
async def rows_of(store: Path | str) -> AsyncIterator[SqliteRows]:
    """The rows alone, beside a broker that runs: of a file, or of a server by its URL."""
    if isinstance(store, Path):
        async with open_rows(store) as rows:
            yield rows
        return
    from broker.adapters.storage.postgres.reads import open_postgres_rows  # noqa: PLC0415

    async with open_postgres_rows(store) as rows:
        yield rows


async def every(store: Path | str, kind: type[R]) -> tuple[R, ...]:
    """Every row of a kind, also beside a broker that runs; none without a file, or in one that is older than it."""
    if isinstance(store, Path):
        return await all_of(store, kind)
    async with rows_of(store) as rows:
        return tuple([row async for row in rows.scan(kind)])


def assert_makeable(settings: Settings, origin: str) -> None:
    """Asked before keys are made: whoever fails afterwards is told at the next try that there is a broker already."""
    if settings.database_url is None:
        return
    from broker.adapters.storage.postgres.create import assert_new  # noqa: PLC0415

    asyncio.run(assert_new(settings.database_url, settings.head_url or settings.database_url, origin))


def make_database(settings: Settings, *, origin: str, sign: Sign, clock: Clock, entropy: Entropy) -> str:
    """A new database with an empty log; what was made, in words. FileExistsError rather than touch one."""
    if settings.database_url is None:
        from broker.adapters.storage.create import create  # noqa: PLC0415 (Alembic: half a second that serving need not wait)

        create(settings.database, settings.lock_database, origin=origin, sign=sign, clock=clock, entropy=entropy)
        return f"{settings.database}, its log {settings.lock_database.name}"
    from broker.adapters.storage.postgres.create import create_postgres  # noqa: PLC0415
    from broker.adapters.storage.postgres.ordering import LogOf  # noqa: PLC0415

    log = LogOf(origin=origin, sign=sign, clock=clock, entropy=entropy)
    asyncio.run(create_postgres(settings.database_url, settings.head_url or settings.database_url, log))
    return "the tables in PostgreSQL and their log"


def upgrade_database(settings: Settings) -> str:
    """Bring the schema up to date; which database it was. LedgerRefusedError while a broker runs on it."""
    if settings.database_url is None:
        from broker.adapters.storage.create import upgrade  # noqa: PLC0415

        upgrade(settings.database)
        return str(settings.database)
    from broker.adapters.storage.postgres.create import upgrade_postgres  # noqa: PLC0415

    asyncio.run(upgrade_postgres(settings.database_url))
    return "the database"


def server_told(settings: Settings) -> str:
    """What `broker doctor` says of the server; an error that says what is wrong with it."""
    from broker.adapters.storage.postgres import connections  # noqa: PLC0415

    async def look() -> str:
        db = await connections.connect(settings.database_url or "")
        try:
            await connections.assert_revision(db)
            return f"PostgreSQL {db.get_server_version().major}, a primary, and what it acknowledges is on disk"
        finally:
            db.terminate()

    return asyncio.run(look())
