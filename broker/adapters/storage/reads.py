"""Reads of the rows that the ledger stored: always the last committed version, over a connection that cannot write."""

import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import aiosqlite

from broker.adapters.storage.codec import restore
from broker.adapters.storage.schema import INDEXED, ROWS
from broker.core.rows import Row

R = TypeVar("R", bound=Row)
PAGE = 500
"""Rows read at once: a scan holds no transaction open, and the write-ahead log can be folded in behind it."""
MOST_AT_ONCE = 500
"""Values that one read asks for."""


class Database(Protocol):
    """Something to ask in SQL, with `?` where values go: a connection of aiosqlite, or what stands for one."""

    async def execute_fetchall(self, statement: str, values: tuple[Any, ...] = ()) -> Iterable[Any]: ...


class SqliteRows:
    """A ports.Rows."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, kind: type[R], id: str) -> R | None:
        found = await self._page(kind, "WHERE id = ?", (id,))
        return found[0][1] if found else None

    async def scan(self, kind: type[R]) -> AsyncIterator[R]:
        """Every row of a kind, in order of id; each page as it was when it was read."""
        async for row in self._pages(kind, "", ()):
            yield row

    async def find(self, kind: type[R], member: str, value: str) -> AsyncIterator[R]:
        """The rows whose `member` is `value`, in order of id. KeyError for a member that has no index."""
        if member not in INDEXED.get(kind.KIND, ()):
            raise KeyError(f"{kind.KIND}.{member} has no index")
        async for row in self._pages(kind, f"AND {member} = ?", (value,)):
            yield row

    async def newest(self, kind: type[R], member: str, value: str, most: int) -> AsyncIterator[R]:
        """As `find`, the last ids first, `most` at most. KeyError for a member that has no index."""
        if member not in INDEXED.get(kind.KIND, ()):
            raise KeyError(f"{kind.KIND}.{member} has no index")
        for _, row in await self._page(kind, f"WHERE {member} = ? ORDER BY id DESC LIMIT {int(most)}", (value,)):
            yield row

    async def newest_of(self, kind: type[R], member: str, values: Sequence[str], most: int) -> AsyncIterator[R]:
        """As `newest` for each of `values`, in their order. KeyError for a member that has no index, ValueError for

        more than MOST_AT_ONCE.
        """
        if member not in INDEXED.get(kind.KIND, ()):
            raise KeyError(f"{kind.KIND}.{member} has no index")
        if not _fits(values):
            return
        where = f'FROM "{ROWS[kind.KIND].name}" WHERE {member} = ? ORDER BY id DESC LIMIT {int(most)}'
        parts = [f"SELECT * FROM (SELECT {n} AS place, id, body {where}) AS part_{n}" for n in range(len(values))]  # noqa: S608
        statement = f"SELECT id, body FROM ({' UNION ALL '.join(parts)}) AS whole ORDER BY place, id DESC"  # noqa: S608
        for _, body in await self._db.execute_fetchall(statement, tuple(values)):
            yield restore(kind, body)

    async def after(self, kind: type[R], id: str, most: int) -> AsyncIterator[R]:
        """The rows that come after `id`, in order of id, `most` at most."""
        for _, row in await self._page(kind, f"WHERE id > ? ORDER BY id LIMIT {int(most)}", (id,)):
            yield row

    async def each(self, kind: type[R], ids: Sequence[str]) -> AsyncIterator[R]:
        """The rows with these ids, in order of id. ValueError for more than MOST_AT_ONCE."""
        if not _fits(ids):
            return
        marks = ", ".join("?" * len(ids))
        for _, row in await self._page(kind, f"WHERE id IN ({marks}) ORDER BY id", tuple(ids)):
            yield row

    async def _pages(self, kind: type[R], more: str, values: tuple[str, ...]) -> AsyncIterator[R]:
        after = ""
        while page := await self._page(kind, f"WHERE id > ? {more} ORDER BY id LIMIT {PAGE}", (after, *values)):
            for _, row in page:
                yield row
            after = page[-1][0]

    async def _page(self, kind: type[R], where: str, values: tuple[str, ...]) -> list[tuple[str, R]]:
        statement = f'SELECT id, body FROM "{ROWS[kind.KIND].name}" {where}'  # noqa: S608 (names from our tables)
        found = await self._db.execute_fetchall(statement, values)
        return [(id, restore(kind, body)) for id, body in found]


def _fits(values: Sequence[str]) -> bool:
    """Is there anything to ask for? ValueError for more than one statement should carry."""
    if len(values) > MOST_AT_ONCE:
        raise ValueError(f"more than {MOST_AT_ONCE} at once")
    return bool(values)


@asynccontextmanager
async def read_only(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    """A connection that cannot write. FileNotFoundError if there is no database.

    Not left to connect(): it would fail in a thread of its own.
    """
    if not path.is_file():  # noqa: ASYNC240 (once, at start)
        raise FileNotFoundError(path)
    async with aiosqlite.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None) as db:  # noqa: ASYNC240
        await db.execute("PRAGMA query_only = ON")
        await db.execute("PRAGMA trusted_schema = OFF")
        yield db


@asynccontextmanager
async def open_rows(path: Path) -> AsyncIterator[SqliteRows]:
    """The rows of a database, for as long as the block runs."""
    async with read_only(path) as db:
        yield SqliteRows(db)


async def all_of(path: Path, kind: type[R]) -> tuple[R, ...]:
    """Every row of a kind, also beside a broker that runs; none without a database, or in one that is older than it."""
    if not path.is_file():  # noqa: ASYNC240 (once)
        return ()
    try:
        async with open_rows(path) as rows:
            return tuple([row async for row in rows.scan(kind)])
    except sqlite3.OperationalError:
        return ()
