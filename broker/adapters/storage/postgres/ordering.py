"""What waits gets its place in the log: indices, effects, history, tiles, a signed checkpoint, the feed; or none of it.

For whoever holds the sequencer's lock, on the very connection that holds it. After any exception it must not be used
again: what there is, is read anew.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.adapters.storage.codec import receipt_bytes
from broker.adapters.storage.head import ForkError, LedgerRefusedError
from broker.adapters.storage.postgres.connections import Connection, numbered
from broker.adapters.storage.postgres.edge import assert_not_restored, recover
from broker.adapters.storage.postgres.tables import (
    CHANNEL_GROWN,
    FEED_KEPT,
    ORIGINS,
    SELECT_HEAD,
    SIZE,
    SWAP_HEAD,
    TAKE_PENDING,
    many,
)
from broker.adapters.storage.schema import ERASE_HISTORY, INSERT_CHECKPOINT, PUT_TILE, THIN_CHECKPOINTS
from broker.adapters.storage.shards import LAST_KIND, SHARDS, Present, assert_goes_on, assert_known
from broker.adapters.storage.writer import CLOCK_STEP, Also, Sign, Wish, unchanged, wish_for
from broker.core.audit.entry import Entry
from broker.core.audit.merkle import TILE_HEIGHT, leaf_hash
from broker.core.audit.note import Checkpoint, checkpoint_text
from broker.core.audit.tiles import FULL, Edge
from broker.core.ids import ReceiptId, make_id
from broker.core.time import Seconds
from broker.ports import Clock, Entropy

AT_ONCE = 512
"""Entries of one transaction: the loop that answers requests has its turn in between."""
_HELD = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()"
    " AND objsubid = 2 AND classid = $1 AND objid = $2"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogOf:
    """Whose log it is (`origin`: of the first), and what it takes to go on with it."""

    origin: str
    sign: Sign
    clock: Clock
    entropy: Entropy
    also: Also = unchanged
    """What is done to a checkpoint before anybody sees it."""

    def step(self, before: Seconds, now: Seconds) -> Wish:
        """The entry that says that the clock went back."""
        return self.first("clock.step", now, {"before": before, "after": now})

    def first(self, kind: str, now: Seconds, about: dict[str, Any]) -> Wish:
        """An entry of the log's own."""
        id = ReceiptId(make_id("rcp", now, self.entropy.for_id()))
        return wish_for(Entry(id=id, at=now, kind=kind, nonce=self.entropy.random(16).hex(), about=about))


@dataclass(slots=True)
class _Batch:
    """What one transaction adds: rows of the tables record, receipt, effect, history and feed."""

    records: list[tuple[int, int, str, bytes]] = field(default_factory=list)
    receipts: list[tuple[bytes, int]] = field(default_factory=list)
    effects: list[tuple[str, str, int, str, int]] = field(default_factory=list)
    history: list[tuple[str, str, int, int, str]] = field(default_factory=list)
    erased: list[tuple[str, str, int]] = field(default_factory=list)
    feed: list[tuple[int, int, int, str, str]] = field(default_factory=list)

    def add(self, seq: int, id: str, at: int, kind: str, body: bytes, more: str, now: int) -> None:
        self.records.append((seq, at, kind, body))
        self.receipts.append((receipt_bytes(id), seq))
        if not more:
            return
        beside = json.loads(more)
        self.effects += [(*effect, seq) for effect in beside["effects"]]
        self.history += [(kind, row, version, seq, kept) for kind, row, version, kept in beside["history"]]
        self.erased += [tuple(erased) for erased in beside["erased"]]
        self.feed += [(seq, place, now, kind, row) for place, (kind, row) in enumerate(beside["feed"])]


