"""Faults that the harness must find: each breaks the law that nothing is told or given before it is on record.

Planted in a child process, before it serves; nothing of this is in the product.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from broker.adapters.storage.ledger import SqliteLedger
from broker.adapters.storage.writer import Answer, Wish, Writer
from broker.core.audit.entry import Entry
from broker.core.rows import Change

LATE_SECONDS = 0.5


def late_audit() -> None:
    """The entry of a download is written after its first byte."""
    record, later = SqliteLedger.record, set[asyncio.Task[int]]()

    async def written_late(ledger: SqliteLedger, entry: Entry, changes: tuple[Change, ...]) -> int:
        await asyncio.sleep(LATE_SECONDS)
        return await record(ledger, entry, *changes)

    async def recorded(self: SqliteLedger, entry: Entry, *changes: Change) -> int:
        if entry.kind != "download.authorised":
            return await record(self, entry, *changes)
        later.add(asyncio.create_task(written_late(self, entry, changes)))
        return 0

    SqliteLedger.record = recorded  # type: ignore[method-assign]


def split_transaction() -> None:
    """Rows are committed first, and what says so in a second transaction."""
    commit, apply = Writer.commit, Writer._apply

    def committed(self: Writer, wishes: Sequence[Wish]) -> list[Answer]:
        self._db.execute("BEGIN IMMEDIATE")
        for wish in wishes:
            apply(self, wish.stored)
        self._db.execute("COMMIT")
        return commit(self, wishes)

    Writer.commit = committed  # type: ignore[method-assign]
    Writer._apply = lambda _self, _stored: True  # type: ignore[method-assign, assignment]


def ack_before_commit() -> None:
    """Callers hear that all is well before the transaction has ended."""

    def committed(self: SqliteLedger, batch: list[Any]) -> None:
        first = self._writer.size
        self._tell(self._settle, batch, range(first, first + len(batch)))
        self._writer.commit([each.wish for each in batch])

    SqliteLedger._commit = committed  # type: ignore[method-assign]


def swallow_commit_error() -> None:
    """A commit that fails is taken for one that did not."""
    commit = Writer.commit

    def committed(self: Writer, wishes: Sequence[Wish]) -> list[Answer]:
        try:
            return commit(self, wishes)
        except Exception:  # noqa: BLE001 (the planted fault)
            if self._db.in_transaction:  # a disk that failed has ended it
                self._db.execute("ROLLBACK")
            return list(range(self.size, self.size + len(wishes)))

    Writer.commit = committed  # type: ignore[method-assign]


SEEDS: Mapping[str, Callable[[], None]] = {
    "late audit": late_audit,
    "split transaction": split_transaction,
    "ack before commit": ack_before_commit,
    "swallow commit error": swallow_commit_error,
}
