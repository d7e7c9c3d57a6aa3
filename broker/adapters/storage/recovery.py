"""Does the database hang together, and where did it stop? Asked once, before the ledger writes anything.

Looks at the right edge only (`broker audit verify` looks at everything): the newest checkpoint, the tiles it
was made of, the entries of the last tile, and the head that was published.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.storage.schema import REVISION, SELECT_TAIL, SELECT_TILE
from broker.adapters.storage.shards import Present, assert_known, belongs, present, shards
from broker.core.audit.merkle import HASH_BYTES, TILE_HEIGHT, leaf_hash, prove
from broker.core.audit.note import parse_checkpoint, unverified_text
from broker.core.audit.tiles import Edge, TileId, edge, needed, resume, subtree_hash, tail
from broker.core.time import Seconds

_NUMBERED = "SELECT coalesce(max(seq) + 1, 0) FROM record"
_CHECKPOINT = "SELECT size, root, note, at FROM checkpoint ORDER BY size DESC LIMIT 1"
_TAIL = "SELECT body FROM record WHERE seq >= ? ORDER BY seq"


class Found(NamedTuple):
    """Where the log stopped that grows: the edge of its tree, the time of its newest checkpoint, and which it is."""

    edge: Edge
    at: Seconds
    log: Present


def assert_revision(db: sqlite3.Connection) -> None:
    """LedgerRefusedError unless `db` has exactly the schema of this program."""
    try:
        found = [row[0] for row in db.execute("SELECT version_num FROM alembic_version")]
    except sqlite3.DatabaseError as wrong:
        raise LedgerRefusedError(f"not a broker's database: {wrong}") from None
    if found != [REVISION]:
        raise LedgerRefusedError(f"the database has schema {found}, this program {REVISION}: run `broker migrate`")


def recover(db: sqlite3.Connection, origin: str) -> Found:
    """Where the log stopped. `origin`: of the broker's first log. LedgerRefusedError if what there is disagrees."""
    try:
        return _recover(db, origin)
    except (sqlite3.DatabaseError, KeyError, ValueError) as wrong:
        raise LedgerRefusedError(f"the log is damaged ({wrong}): run `broker audit verify`") from None


def assert_not_restored(db: sqlite3.Connection, size: int, head_size: int, head_note: bytes) -> None:
    """LedgerRefusedError when the published head is not a beginning of what `db` holds."""
    if size < head_size:
        raise LedgerRefusedError(
            f"the log has {size} entries and {head_size} were published: an old backup was restored. Bring the"
            " newer database back, or begin a new log with `broker audit turn --lost`"
        )
    if root_at(db, head_size) != parse_checkpoint(unverified_text(head_note)).root:
        raise LedgerRefusedError("the log does not continue the one that was published: run `broker audit verify`")


def assert_newest(db: sqlite3.Connection, log: str, published: Mapping[str, tuple[int, bytes]]) -> None:
    """LedgerRefusedError unless a copy, whose log that grows is `log`, has all that was `published`, by origin."""
    assert_known(published, [log, *(shard.origin for shard in shards(db))])
    if log not in published:
        raise LedgerRefusedError(f"there is no head of the log {log}")
    (numbered,) = db.execute(_NUMBERED).fetchone()
    assert_not_restored(db, numbered - present(db).first, *published[log])


def root_at(db: sqlite3.Connection, size: int) -> bytes:
    """The root over the first `size` entries, out of the tiles. KeyError or ValueError if they do not do."""
    whole = [(0, size)]
    tiles = load_tiles(db, needed(whole))
    return prove(whole, lambda subtree: subtree_hash(subtree, tiles))[0]


def load_tiles(db: sqlite3.Connection, wanted: Iterable[TileId]) -> Mapping[TileId, bytes]:
    """Those of `wanted` that there are. The last tile of level 0 is not stored before it is full."""
    found = dict[TileId, bytes]()
    for level, index in wanted:
        stored = db.execute(SELECT_TILE, (level, index)).fetchone()
        if stored is not None:
            found[level, index] = stored[0]
        elif level == 0:
            found[level, index] = tail(db.execute(SELECT_TAIL, (index,)), index)
    return found


def _recover(db: sqlite3.Connection, root: str) -> Found:
    log = present(db)
    if not belongs(log.origin, root):
        raise ValueError(f"it is the log of another origin than {root}")
    (numbered,) = db.execute(_NUMBERED).fetchone()
    size = numbered - log.first
    newest = db.execute(_CHECKPOINT).fetchone()
    if newest is None:
        if size:
            raise ValueError("entries without a checkpoint")
        return Found(Edge(), Seconds(0), log)
    grown = resume(size, load_tiles(db, edge(size)))
    said = parse_checkpoint(unverified_text(newest[2]))
    if (said.origin, said.size, said.root) != (log.origin, size, grown.frontier.root()):
        raise ValueError(f"{size} entries do not add up to the checkpoint at {said.size}")
    _assert_tail(db, log.first, size)
    return Found(grown, Seconds(newest[3]), log)


def _assert_tail(db: sqlite3.Connection, first: int, size: int) -> None:
    """ValueError unless the entries of the last tile are those that were hashed into it."""
    last = size - 1 >> TILE_HEIGHT
    leaves = load_tiles(db, [(0, last)])[0, last]
    bodies = [row[0] for row in db.execute(_TAIL, (first + (last << TILE_HEIGHT),))]
    if b"".join(leaf_hash(body) for body in bodies) != leaves[: len(bodies) * HASH_BYTES]:
        raise ValueError("an entry near the end is not the one that was hashed")
