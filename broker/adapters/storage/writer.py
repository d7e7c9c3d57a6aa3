"""How a batch of wishes becomes one transaction: rows, entries, tiles and a signed checkpoint, or none of it.

Runs in the ledger's thread, on the ledger's connection, and knows nothing of asyncio.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from sqlalchemy import Table

from broker.adapters.storage import schema
from broker.adapters.storage.codec import Stored, receipt_bytes
from broker.adapters.storage.recovery import recover
from broker.core.audit.entry import Entry, encode
from broker.core.audit.merkle import TILE_HEIGHT, leaf_hash
from broker.core.audit.note import Checkpoint, checkpoint_text
from broker.core.audit.tiles import FULL
from broker.core.ids import ReceiptId, make_id
from broker.core.rows import Erasure
from broker.core.time import Seconds
from broker.ports import Clock, Entropy, LedgerDownError, StaleError
from broker.ports.faults import fault

CLOCK_STEP = 2
"""Seconds by which the clock may go back without an entry that says so."""

MOST_AT_ONCE = 256

Sign = Callable[[bytes], bytes]
"""The text of a checkpoint to the whole signed note (`core.audit.note.sign_note`)."""

Also = Callable[[bytes], bytes]
"""What is done to a checkpoint before anybody sees it: a second key of the log adds its line."""


def unchanged(note: bytes) -> bytes:
    """A checkpoint of a log with one key."""
    return note


Answer = int | StaleError | LedgerDownError
"""The index of an entry, or why it alone was not stored."""


class Wish(NamedTuple):
    """What one caller wants recorded, checked and encoded."""

    entry: Entry
    body: bytes
    stored: tuple[Stored, ...] = ()


def wish_for(entry: Entry, stored: tuple[Stored, ...] = ()) -> Wish:
    """ValueError for an entry that does not fit."""
    return Wish(entry, encode(entry, [e for each in stored for e in each.effects] if stored else ()), stored)


@dataclass(slots=True)
class _Batch:
    """What one transaction adds: rows of the tables record, receipt, effect and history."""

    seq: int
    records: list[tuple[int, int, str, bytes]] = field(default_factory=list)
    receipts: list[tuple[bytes, int]] = field(default_factory=list)
    effects: list[tuple[str, str, int, str, int]] = field(default_factory=list)
    history: list[tuple[str, str, int, int, str]] = field(default_factory=list)
    erased: list[tuple[str, str, int]] = field(default_factory=list)

    def add(self, wish: Wish) -> int:
        entry, seq = wish.entry, self.seq + len(self.records)
        self.records.append((seq, entry.at, entry.kind, wish.body))
        self.receipts.append((receipt_bytes(entry.id), seq))
        if wish.stored:
            self._add_stored(wish.stored, seq)
        return seq

    def _add_stored(self, stored: Sequence[Stored], seq: int) -> None:
        for each in stored:
            for effect in each.effects:
                self.effects.append((effect.kind, effect.id, effect.version, effect.digest, seq))
            if isinstance(each.row, Erasure):
                self.erased.append((each.row.kind, each.row.row, each.row.before))
            if each.kept is not None:
                self.history.append((each.effect.kind, each.effect.id, each.effect.version, seq, each.kept))


class Writer:
    """The log and the rows of one database. After any exception it must not be used again."""

    def __init__(self, db: sqlite3.Connection, *, origin: str, sign: Sign, clock: Clock, entropy: Entropy) -> None:
        """`origin`: of the first log. LedgerRefusedError when the database is damaged or another broker's."""
        self._db, self._sign, self._clock, self._entropy = db, sign, clock, entropy
        self._edge, self._latest, self.log = recover(db, origin)
        self.note = b""
        """The newest checkpoint, once this writer has committed something."""

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return self._edge.frontier.size

    @property
    def numbered(self) -> int:
        """How many entries there are, with those of logs that have ended: the number of the next one."""
        return self.log.first + self.size

    def commit(self, wishes: Sequence[Wish]) -> list[Answer]:
        """One transaction. For each wish its index, or why it alone was not stored; durable on return.

        LedgerDownError as an answer: another program holds the database, nothing was stored, later it may
        work again. Any exception: nobody knows what was stored.
        """
        fault("ledger.beginning")
        if not self._begin():
            return [LedgerDownError("another program holds the database") for _ in wishes]
        batch = _Batch(self.numbered)
        now = self._watch_clock(batch)
        answers: list[Answer] = [
            batch.add(wish) if not wish.stored or self._apply(wish.stored) else stale(wish) for wish in wishes
        ]
        if not batch.records:
            self._db.execute("ROLLBACK")
            return answers
        try:
            self._insert(schema.RECORD, batch.records)
            self._insert(schema.RECEIPT, batch.receipts)
            self._insert(schema.EFFECT, batch.effects)
        except sqlite3.IntegrityError:  # an entry's id is taken, or that of a row that was dropped: one wish's fault
            self._db.execute("ROLLBACK")
            if len(wishes) == 1:
                return [StaleError(f"entry {wishes[0].entry.id} is recorded already")]
            return [self.commit([wish])[0] for wish in wishes]
        self._insert(schema.HISTORY, batch.history)
        if batch.erased:
            self._db.executemany(schema.ERASE_HISTORY, batch.erased)
        self._grow(batch, now)
        self._latest = now
        return answers

    def tail(self) -> bytes:
        """The leaf hashes of the last tile, unless it is full."""
        return self._edge.last

    def close(self) -> None:
        self._db.close()

    def _begin(self) -> bool:
        """False when another program holds the database for too long."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as failure:
            if getattr(failure, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True

    def _apply(self, stored: Sequence[Stored]) -> bool:
        """Put the rows in place; if one is stale put none, and leave what other wishes did."""
        self._db.execute("SAVEPOINT wish")
        for each in stored:
            statement = schema.WRITE[each.verb](each.effect.kind)
            if self._db.execute(statement, each.columns).rowcount != 1:
                self._db.execute("ROLLBACK TO wish")
                self._db.execute("RELEASE wish")
                return False
        self._db.execute("RELEASE wish")
        return True

    def _insert(self, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        """All of them, in steps of 256, 128, … 1 rows, so that a few statements do for every number."""
        at = 0
        while at < len(rows):
            count = min(MOST_AT_ONCE, 1 << (len(rows) - at).bit_length() - 1)
            self._db.execute(schema.insert_many(table, count), tuple(chain.from_iterable(rows[at : at + count])))
            at += count

    def _grow(self, batch: _Batch, now: Seconds) -> None:
        """Tiles and checkpoint for what was added, and COMMIT: the one place where anything becomes durable."""
        leaves = [leaf_hash(body) for *_, body in batch.records]
        edge, tiles = self._edge.grown(leaves)
        kept = [(*tile, data) for tile, data in tiles.items() if tile[0] or len(data) == FULL]
        self._db.executemany(schema.PUT_TILE, kept)
        size, root = edge.frontier.size, edge.frontier.root()
        text = checkpoint_text(Checkpoint(origin=self.log.origin, size=size, root=root))
        note = self._sign(text.encode())
        full, before = size >> TILE_HEIGHT << TILE_HEIGHT, self.size >> TILE_HEIGHT << TILE_HEIGHT
        kept_already = max(0, full - self.size)  # in a tile that is full now
        self._db.execute(schema.INSERT_CHECKPOINT, (size, root, note, now, b"".join(leaves[kept_already:])))
        if full > before:
            self._db.execute(schema.THIN_CHECKPOINTS, (before, full))
        fault("ledger.written")
        self._db.execute("COMMIT")
        fault("ledger.committed")
        self._edge, self.note = edge, note

    def _watch_clock(self, batch: _Batch) -> Seconds:
        """The time; an entry of its own if it went back. Order in the log is never by time."""
        now = self._clock.now()
        if now < self._latest - CLOCK_STEP:
            step = Entry(
                id=ReceiptId(make_id("rcp", now, self._entropy.for_id())),
                at=now,
                kind="clock.step",
                nonce=self._entropy.random(16).hex(),
                about={"before": self._latest, "after": now},
            )
            batch.add(wish_for(step))
        return now


def stale(wish: Wish) -> StaleError:
    what = ", ".join(f"{each.effect.kind} {each.effect.id}" for each in wish.stored)
    return StaleError(f"changed by somebody else: one of {what}")
