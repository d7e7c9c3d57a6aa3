"""Connections to PostgreSQL, each asked first whether what it acknowledges is on disk; the only door to asyncpg.

A server that does not flush, or that only follows another one, is refused with the name of the setting: nothing is
ever decided by what a replica knows.
"""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import asyncpg

from broker.adapters.storage.connections import DatabaseAwayError, DurabilityError
from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.storage.schema import REVISION
from broker.ports import LedgerDownError

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:  # generic to the type checker only
    Connection, Pool = asyncpg.Connection, asyncpg.Pool

LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What a statement may raise when the server, or the way to it, is not as it should be (TimeoutError is an OSError)."""
UNDONE = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
"""40001 and 40P01: the server says that it took everything back, so that one may try again."""

PROCESS = "broker/"
"""Begins the names of our connections; what follows is the name of the process."""
OLDEST = 15
READERS = 8
"""Connections that a process reads with at most."""
SECONDS = 5
"""How long anything may wait: for a connection, for an answer, for a lock that somebody else holds."""
_MUST: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("synchronous_commit", ("on", "remote_apply")),
    ("fsync", ("on",)),
    ("full_page_writes", ("on",)),
    ("server_encoding", ("UTF8",)),
    ("default_transaction_isolation", ("read committed",)),
    ("transaction_read_only", ("off",)),
)
_ASK = "SELECT pg_is_in_recovery() AS replica, " + ", ".join(
    f"current_setting('{name}') AS {name}" for name in ("server_version_num", *(name for name, _ in _MUST))
)
_SETTINGS = {
    "lock_timeout": f"{SECONDS}s",
    "idle_in_transaction_session_timeout": f"{SECONDS}s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
"""Of every connection of ours: whoever has gone, or hangs, gives up what they held within seconds."""
LOCKS = 0x62726F6B
"""Sets our advisory locks apart from other people's."""
SEQUENCER, WRITERS, STARTING, BROKERS = 1, 2, 3, 4
"""Advisory locks: who puts the log in order; who writes (shared); who starts up."""


def lock(call: str, which: int) -> str:
    """`SELECT call(…)` on one of the locks above."""
    return f"SELECT {call}({LOCKS}, {which})"


async def connect(url: str, seconds: float | None = SECONDS, **settings: str) -> Connection:
    """A connection whose commits are on disk when they return. DatabaseAwayError, DurabilityError, or LOST.

    `seconds`: how long a statement may take; None: as long as it likes.
    """
    with _reached(url):
        db: Connection = await asyncpg.connect(
            url, timeout=SECONDS, command_timeout=seconds, server_settings={**_SETTINGS, **settings}
        )
    try:
        await assert_durable(db)
    except BaseException:
        db.terminate()
        raise
    return db


@contextmanager
def _reached(url: str) -> Iterator[None]:
    """What may go wrong on the way to a server, so that an operator can mend it."""
    try:
        yield
    except LOST as failure:
        why = failure.strerror if isinstance(failure, OSError) and failure.strerror else str(failure)
        why = why or type(failure).__name__  # a TimeoutError says nothing
        raise DatabaseAwayError(f"{server_named(url)}: {why}; is it running, and is database_url right?") from failure


def server_named(url: str) -> str:
    """Where a database is, without whose name and password one goes there."""
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    host = parts.hostname or asked.get("host", "this machine")
    port = f":{parts.port}" if parts.port is not None else ""
    return f"the PostgreSQL database {parts.path.strip('/')} at {host}{port}"


async def assert_durable(db: Connection) -> None:
    """DurabilityError, naming the setting, unless every commit of `db` is on disk when it returns."""
    found = await db.fetchrow(_ASK)
    if found is None or found["replica"]:
        raise DurabilityError("pg_is_in_recovery: this server is a replica; name the primary")
    version = int(found["server_version_num"]) // 10_000
    if version < OLDEST:
        raise DurabilityError(f"server_version is {version}; the ledger needs PostgreSQL {OLDEST} or newer")
    for name, wanted in _MUST:
        if found[name] not in wanted:
            raise DurabilityError(f"{name} is {found[name]}; the ledger needs {wanted[0]}")


async def assert_revision(db: Connection) -> None:
    """LedgerRefusedError unless `db` has exactly the schema of this program."""
    found = await revision(db)
    if found != REVISION:
        raise LedgerRefusedError(f"the database has schema {found}, this program {REVISION}: run `broker migrate`")


async def revision(db: Connection) -> str:
    """The schema of a database. LedgerRefusedError if it is none of a broker."""
    try:
        return str(await db.fetchval("SELECT version_num FROM alembic_version"))
    except asyncpg.UndefinedTableError:
        raise LedgerRefusedError("not a broker's database: run `broker init`") from None


class Reads:
    """Reads as storage's readers ask for them, over a pool: parameters are `?` or `?1`, rows are tuples."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def execute_fetchall(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """LedgerDownError when the server cannot be asked now."""
        said = [column_text(value) if isinstance(value, str) else value for value in values]
        try:
            return await self._pool.fetch(numbered(statement), *said)
        except asyncpg.DataError as wrong:
            raise ValueError("a value that no column can hold") from wrong
        except LOST as failure:
            down(failure)


def down(failure: Exception) -> NoReturn:
    """LedgerDownError, for what was not stored or read."""
    raise LedgerDownError("the database cannot be used now") from failure


def column_text(value: str) -> str:
    """What stands in a text column for `value`: PostgreSQL knows no NUL there."""
    return value if "\0" not in value else "nul:" + sha256(value.encode()).hexdigest()


@cache
def numbered(statement: str) -> str:
    """`?` and `?1` as PostgreSQL writes them."""
    if re.search(r"\?\d", statement):
        return re.sub(r"\?(\d+)", r"$\1", statement)
    parts = statement.split("?")
    return parts[0] + "".join(f"${place}{part}" for place, part in enumerate(parts[1:], 1))


def as_process(url: str, process: str) -> str:
    """`url`, and every connection says whose it is."""
    return f"{url}{'&' if '?' in url else '?'}application_name={PROCESS}{process}"


@asynccontextmanager
async def pool(url: str, **settings: str) -> AsyncIterator[Pool]:
    """Connections to read with. Every new one is asked whether its server is a primary: none reads a replica."""
    with _reached(url):
        made = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=READERS,
            timeout=SECONDS,
            command_timeout=SECONDS,
            server_settings={**_SETTINGS, **settings},
            init=_is_primary,
            reset=_as_it_is,
        )
    try:
        yield made
    finally:
        made.terminate()


async def _is_primary(db: Any) -> None:
    if await db.fetchval("SELECT pg_is_in_recovery()"):
        raise ConnectionRefusedError("pg_is_in_recovery: this server is a replica")


async def _as_it_is(_: Any) -> None:
    """Nothing was set on a connection that only reads, so that nothing is to be taken back."""
