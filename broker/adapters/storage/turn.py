"""A log ends, and the next one begins and points back; or a new one after a database that was restored from of old.

Four steps, each whole by itself, so that who is interrupted runs it again: the log gets its last entry and is
published; what proves it is put aside; the next one gets its first entry; its head is made. Entries and rows stay.
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.adapters.storage.audit_chain import continued
from broker.adapters.storage.connections import assert_durable, connect_ledger
from broker.adapters.storage.head import Head, LedgerRefusedError, ProcessLock, add_head, heads
from broker.adapters.storage.recovery import assert_not_restored, assert_revision
from broker.adapters.storage.shards import CLEAR, LAST_KIND, NEXT, SEAL, SET_META, Shard, origin_of, shards
from broker.adapters.storage.writer import Sign, Wish, Writer, wish_for
from broker.core.audit.entry import Entry, decode
from broker.core.ids import ReceiptId, make_id
from broker.ports import Clock, Entropy

_CHECKPOINT = "SELECT root, note, at FROM checkpoint ORDER BY size DESC LIMIT 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turning:
    """How a log is turned. `root`: the origin of the first; `key`: the public key, under a name, in full."""

    root: str
    sign: Sign
    also: Callable[[bytes], bytes]
    key: Callable[[str], str]
    clock: Clock
    entropy: Entropy

    def wish(self, kind: str, about: Mapping[str, Any]) -> Wish:
        """An entry of the log's own."""
        now = self.clock.now()
        id = ReceiptId(make_id("rcp", now, self.entropy.for_id()))
        return wish_for(Entry(id=id, at=now, kind=kind, nonce=self.entropy.random(16).hex(), about=about))

    def ending(self, origin: str) -> Wish:
        """The last entry of a log."""
        return self.wish(NEXT, {"next": origin, "key": self.key(origin)})


def turn(path: Path, head_path: Path, name: str, t: Turning, *, lost: bool = False) -> Shard:
    """End the log of a database and begin the log `name`; the one that ended.

    `lost`: the database is older than what was published, and no newer one is to be had. LedgerRefusedError while a
    broker runs, for a database that is older without `lost`, and with it for one that is not. ForkError for a name
    that another log has.
    """
    origin = origin_of(t.root, name)
    with ExitStack() as stack:
        stack.callback(ProcessLock(path).close)
        db = connect_ledger(path)
        stack.callback(db.close)
        assert_durable(db)
        assert_revision(db)
        published = heads(head_path)
        if _present(db, t).log.origin != origin:
            if origin in published or origin in {shard.origin for shard in shards(db)}:
                raise LedgerRefusedError(f"there was a log {origin} before: choose another name")
            _end(db, head_path, published, origin, t, lost=lost)
            seal(db, _present(db, t), origin)
        elif origin in published:
            raise LedgerRefusedError(f"{origin} is the log that is written already")
        begun, before = _present(db, t), shards(db)[-1]
        if begun.size == 0:
            sizes = {name: size for name, (size, _) in published.items()}
            gone = missing(sizes, {shard.origin: shard.size for shard in shards(db)})
            begun.commit([t.wish("log.created", {"origin": origin, **continued(before, gone)})])
        size, note = _present(db, t).size, db.execute(_CHECKPOINT).fetchone()[1]
        add_head(head_path, origin, size, t.also(note))
        return before


def missing(published: Mapping[str, int], here: Mapping[str, int]) -> dict[str, int]:
    """Origin to published size of each log of which less is `here`, or nothing."""
    return {origin: size for origin, size in published.items() if size > here.get(origin, 0)}


def _present(db: sqlite3.Connection, t: Turning) -> Writer:
    return Writer(db, origin=t.root, sign=t.sign, clock=t.clock, entropy=t.entropy)


def _end(
    db: sqlite3.Connection,
    head_path: Path,
    published: Mapping[str, tuple[int, bytes]],
    origin: str,
    t: Turning,
    *,
    lost: bool,
) -> None:
    """The last entry, published. Of a log of which something is lost none: it would stand where another one stood."""
    writer = _present(db, t)
    here = {shard.origin: shard.size for shard in shards(db)} | {writer.log.origin: writer.size}
    gone = missing({name: size for name, (size, _) in published.items()}, here)
    if gone and not lost:
        assert_all_here(gone)
    if lost:
        if not gone:
            raise LedgerRefusedError("nothing that was published is lost here: `broker audit turn` without --lost")
        return
    head = Head(head_path, writer.log.origin)
    try:
        assert_not_restored(db, writer.size, head.size, head.note)
        if not ended_for(db.execute(LAST_KIND).fetchone(), origin):
            writer.commit([t.ending(origin)])
        if head.size < writer.size:
            head.move(writer.size, t.also(db.execute(_CHECKPOINT).fetchone()[1]))
    finally:
        head.close()


def assert_all_here(gone: Mapping[str, int]) -> None:
    """LedgerRefusedError if something published is not here."""
    for origin, size in gone.items():
        raise LedgerRefusedError(
            f"{size} entries of {origin} were published, and they are not all here: an old backup was restored."
            " Bring the newer database back, or say --lost"
        )


def ended_for(last: tuple[str, bytes] | None, origin: str) -> bool:
    """Did the log end already, for this one? LedgerRefusedError if it was for another."""
    if last is None or last[0] != NEXT:
        return False
    named = decode(last[1]).entry.about["next"]
    if named != origin:
        raise LedgerRefusedError(f"the log has ended, and said that {named} goes on from it: begin that one")
    return True


def seal(db: sqlite3.Connection, writer: Writer, origin: str) -> None:
    """Put aside what proves the log, and let the next one begin, in one transaction."""
    log, size = writer.log, writer.size
    root, note, at = db.execute(_CHECKPOINT).fetchone()
    db.execute("BEGIN IMMEDIATE")
    db.execute(SEAL[0], (log.origin, log.first, size, root, note, at, writer.tail()))
    db.execute(SEAL[1], (log.origin,))
    for statement in CLEAR:
        db.execute(statement)
    db.execute(SET_META, ("origin", origin))
    db.execute(SET_META, ("first", str(log.first + size)))
    db.execute("COMMIT")
