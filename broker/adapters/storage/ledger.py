"""The ledger in SQLite: callers leave what they want written and wait; one thread owns the connection.

Commit when idle, no timer: the thread takes whatever arrived while the last commit ran and makes one
transaction of it. Any error of a commit means that nobody knows what was stored: everybody who waits is told
so, and the ledger is dead for good. A supervisor starts the broker again, which reads what there is.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from sqlite3 import Connection, Error
from time import monotonic
from typing import NamedTuple

from broker.adapters.storage.codec import store
from broker.adapters.storage.connections import assert_durable, connect_ledger, keep_unfolded
from broker.adapters.storage.head import Head, LedgerRefusedError, ProcessLock
from broker.adapters.storage.recovery import assert_not_restored, assert_revision
from broker.adapters.storage.shards import LAST_KIND, assert_goes_on, assert_known, shards
from broker.adapters.storage.writer import Also, Answer, Sign, Wish, Writer, unchanged, wish_for
from broker.core.audit.entry import Entry
from broker.core.rows import Change, Row
from broker.ports import Clock, Entropy, LedgerDownError
from broker.ports.faults import fault

QUEUE = 4_096
"""Callers that may wait; the next one is refused, and hears 503 instead of waiting for ever."""
PUBLISH_SECONDS = 1.0
"""How long a committed entry may wait until a published checkpoint covers it."""

OnCommit = Callable[[tuple[Row, ...]], None]


class _Caller(NamedTuple):
    wish: Wish
    answer: asyncio.Future[int]


class SqliteLedger:
    """A ports.Ledger. Made by `open_ledger`; used in the event loop that opened it, and in no other."""

    def __init__(
        self,
        writer: Writer,
        head: Head,
        on_commit: OnCommit,
        publish_seconds: float,
        also: Also = unchanged,
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self.on_commit = on_commit
        """Called in the event loop with the rows of each commit, in order, before any caller hears of it."""
        self.size = writer.numbered
        """How many entries there were when `on_commit` was called last."""
        self._writer, self._head, self._publish_seconds, self._also = writer, head, publish_seconds, also
        self._on_failure = on_failure
        self._published_at = -publish_seconds
        self._loop = asyncio.get_running_loop()
        self._arrived: list[_Caller] = []
        self._handed: SimpleQueue[list[_Caller] | None] = SimpleQueue()
        self._waiting = 0
        self._failure: Exception | None = None
        self._ended = asyncio.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    @property
    def failed(self) -> bool:
        """Is it dead? Then answer 503 to everything, and exit."""
        return self._failure is not None

    @property
    def failure(self) -> Exception | None:
        """What killed it, for the operator's log."""
        return self._failure

    @property
    def waiting(self) -> int:
        """How many callers wait for an answer, at most QUEUE."""
        return self._waiting

    async def ended(self) -> None:
        """Returns when nothing can be written any more: after a failure, or after `close`."""
        await self._ended.wait()

    async def record(self, entry: Entry, *changes: Change) -> int:
        """See ports.Ledger. ValueError, before anything is done, for what cannot be stored."""
        return await self._wanted(entry, changes)

    async def record_each(self, records: Sequence[tuple[Entry, Sequence[Change]]]) -> None:
        """See ports.Ledger. They arrive in one turn of the loop, and so are one transaction, or few."""
        wanted, wrong = list[asyncio.Future[int]](), list[BaseException]()
        for entry, changes in records:
            try:
                wanted.append(self._wanted(entry, changes))
            except (ValueError, LedgerDownError) as why:
                wrong.append(why)
        found = await asyncio.gather(*wanted, return_exceptions=True)
        for failed in (*wrong, *found):
            if isinstance(failed, BaseException):
                raise failed

    def _wanted(self, entry: Entry, changes: Sequence[Change]) -> asyncio.Future[int]:
        """The answer that will come."""
        if self._failure is not None or self._closing:
            raise LedgerDownError("the ledger is closed") from self._failure
        wish = wish_for(entry, tuple(map(store, changes)))
        if self._waiting >= QUEUE:
            raise LedgerDownError("too much is waiting to be written")
        caller = _Caller(wish, self._loop.create_future())
        if not self._arrived:
            self._loop.call_soon(self._hand_over)
        self._arrived.append(caller)
        self._waiting += 1
        return caller.answer

    async def close(self) -> None:
        """Write what waits, publish, and stop."""
        if not self._closing:
            self._closing = True
            self._hand_over()
            self._handed.put(None)
        await self._ended.wait()

    # In the thread.

    def _run(self) -> None:
        batch: list[_Caller] = []
        try:
            more = True
            while more:
                batch, more = self._gather()
                if batch:
                    self._commit(batch)
                if not more or self._publish_is_due():
                    self._publish()
        except Exception as failure:  # noqa: BLE001 (whatever it was: the outcome is unknown)
            self._tell(self._die, batch, failure)
            with suppress(Error):
                self._on_failure()
        finally:
            self._writer.close()
            self._tell(self._ended.set)

    def _gather(self) -> tuple[list[_Caller], bool]:
        """Everybody who waits, and whether more may come. Nobody, if a publication is due."""
        batch: list[_Caller] = []
        try:
            handed = self._handed.get(timeout=self._pause())
            while handed is not None:
                batch += handed
                handed = self._handed.get_nowait()
        except Empty:
            return batch, True
        return batch, False

    def _commit(self, batch: list[_Caller]) -> None:
        self._tell(self._settle, batch, self._writer.commit([each.wish for each in batch]))

    def _pause(self) -> float | None:
        if self._writer.size == self._head.size:
            return None
        return max(0.0, self._published_at + self._publish_seconds - monotonic())

    def _publish_is_due(self) -> bool:
        return self._pause() == 0

    def _publish(self) -> None:
        """Move the head to the newest checkpoint, which from then on may be shown to anybody."""
        if self._writer.size > self._head.size and self._writer.note:
            fault("head.moving")
            self._head.move(self._writer.size, self._also(self._writer.note))
            fault("head.moved")
            self._published_at = monotonic()

    def _tell(self, what: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(what, *arguments)

    # In the event loop.

    def _hand_over(self) -> None:
        """All who arrived in one turn of the loop at once: the thread is woken once, and not in their midst."""
        if self._arrived:
            self._handed.put(self._arrived)
            self._arrived = []

    def _settle(self, batch: list[_Caller], answers: Sequence[Answer]) -> None:
        """Rows to those who follow them first, then the answers."""
        self._waiting -= len(batch)
        rows = list[Row]()
        for caller, answer in zip(batch, answers, strict=True):
            if isinstance(answer, int):
                rows += [each.row for each in caller.wish.stored]
                self.size = answer + 1
        try:
            if rows:
                self.on_commit(tuple(rows))
                fault("ledger.told")
        except Exception as failure:  # noqa: BLE001 (who decides by an old picture must decide nothing)
            self._die(batch, failure)
            self._handed.put(None)
            return
        for caller, answer in zip(batch, answers, strict=True):
            if caller.answer.done():
                continue
            if isinstance(answer, int):
                caller.answer.set_result(answer)
            else:
                caller.answer.set_exception(answer)

    def _die(self, batch: list[_Caller], failure: Exception) -> None:
        """For good: nobody knows what the last commit did, so nobody gets anything on the strength of it."""
        self._failure = self._failure or failure
        self._hand_over()
        waiting = [*batch]
        while not self._handed.empty():
            waiting += self._handed.get_nowait() or ()
        for caller in waiting:
            if not caller.answer.done():
                caller.answer.set_exception(LedgerDownError("nobody knows whether this was recorded"))


@asynccontextmanager
async def open_ledger(
    path: Path,
    head_path: Path,
    *,
    origin: str,
    sign: Sign,
    clock: Clock,
    entropy: Entropy,
    on_commit: OnCommit = lambda _: None,
    publish_seconds: float = PUBLISH_SECONDS,
    also: Also = unchanged,
    connect: Callable[[Path], Connection] = connect_ledger,
) -> AsyncIterator[SqliteLedger]:
    """The ledger, running; `origin` is that of the first log, `head_path` the head of the last.

    `connect` is for tests that break a commit.

    FileNotFoundError if there is no database: starting afresh would hide that one was lost.
    LedgerRefusedError if it is in use, of another schema, damaged, restored from an old backup, or another
    log's. DurabilityError if a commit would not be on disk when it returns.
    """
    if not path.is_file():  # noqa: ASYNC240 (once, at start)
        raise FileNotFoundError(path)
    with ExitStack() as stack:
        lock = ProcessLock(path)
        stack.callback(lock.close)
        try:
            db = connect(path)
        except ValueError as wrong:
            raise LedgerRefusedError(f"not a broker's database: {wrong}") from None
        stack.callback(db.close)
        assert_durable(db)
        assert_revision(db)
        writer = Writer(db, origin=origin, sign=sign, clock=clock, entropy=entropy)
        head = Head(head_path, writer.log.origin)
        stack.callback(head.close)
        assert_not_restored(db, writer.size, head.size, head.note)
        assert_known(head.origins, [writer.log.origin, *(shard.origin for shard in shards(db))])
        assert_goes_on(db.execute(LAST_KIND).fetchone())
        ledger = SqliteLedger(writer, head, on_commit, publish_seconds, also, lambda: keep_unfolded(path))
        try:
            yield ledger
        finally:
            await ledger.close()
