"""The same as `storage/turn.py`, of a PostgreSQL database: a log ends, and the next one begins and points back."""

from collections.abc import Mapping
from typing import Any

from broker.adapters.storage.audit_chain import continued
from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.storage.postgres.connections import BROKERS, Connection, assert_revision, connect, lock, numbered
from broker.adapters.storage.postgres.create import NEW_HEAD_ROW
from broker.adapters.storage.postgres.edge import assert_not_restored
from broker.adapters.storage.postgres.ordering import LogOf, Ordering
from broker.adapters.storage.postgres.tables import HEAD, SELECT_HEADS
from broker.adapters.storage.postgres.writer import put_aside
from broker.adapters.storage.shards import CLEAR, LAST_KIND, SEAL, SET_META, SHARDS, Shard, origin_of
from broker.adapters.storage.turn import Turning, assert_all_here, ended_for, missing
from broker.adapters.storage.writer import Wish

_CHECKPOINT = "SELECT root, note, at FROM checkpoint ORDER BY size DESC LIMIT 1"
_SWAP = f"UPDATE {HEAD} SET size = $1, note = $2 WHERE origin = $3 AND size < $1"  # noqa: S608 (ours)


async def turn_postgres(url: str, head_url: str, name: str, t: Turning, *, lost: bool = False) -> Shard:
    """End the log of a database and begin the log `name`; the one that ended. Errors as those of `turn`."""
    origin, of = origin_of(t.root, name), LogOf(origin=t.root, sign=t.sign, clock=t.clock, entropy=t.entropy)
    db, head = await connect(url, None), await connect(head_url)
    try:
        if not await db.fetchval(lock("pg_try_advisory_lock", BROKERS)):
            raise LedgerRefusedError("the database is in use: another broker runs on it")
        await assert_revision(db)
        published = {row["origin"]: (row["size"], row["note"]) for row in await head.fetch(SELECT_HEADS)}
        log = await _ordered(db, head, of)
        if log.log.origin != origin:
            if origin in published or origin in await _sizes(db):
                raise LedgerRefusedError(f"there was a log {origin} before: choose another name")
            await _end(db, head, log, published, origin, t, lost=lost)
            await _seal(db, await _ordered(db, head, of), origin)
        elif origin in published:
            raise LedgerRefusedError(f"{origin} is the log that is written already")
        log, before = await _ordered(db, head, of), Shard(*(await db.fetch(SHARDS))[-1])
        if log.size == 0:
            gone = missing({name: size for name, (size, _) in published.items()}, await _sizes(db))
            await _append(db, log, [t.wish("log.created", {"origin": origin, **continued(before, gone)})])
        note = (await _newest(db))["note"]
        await head.execute(NEW_HEAD_ROW, origin, log.size, t.also(note))
        return before
    finally:
        db.terminate()
        head.terminate()


async def _ordered(db: Connection, head: Connection, of: LogOf) -> Ordering:
    """The log that grows, with everything in its place that waited."""
    log = Ordering(db, head, of)
    await log.recover()
    while await log.integrate():
        pass
    return log


async def _newest(db: Connection) -> Mapping[str, Any]:
    """The newest checkpoint."""
    found = await db.fetchrow(_CHECKPOINT)
    if found is None:
        raise LedgerRefusedError("the log is empty: run `broker audit verify`")
    return dict(found)


async def _append(db: Connection, log: Ordering, wishes: list[Wish]) -> None:
    async with db.transaction():
        await put_aside(db, wishes)
    await log.integrate()


async def _sizes(db: Connection) -> dict[str, int]:
    return {row["origin"]: row["size"] for row in await db.fetch(SHARDS)}


async def _end(
    db: Connection,
    head: Connection,
    log: Ordering,
    published: dict[str, tuple[int, bytes]],
    origin: str,
    t: Turning,
    *,
    lost: bool,
) -> None:
    """The last entry, published. Of a log of which something is lost none: it would stand where another one stood."""
    sizes = {name: size for name, (size, _) in published.items()}
    gone = missing(sizes, await _sizes(db) | {log.log.origin: log.size})
    if gone and not lost:
        assert_all_here(gone)
    if lost:
        if not gone:
            raise LedgerRefusedError("nothing that was published is lost here: `broker audit turn` without --lost")
        return
    if log.log.origin not in published:
        raise LedgerRefusedError(f"there is no head of the log {log.log.origin}: nobody can tell a restored log")
    await assert_not_restored(db, log.size, *published[log.log.origin])
    last = await db.fetchrow(LAST_KIND)
    if not ended_for((last["kind"], last["body"]) if last is not None else None, origin):
        await _append(db, log, [t.ending(origin)])
    note = (await _newest(db))["note"]
    await head.execute(_SWAP, log.size, t.also(note), log.log.origin)


async def _seal(db: Connection, log: Ordering, origin: str) -> None:
    """Put aside what proves the log, and let the next one begin, in one transaction."""
    of, size = log.log, log.size
    async with db.transaction():
        found = await _newest(db)
        sealed = (of.origin, of.first, size, found["root"], found["note"], found["at"], log.tail())
        await db.execute(numbered(SEAL[0]), *sealed)
        await db.execute(numbered(SEAL[1]), of.origin)
        for statement in CLEAR:
            await db.execute(statement)
        await db.execute(numbered(SET_META), "origin", origin)
        await db.execute(numbered(SET_META), "first", str(of.first + size))
