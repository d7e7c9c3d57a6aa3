"""Reads of the log: entries, tiles, the published checkpoint, and the proofs that can be made of them.

What is handed out never goes beyond the published checkpoint: an entry after it has no proof yet.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from broker.adapters.storage.codec import receipt_bytes, restore
from broker.adapters.storage.reads import Database, read_only
from broker.adapters.storage.schema import SELECT_TAIL
from broker.adapters.storage.shards import PRESENT, SHARD_TAIL, SHARD_TILE, SHARDS, Present, Shard, present_in
from broker.core.audit.merkle import (
    HASH_BYTES,
    TILE_HEIGHT,
    Range,
    consistency_ranges,
    inclusion_ranges,
    prove,
)
from broker.core.audit.proof import Proof
from broker.core.audit.tiles import WIDTH, Piece, TileId, bundle, needed, subtree_hash, tail, width_at
from broker.core.authz.feed import Change
from broker.core.ids import ReceiptId, is_made_id
from broker.core.rows import Row
from broker.core.time import Seconds

_CHANGES = (
    "SELECT e.seq, r.at, e.kind, h.body FROM effect e JOIN record r ON r.seq = e.seq"
    " JOIN history h ON h.kind = e.kind AND h.row_id = e.row_id AND h.version = e.version"
    " WHERE e.seq >= ? AND e.seq < ?"
)
_TILE = "SELECT l, n, data FROM tile WHERE l = ? AND n = ?"
_THEIRS = "substr(body, length(body) - 33, 32) = ?"
"""Whoever an entry names by pseudonym, it names at its end (`core.audit.entry.outline`)."""
LOOKED = 20_000
"""Entries among which one call looks for those of one person."""
NEWEST = 500
"""Entries that one call hands out at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An entry as it is kept: its place, and the bytes that were hashed (`core.audit.entry.decode`)."""

    seq: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """The newest checkpoint that anybody may see."""

    size: int
    note: bytes


class SqliteLog:
    """The log of one database. `head`: a connection to the file in which its head is kept."""

    def __init__(self, db: Database, head: Database, log: Present) -> None:
        self._db, self._head, self.log = db, head, log

    @property
    def origin(self) -> str:
        """Its name."""
        return self.log.origin

    @property
    def first(self) -> int:
        """The number of its first entry."""
        return self.log.first

    async def published(self) -> Published:
        """The checkpoint of `<prefix>/checkpoint`."""
        ((size, note),) = await self._head.execute_fetchall(
            "SELECT size, note FROM head WHERE origin = ?", (self.log.origin,)
        )
        return Published(size=size, note=note)

    async def ended(self) -> tuple["EndedLog", ...]:
        """The logs before this one, the oldest first."""
        return tuple(EndedLog(self._db, self._head, Shard(*row)) for row in await self._db.execute_fetchall(SHARDS))

    async def entry(self, receipt: ReceiptId) -> Kept | None:
        """The entry with this receipt id, published or not."""
        if not is_made_id(receipt, "rcp"):
            return None
        found = await self._entries("WHERE seq = (SELECT seq FROM receipt WHERE id = ?)", (receipt_bytes(receipt),))
        return found[0] if found else None

    async def newest(self, count: int, before: int | None = None) -> tuple[Kept, ...]:
        """The last `count` (at most NEWEST) entries below number `before`, newest first."""
        where, values = ("WHERE seq < ?", (before,)) if before is not None else ("", ())
        return await self._entries(f"{where} ORDER BY seq DESC LIMIT ?", (*values, min(count, NEWEST)))

    async def theirs(self, who: str, count: int, before: int | None = None) -> tuple[tuple[Kept, ...], int | None]:
        """The last `count` (at most NEWEST) entries of `who` below number `before`, newest first; and the number from
        which to go on: entries below it were not looked at. None: there are none.

        No index leads there: one would cost every entry a page of its own. One call looks at LOOKED entries.
        """
        return await self._looked(_THEIRS, who.encode(), count, before)

    async def of_kind(self, kind: str, count: int, before: int | None = None) -> tuple[tuple[Kept, ...], int | None]:
        """As `theirs`, of one kind, whoever made them."""
        return await self._looked("kind = ?", kind, count, before)

    async def _looked(
        self, fits: str, value: str | bytes, count: int, before: int | None
    ) -> tuple[tuple[Kept, ...], int | None]:
        size, most = await self.head(), min(count, NEWEST)
        end = size if before is None else min(before, size)
        first = max(0, end - LOOKED)
        where = f"WHERE seq >= ? AND seq < ? AND {fits} ORDER BY seq DESC LIMIT ?"
        kept = await self._entries(where, (first, end, value, most))
        rest = kept[-1].seq if len(kept) == most else first
        return kept, rest or None

    async def piece(self, piece: Piece) -> bytes | None:
        """A tile or entry bundle of `<prefix>/tile/…`; None where the published log has none so wide."""
        size = (await self.published()).size
        if piece.width > width_at(piece.level or 0, piece.index, size):
            return None
        if piece.level is None:
            first = self.log.first + piece.index * WIDTH
            kept = await self._entries("WHERE seq >= ? AND seq < ? ORDER BY seq", (first, first + piece.width))
            return bundle(each.body for each in kept)
        found = await self._tiles([(piece.level, piece.index)], size)
        return found[piece.level, piece.index][: piece.width * HASH_BYTES]

    async def proof(self, receipt: ReceiptId) -> Proof | None:
        """That the entry is in its published log; None if there is no such entry, or not yet.

        The entry's own bytes are the proof's `extra`: show it to those only who may read the entry.
        """
        kept = await self.entry(receipt)
        if kept is None:
            return None
        if kept.seq >= self.log.first:
            return await self._proof_of(kept)
        theirs = next(log for log in await self.ended() if kept.seq < log.log.first + log.size)
        return await theirs._proof_of(kept)  # noqa: SLF001 (another of us)

    async def _proof_of(self, kept: Kept) -> Proof | None:
        index, published = kept.seq - self.log.first, await self.published()
        if index >= published.size:
            return None
        hashes = await self._prove(inclusion_ranges(index, published.size), published.size)
        return Proof(index=index, hashes=hashes, checkpoint=published.note, extra=kept.body)

    async def consistency(self, old: int, size: int) -> tuple[bytes, ...] | None:
        """That the log of `old` entries is the beginning of the one of `size`; None for sizes it never had."""
        published = (await self.published()).size
        if not 0 < old <= size <= published:
            return None
        return await self._prove(consistency_ranges(old, size), published)

    async def head(self) -> int:
        """How many entries there are, published or not."""
        ((last,),) = await self._db.execute_fetchall("SELECT max(seq) FROM record")
        return 0 if last is None else int(last) + 1

    async def at(self, seq: int) -> Seconds | None:
        """When entry `seq` was made."""
        found = list(await self._db.execute_fetchall("SELECT at FROM record WHERE seq = ?", (seq,)))
        return Seconds(found[0][0]) if found else None

    async def since(
        self, seq: int, place: int, until: int, kinds: Collection[type[Row]], most: int
    ) -> tuple[Change, ...]:
        """Changes of rows of these kinds by entries `seq` to before `until`, the first `place` of `seq` left out."""
        by_name = {kind.KIND: kind for kind in kinds}
        found = await self._db.execute_fetchall(
            f"{_CHANGES} AND e.kind IN ({', '.join('?' * len(by_name))})"
            " ORDER BY e.seq, e.kind, e.row_id LIMIT ? OFFSET ?",
            (seq, until, *by_name, most, place),
        )
        told, count = list[Change](), {seq: place}
        for number, at, kind, body in found:
            nth = count.get(number, 0)
            count[number] = nth + 1
            told.append(Change(seq=number, place=nth, at=Seconds(at), row=restore(by_name[kind], body)))
        return tuple(told)

    async def _prove(self, ranges: tuple[Range, ...], size: int) -> tuple[bytes, ...]:
        tiles = await self._tiles(needed(ranges), size)
        return prove(ranges, lambda subtree: subtree_hash(subtree, tiles))

    async def _tiles(self, wanted: Collection[TileId], size: int) -> dict[TileId, bytes]:
        """What there is of these, where `size` entries were published; each question costs more than its answer.

        The tail is asked for first: its tile may become full meanwhile, and then it is stored.
        """
        found, last = dict[TileId, bytes](), size >> TILE_HEIGHT
        if (0, last) in wanted and (grown := tail(await self._last(last), last)):
            found[0, last] = grown
        stored = await self._stored(tuple(wanted)) if wanted else ()
        return found | {(level, index): data for level, index, data in stored}

    async def _last(self, index: int) -> Iterable[tuple[Any, ...]]:
        """The leaf hashes of a tile of level 0 that is not full."""
        return await self._db.execute_fetchall(SELECT_TAIL, (index,))

    async def _stored(self, wanted: Sequence[TileId]) -> Iterable[tuple[Any, ...]]:
        """Level, index and hashes of each of these that is in its table."""
        return await self._db.execute_fetchall(_each(_TILE, len(wanted)), tuple(chain(*wanted)))

    async def _entries(self, where: str, values: tuple[str | int | bytes, ...]) -> tuple[Kept, ...]:
        found = await self._db.execute_fetchall(f"SELECT seq, body FROM record {where}", values)  # noqa: S608 (ours)
        return tuple(Kept(seq=seq, body=body) for seq, body in found)


class EndedLog(SqliteLog):
    """A log that has ended: its last checkpoint is the newest for ever."""

    def __init__(self, db: Database, head: Database, shard: Shard) -> None:
        super().__init__(db, head, Present(shard.origin, shard.first))
        self.size, self._note = shard.size, shard.note

    async def published(self) -> Published:
        """Its last checkpoint."""
        return Published(size=self.size, note=self._note)

    async def _last(self, index: int) -> Iterable[tuple[Any, ...]]:
        return await self._db.execute_fetchall(SHARD_TAIL, (self.log.origin, index))

    async def _stored(self, wanted: Sequence[TileId]) -> Iterable[tuple[Any, ...]]:
        values = chain(*((self.log.origin, *each) for each in wanted))
        return await self._db.execute_fetchall(_each(SHARD_TILE, len(wanted)), tuple(values))


@cache
def _each(statement: str, times: int) -> str:
    """The same question so many times, in one: each part finds its row by the key of the table."""
    return " UNION ALL ".join([statement] * times)


@asynccontextmanager
async def open_log(path: Path, head_path: Path) -> AsyncIterator[SqliteLog]:
    """The log of a database, for as long as the block runs."""
    async with read_only(path) as db, read_only(head_path) as head:
        yield SqliteLog(db, head, present_in(await db.execute_fetchall(PRESENT)))