class Ordering:
    """The right edge of the log, while it grows."""

    def __init__(self, db: Connection, head: Connection, log: LogOf) -> None:
        self._db, self._head, self._log = db, head, log
        self._edge, self._latest, self.log = Edge(), Seconds(0), Present(log.origin, 0)
        self._note, self._published = b"", 0
        self._published_note = b""

    @property
    def size(self) -> int:
        """How many entries have their place in this log."""
        return self._edge.frontier.size

    @property
    def numbered(self) -> int:
        """The number of the next entry: those of logs that have ended are counted."""
        return self.log.first + self.size

    @property
    def note(self) -> bytes:
        """The newest checkpoint."""
        return self._note

    def tail(self) -> bytes:
        """The leaf hashes of the last tile, unless it is full."""
        return self._edge.last

    async def open(self) -> None:
        """Read where the log stopped. LedgerRefusedError if it is damaged, another's, or restored from a copy."""
        await self.recover()
        published = await self._head.fetchrow(SELECT_HEAD, self.log.origin)
        if published is None:
            raise LedgerRefusedError(f"there is no head of the log {self.log.origin}: nobody can tell a restored log")
        self._published, self._published_note = published["size"], published["note"]
        await assert_not_restored(self._db, self.size, self._published, self._published_note)
        known = [self.log.origin, *(row["origin"] for row in await self._db.fetch(SHARDS))]
        assert_known([row["origin"] for row in await self._head.fetch(ORIGINS)], known)
        last = await self._db.fetchrow(LAST_KIND)
        assert_goes_on((last["kind"], last["body"]) if last is not None else None)

    async def recover(self) -> None:
        """Read where the log stopped, and ask nobody what was published."""
        self._edge, self._latest, self._note, self.log = await recover(self._db, self._log.origin)

    async def integrate(self, fence: tuple[int, int] | None = None) -> int:
        """Give what waits its place, up to AT_ONCE entries; how many. `fence`: the lock that must still be held."""
        async with self._db.transaction():
            if fence is not None and not await self._db.fetchval(_HELD, *fence):
                raise ForkError("the sequencer's lock is gone")
            taken = sorted(await self._db.fetch(TAKE_PENDING, AT_ONCE), key=lambda row: row["n"])
            if not taken:
                return 0
            if await self._db.fetchval(SIZE) != self.numbered:
                raise ForkError("somebody else puts this log in order")
            now = self._log.clock.now()
            batch = _Batch()
            if now < self._latest - CLOCK_STEP:
                step = self._log.step(self._latest, now)
                batch.add(self.numbered, step.entry.id, step.entry.at, step.entry.kind, step.body, "", now)
            for n, row in enumerate(taken, self.numbered + len(batch.records)):
                batch.add(n, row["id"], row["at"], row["kind"], row["body"], row["more"], now)
            grown, note = await self._write(batch, now)
        self._edge, self._latest, self._note = grown, now, note
        return len(batch.records)

    async def publish(self) -> None:
        """Move the head to the newest checkpoint, which from then on may be shown to anybody."""
        if self.size > self._published and self._note:
            note = self._log.also(self._note)
            moved = await self._head.execute(SWAP_HEAD, self.size, note, self.log.origin, self._published_note)
            if moved != "UPDATE 1":
                raise ForkError(f"the head of {self.log.origin} was moved by somebody else")
            self._published, self._published_note = self.size, note

    async def _write(self, batch: _Batch, now: Seconds) -> tuple[Edge, bytes]:
        await self._insert("record", batch.records)
        await self._insert("receipt", batch.receipts)
        await self._insert("effect", batch.effects)
        await self._insert("history", batch.history)
        for erased in batch.erased:
            await self._db.execute(numbered(ERASE_HISTORY), *erased)
        await self._insert("feed", batch.feed)
        if batch.feed:
            await self._db.execute(f"NOTIFY {CHANNEL_GROWN}")
            await self._db.execute("DELETE FROM feed WHERE at < $1", now - FEED_KEPT)
        return await self._grow(batch, now)

    async def _insert(self, table: str, rows: Sequence[tuple[object, ...]]) -> None:
        """LedgerRefusedError if one of them is there already: then what waited had a place before."""
        if rows and await self._db.execute(many(table), *zip(*rows, strict=True)) != f"INSERT 0 {len(rows)}":
            raise LedgerRefusedError(f"the log is damaged ({table}): run `broker audit verify`")

    async def _grow(self, batch: _Batch, now: Seconds) -> tuple[Edge, bytes]:
        """Tiles and checkpoint for what was added."""
        before = self.size
        leaves = [leaf_hash(body) for *_, body in batch.records]
        edge, tiles = self._edge.grown(leaves)
        for (level, n), data in tiles.items():
            if level or len(data) == FULL:
                await self._db.execute(numbered(PUT_TILE), level, n, data)
        size, root = edge.frontier.size, edge.frontier.root()
        text = checkpoint_text(Checkpoint(origin=self.log.origin, size=size, root=root))
        note = self._log.sign(text.encode())
        full, behind = size >> TILE_HEIGHT << TILE_HEIGHT, before >> TILE_HEIGHT << TILE_HEIGHT
        kept = b"".join(leaves[max(0, full - before) :])
        await self._db.execute(numbered(INSERT_CHECKPOINT), size, root, note, now, kept)
        if full > behind:
            await self._db.execute(numbered(THIN_CHECKPOINTS), behind, full)
        return edge, note
