"""Does the database hang together, and where did it stop? Asked once, before the ledger writes anything.

Looks at the right edge only (`broker audit verify` looks at everything): the newest checkpoint, the tiles it
was made of, the entries of the last tile, and the head that was published.
"""

import sqlite3
from collections.abc import Iterable, Mapping

from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.storage.schema import REVISION, SELECT_TAIL, SELECT_TILE
from broker.core.audit.merkle import HASH_BYTES, TILE_HEIGHT, leaf_hash, prove
from broker.core.audit.note import parse_checkpoint, unverified_text
from broker.core.audit.tiles import Edge, TileId, edge, needed, resume, subtree_hash, tail
from broker.core.time import Seconds

_SIZE = "SELECT coalesce(max(seq) + 1, 0) FROM record"
_CHECKPOINT = "SELECT size, root, note, at FROM checkpoint ORDER BY size DESC LIMIT 1"
_TAIL = "SELECT body FROM record WHERE seq >= ? ORDER BY seq"


def assert_revision(db: sqlite3.Connection) -> None:
    """LedgerRefusedError unless `db` has exactly the schema of this program."""
    try:
        found = [row[0] for row in db.execute("SELECT version_num FROM alembic_version")]
    except sqlite3.DatabaseError as wrong:
        raise LedgerRefusedError(f"not a broker's database: {wrong}") from None
    if found != [REVISION]:
        raise LedgerRefusedError(f"the database has schema {found}, this program {REVISION}: run `broker migrate`")


def recover(db: sqlite3.Connection, origin: str) -> tuple[Edge, Seconds]:
    """The edge of the tree, and the time of its newest checkpoint. LedgerRefusedError if they disagree."""
    try:
        return _recover(db, origin)
    except (sqlite3.DatabaseError, KeyError, ValueError) as wrong:
        raise LedgerRefusedError(f"the log is damaged ({wrong}): run `broker audit verify`") from None


def assert_not_restored(db: sqlite3.Connection, size: int, head_size: int, head_note: bytes) -> None:
    """LedgerRefusedError when the published head is not a beginning of what `db` holds."""
    if size < head_size:
        raise LedgerRefusedError(
            f"the log has {size} entries and {head_size} were published: an old backup was restored. Bring the"
            " newer database back, or begin a new log under another origin"
        )
    if root_at(db, head_size) != parse_checkpoint(unverified_text(head_note)).root:
        raise LedgerRefusedError("the log does not continue the one that was published: run `broker audit verify`")


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


def _recover(db: sqlite3.Connection, origin: str) -> tuple[Edge, Seconds]:
    stored = db.execute("SELECT value FROM meta WHERE key = 'origin'").fetchone()
    if stored != (origin,):
        raise ValueError(f"it is the log of another origin than {origin}")
    (size,) = db.execute(_SIZE).fetchone()
    newest = db.execute(_CHECKPOINT).fetchone()
    if newest is None:
        if size:
            raise ValueError("entries without a checkpoint")
        return Edge(), Seconds(0)
    grown = resume(size, load_tiles(db, edge(size)))
    said = parse_checkpoint(unverified_text(newest[2]))
    if (said.origin, said.size, said.root) != (origin, size, grown.frontier.root()):
        raise ValueError(f"{size} entries do not add up to the checkpoint at {said.size}")
    _assert_tail(db, size)
    return grown, Seconds(newest[3])


def _assert_tail(db: sqlite3.Connection, size: int) -> None:
    """ValueError unless the entries of the last tile are those that were hashed into it."""
    last = size - 1 >> TILE_HEIGHT
    leaves = load_tiles(db, [(0, last)])[0, last]
    bodies = [row[0] for row in db.execute(_TAIL, (last << TILE_HEIGHT,))]
    if b"".join(leaf_hash(body) for body in bodies) != leaves[: len(bodies) * HASH_BYTES]:
        raise ValueError("an entry near the end is not the one that was hashed")
