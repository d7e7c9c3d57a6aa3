"""What may be lost without anybody gaining or losing a right (ruling 27): bounded, expiring, no entries.

Same database, one table, a connection of its own. It commits without waiting for the disk, and never folds
the write-ahead log into the database: that stays with the ledger, which does wait.
"""

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiosqlite

from broker.adapters.storage.connections import BUSY_SECONDS
from broker.adapters.storage.reads import Database
from broker.core.jobs import Ended, Turns
from broker.core.plain import canonical
from broker.core.time import Seconds
from broker.ports import LedgerDownError

LIMIT = 10_000
"""Values of one kind; of more, the oldest go."""
MARKS = 200_000
"""Live values of a kind that is added to and not put into: none goes early, so that there is an end of room."""
MAX_BYTES = 64 * 1024
MAX_ID = 512
SWEEP_SECONDS = 60.0
"""For how long what has expired may still lie on the disk."""
_KIND = re.compile(r"[a-z][a-z0-9_.]{0,39}")
_PUT = (
    "INSERT INTO scratch (n, kind, id, body, expires) VALUES ({next}, ?, ?, ?, ?)"
    " ON CONFLICT (kind, id) DO UPDATE SET n = excluded.n, body = excluded.body, expires = excluded.expires"
)
_ADD = _PUT + " WHERE scratch.expires <= ? RETURNING n"
"""One statement, so that of many who add the same one does."""
_DROP = (
    "DELETE FROM scratch WHERE kind = ? AND n IN (SELECT n FROM scratch WHERE kind = ? ORDER BY n LIMIT ?) RETURNING n"
)


class SqliteScratch:
    """A ports.Scratch. `kind` is a word of our own, never one from outside: the number of kinds is the code's."""

    _NEXT = "(SELECT coalesce(max(n), 0) + 1 FROM scratch)"
    """A number above all that were given."""

    def __init__(self, db: Database, counts: dict[str, int], limit: int, marks: int) -> None:
        self._db, self._counts, self._limit, self._marks = db, counts, limit, marks
        self._put, self._add = _PUT.format(next=self._NEXT), _ADD.format(next=self._NEXT)

    async def put(self, kind: str, id: str, value: Mapping[str, Any], expires: Seconds) -> None:
        """ValueError for a value above 64 KiB or an id above 512 characters: what bounds all of it."""
        await self._do(self._put, (kind, id, _body(kind, id, value), expires))
        self._counts[kind] = self._counts.get(kind, 0) + 1  # at least as many as there are
        if self._counts[kind] > self._limit:
            await self._bound(kind)

    async def add(self, kind: str, id: str, value: Mapping[str, Any], expires: Seconds, now: Seconds) -> bool:
        added = await self._do(self._add, (kind, id, _body(kind, id, value), expires, now))
        if not added:
            return False
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if self._counts[kind] > self._marks:
            await self._refuse_above(kind, added[0][0], now)
        return True

    async def get(self, kind: str, id: str, now: Seconds) -> Mapping[str, Any] | None:
        statement = "SELECT body FROM scratch WHERE kind = ? AND id = ? AND expires > ?"
        return _value(await self._do(statement, (kind, id, now)))

    async def take(self, kind: str, id: str, now: Seconds) -> Mapping[str, Any] | None:
        """One statement, so that of two takers one gets it."""
        statement = "DELETE FROM scratch WHERE kind = ? AND id = ? RETURNING body, expires"
        found = await self._do(statement, (kind, id))
        return _value([row for row in found if row[1] > now])

    async def ending(self, kind: str, now: Seconds, before: Seconds) -> list[tuple[str, Seconds]]:
        statement = (
            "SELECT id, expires FROM scratch WHERE kind = ? AND expires > ? AND expires < ? ORDER BY expires, id"
        )
        return [(row[0], Seconds(row[1])) for row in await self._do(statement, (kind, now, before))]

    async def sweep(self, now: Seconds) -> int:
        """Delete what has expired. How many there were."""
        gone = await self._do("DELETE FROM scratch WHERE expires <= ? RETURNING n", (now,))
        return len(gone)

    async def sweep_on(self, now: Callable[[], Seconds], turns: Turns, seconds: float = SWEEP_SECONDS) -> None:
        """Sweep again and again until cancelled. A database that is busy is swept the next time."""
        while True:
            await asyncio.sleep(seconds)
            turns.begun()
            gone = 0
            outcome: Ended = "unrecorded"
            with suppress(LedgerDownError):
                gone, outcome = await self.sweep(now()), "done"
            turns.ended(outcome, seconds, gone)

    async def _do(self, statement: str, values: tuple[str | int, ...]) -> list[Any]:
        try:
            return list(await self._db.execute_fetchall(statement, values))
        except sqlite3.OperationalError as failure:
            raise LedgerDownError("scratch cannot be used now") from failure

    async def _bound(self, kind: str) -> None:
        """Count for true, and drop the oldest above the limit."""
        ((count,),) = await self._do("SELECT count(*) FROM scratch WHERE kind = ?", (kind,))
        if count > self._limit:
            count -= len(await self._do(_DROP, (kind, kind, count - self._limit)))
        self._counts[kind] = count

    async def _refuse_above(self, kind: str, newest: int, now: Seconds) -> None:
        """Make room by what has expired; where that is not enough, the newest has no place."""
        await self._do("DELETE FROM scratch WHERE kind = ? AND expires <= ?", (kind, now))
        ((count,),) = await self._do("SELECT count(*) FROM scratch WHERE kind = ?", (kind,))
        self._counts[kind] = count
        if count > self._marks:
            await self._do("DELETE FROM scratch WHERE n = ?", (newest,))
            raise LedgerDownError(f"scratch {kind}: full")


def _body(kind: str, id: str, value: Mapping[str, Any]) -> str:
    body = canonical(value)
    if not _KIND.fullmatch(kind) or len(id) > MAX_ID or len(body) > MAX_BYTES:
        raise ValueError(f"scratch {kind[:40]}: at most {MAX_BYTES} bytes, and {MAX_ID} characters of id")
    return body.decode()


@asynccontextmanager
async def open_scratch(path: Path, limit: int = LIMIT, marks: int = MARKS) -> AsyncIterator[SqliteScratch]:
    """Scratch of an existing database. FileNotFoundError if there is none."""
    if not path.is_file():  # noqa: ASYNC240 (once, at start)
        raise FileNotFoundError(path)
    uri = f"{path.resolve().as_uri()}?mode=rw"  # noqa: ASYNC240
    async with aiosqlite.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None) as db:
        await db.execute("PRAGMA synchronous = NORMAL")
        await db.execute("PRAGMA wal_autocheckpoint = 0")
        await db.execute("PRAGMA trusted_schema = OFF")
        counted = await db.execute_fetchall("SELECT kind, count(*) FROM scratch GROUP BY kind")
        yield SqliteScratch(db, {row[0]: row[1] for row in counted}, limit, marks)


def _value(found: list[Any]) -> Mapping[str, Any] | None:
    value: Mapping[str, Any] | None = json.loads(found[0][0]) if found else None
    return value
