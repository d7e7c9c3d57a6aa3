"""Which logs a database has: the one that grows, and those before it that have ended (docs/how-to/open-a-new-log.md).

Entries are numbered through all of them, so that rows and decisions name an entry by one number for ever. Each log has
a tree of its own: entry `first` is the first leaf of the log that began with it. Of a log that has ended `shard` holds
the last checkpoint with the leaf hashes of the last tile, and `shard_tile` every tile.
"""

import re
import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple

from broker.adapters.storage.head import LedgerRefusedError

_NAME = re.compile(r"[0-9][0-9a-z-]{0,31}")
PRESENT = "SELECT key, value FROM meta WHERE key IN ('origin', 'first')"
SHARDS = "SELECT origin, first, size, root, note, at FROM shard ORDER BY first"
SHARD_TILE = "SELECT l, n, data FROM shard_tile WHERE origin = ? AND l = ? AND n = ?"
SHARD_TAIL = "SELECT size, leaves FROM shard WHERE origin = ?1 AND size > 256 * ?2"
NEXT = "log.ended"
"""The kind of the last entry of a log that another one goes on from."""

SEAL = (
    "INSERT INTO shard (origin, first, size, root, note, at, leaves) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    "INSERT INTO shard_tile (origin, l, n, data) SELECT ?1, l, n, data FROM tile",
)
"""What is kept of the log that ends: parameters of the first are its columns, of the second its origin."""
CLEAR = ("DELETE FROM tile", "DELETE FROM checkpoint")
SET_META = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
LAST_KIND = "SELECT kind, body FROM record ORDER BY seq DESC LIMIT 1"


class Present(NamedTuple):
    """The log that grows. `first`: the number of its first entry."""

    origin: str
    first: int


class Shard(NamedTuple):
    """A log that has ended."""

    origin: str
    first: int
    size: int
    root: bytes
    note: bytes
    at: int


def belongs(origin: str, root: str) -> bool:
    """Is `origin` the name of a log of the broker whose first log is `root`?"""
    return origin == root or origin.startswith(root + "/")


def origin_of(root: str, name: str) -> str:
    """The name in full of the log `name`; the first one has none. ValueError for what cannot stand in an address."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name}: the name of a log begins with a digit, for example 2027 or 2027-b")
    return f"{root}/{name}"


def present_in(rows: Iterable[Any]) -> Present:
    """What the rows of `PRESENT` say. ValueError if they say nothing."""
    said = {row[0]: row[1] for row in rows}
    if "origin" not in said:
        raise ValueError("it does not say which log it is")
    return Present(said["origin"], int(said.get("first", "0")))


def present(db: sqlite3.Connection) -> Present:
    return present_in(db.execute(PRESENT))


def shards(db: sqlite3.Connection) -> tuple[Shard, ...]:
    """Those that have ended, the oldest first."""
    return tuple(Shard(*row) for row in db.execute(SHARDS))


class Span(NamedTuple):
    """Which entries of a database are one log: from number `first` to before `end`; None: to the last one."""

    origin: str
    first: int = 0
    end: int | None = None

    @property
    def ended(self) -> bool:
        return self.end is not None

    @property
    def before(self) -> int:
        """The number that its entries lie below, at least."""
        return self.end if self.end is not None else MOST

    @property
    def lowest(self) -> int:
        """The number from which on they are; below the first log there is nothing that another could own."""
        return self.first or -MOST

    @property
    def within(self) -> tuple[int, int, int]:
        """Parameters: where to count from, and the bounds."""
        return self.first, self.lowest, self.before


MOST = 2**62
"""More entries than there will be."""


def spans(db: sqlite3.Connection) -> list[Span]:
    """Every log of a database, the one that grows last. ValueError if it does not say which."""
    log = present(db)
    return [*(Span(s.origin, s.first, s.first + s.size) for s in shards(db)), Span(log.origin, log.first)]


def show(db: sqlite3.Connection, span: Span) -> None:
    """From now on this connection sees, as tiles and checkpoints, those of `span`. Nothing is written."""
    for table in ("tile", "checkpoint"):
        db.execute(f"DROP VIEW IF EXISTS temp.{table}")
    if span.ended:
        origin = span.origin.replace("'", "''")
        for table, columns, of in _SHOWN:
            db.execute(f"CREATE TEMP VIEW {table} AS SELECT {columns} FROM main.{of} WHERE origin = '{origin}'")  # noqa: S608


_SHOWN = (("tile", "l, n, data", "shard_tile"), ("checkpoint", "size, root, note, at, leaves", "shard"))


def assert_known(published: Iterable[str], known: Iterable[str]) -> None:
    """LedgerRefusedError when a log was published that this database has never heard of: it is older than that one."""
    unknown = sorted(set(published) - set(known))
    if unknown:
        raise LedgerRefusedError(
            f"the log {unknown[0]} was published, and this database does not know it: an old backup was restored."
            " Bring the newer database back, or begin a new log with `broker audit turn --lost`"
        )


def assert_goes_on(last: tuple[str, bytes] | None) -> None:
    """LedgerRefusedError when the log ended and no other was begun: `turn` was interrupted."""
    if last is not None and last[0] == NEXT:
        raise LedgerRefusedError("the log has ended, and none goes on from it: run `broker audit turn` again")
