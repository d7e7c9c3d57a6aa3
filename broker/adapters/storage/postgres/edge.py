"""Where did the log stop, and does its right edge hang together? Asked whenever somebody begins to put it in order.

The same questions as `storage/recovery.py` asks of SQLite, of the same tables.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.storage.postgres.connections import Connection, numbered
from broker.adapters.storage.schema import SELECT_TAIL, SELECT_TILE
from broker.adapters.storage.shards import PRESENT, Present, belongs, present_in
from broker.core.audit.merkle import HASH_BYTES, TILE_HEIGHT, leaf_hash, prove
from broker.core.audit.note import parse_checkpoint, unverified_text
from broker.core.audit.tiles import Edge, TileId, edge, needed, resume, subtree_hash, tail
from broker.core.time import Seconds

_NUMBERED = "SELECT coalesce(max(seq) + 1, 0) FROM record"
_NEWEST = "SELECT size, root, note, at FROM checkpoint ORDER BY size DESC LIMIT 1"
_TAIL = "SELECT body FROM record WHERE seq >= $1 ORDER BY seq"


class Found(NamedTuple):
    """Where the log stopped that grows: the edge of its tree, time and note of its newest checkpoint; which it is."""

    edge: Edge
    at: Seconds
    note: bytes
    log: Present


async def recover(db: Connection, origin: str) -> Found:
    """Where the log stopped. `origin`: of the broker's first log. LedgerRefusedError if what there is disagrees."""
    try:
        return await _recover(db, origin)
    except (KeyError, ValueError) as wrong:
        raise LedgerRefusedError(f"the log is damaged ({wrong}): run `broker audit verify`") from None


async def assert_not_restored(db: Connection, size: int, head_size: int, head_note: bytes) -> None:
    """LedgerRefusedError when the published head is not a beginning of what `db` holds."""
    if size < head_size:
        raise LedgerRefusedError(
            f"the log has {size} entries and {head_size} were published: an old backup was restored. Bring the"
            " newer database back, or begin a new log with `broker audit turn --lost`"
        )
    whole = [(0, head_size)]
    try:
        tiles = await _tiles(db, needed(whole))
        root = prove(whole, lambda subtree: subtree_hash(subtree, tiles))[0]
    except (KeyError, ValueError):
        root = b""
    if root != parse_checkpoint(unverified_text(head_note)).root:
        raise LedgerRefusedError("the log does not continue the one that was published: run `broker audit verify`")


async def _recover(db: Connection, root: str) -> Found:
    log = present_in(await db.fetch(PRESENT))
    if not belongs(log.origin, root):
        raise ValueError(f"it is the log of another origin than {root}")
    size, newest = await db.fetchval(_NUMBERED) - log.first, await db.fetchrow(_NEWEST)
    if newest is None:
        if size:
            raise ValueError("entries without a checkpoint")
        return Found(Edge(), Seconds(0), b"", log)
    grown = resume(size, await _tiles(db, edge(size)))
    said = parse_checkpoint(unverified_text(newest["note"]))
    if (said.origin, said.size, said.root) != (log.origin, size, grown.frontier.root()):
        raise ValueError(f"{size} entries do not add up to the checkpoint at {said.size}")
    await _assert_tail(db, log.first, size)
    return Found(grown, Seconds(newest["at"]), newest["note"], log)


async def _assert_tail(db: Connection, first: int, size: int) -> None:
    """ValueError unless the entries of the last tile are those that were hashed into it."""
    last = size - 1 >> TILE_HEIGHT
    leaves = (await _tiles(db, [(0, last)]))[0, last]
    bodies = [row["body"] for row in await db.fetch(_TAIL, first + (last << TILE_HEIGHT))]
    if b"".join(map(leaf_hash, bodies)) != leaves[: len(bodies) * HASH_BYTES]:
        raise ValueError("an entry near the end is not the one that was hashed")


async def _tiles(db: Connection, wanted: Iterable[TileId]) -> Mapping[TileId, bytes]:
    """Those of `wanted` that there are. The last tile of level 0 is not stored before it is full."""
    found = dict[TileId, bytes]()
    for level, index in wanted:
        stored = await db.fetchval(numbered(SELECT_TILE), level, index)
        if stored is not None:
            found[level, index] = stored
        elif level == 0:
            found[level, index] = tail([tuple(row) for row in await db.fetch(numbered(SELECT_TAIL), index)], index)
    return found
