"""The ledger in PostgreSQL: callers leave what they want written and wait; one connection of this process writes it.

Commit when idle, as in SQLite. What was stored is durable when its caller hears, and has its place in the log a
moment later. Whoever stored something that decisions read hears when this process follows it, in the order of the log.
A commit without an answer fails its callers and nobody else: what it did comes with the feed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import structlog

from broker.adapters.storage.codec import store
from broker.adapters.storage.connections import DurabilityError
from broker.adapters.storage.head import ForkError, LedgerRefusedError
from broker.adapters.storage.ledger import QUEUE, OnCommit
from broker.adapters.storage.postgres.connections import LOST, SECONDS, Connection, assert_revision, connect
from broker.adapters.storage.postgres.feed import POLL, STALE_SECONDS, Feed
from broker.adapters.storage.postgres.ordering import LogOf
from broker.adapters.storage.postgres.sequencer import PAUSE, PUBLISH_SECONDS, Sequencer
from broker.adapters.storage.postgres.tables import SIZE
from broker.adapters.storage.postgres.writer import UnknownOutcomeError, commit, followed
from broker.adapters.storage.writer import Also, Answer, Sign, Wish, unchanged, wish_for
from broker.core.audit.entry import Entry
from broker.core.rows import SNAPSHOT_KINDS, Change, Row
from broker.ports import Clock, Entropy, LedgerDownError

MOST_AT_ONCE = 256
_UNORDERED = "SELECT EXISTS (SELECT FROM pending)"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Caller:
    wish: Wish
    answer: asyncio.Future[None]


class PostgresLedger:
    """A ports.Ledger. Made by `open_postgres_ledger`; used in the event loop that opened it."""

    def __init__(self, url: str, sequencer: Sequencer, on_commit: OnCommit, poll: float, stale: float) -> None:
        self.on_commit = on_commit
        """Called with rows: of all processes those that decisions read, in the order of the log; ours besides."""
        self._url, self._sequencer = url, sequencer
        self._feed = Feed(url, self._grown, poll, stale)
        self._arrived: list[_Caller] = []
        self._some = asyncio.Event()
        self._followed: dict[str, asyncio.Future[None]] = {}
        self._waiting = 0
        self._failure: BaseException | None = None
        self._ended = asyncio.Event()
        self._closing = False

    @property
    def size(self) -> int:
        """How many entries there were when `on_commit` was called last."""
        return self._feed.size

    @property
    def failed(self) -> bool:
        """Is it dead? Then answer 503 to everything, and exit."""
        return self._failure is not None

    @property
    def failure(self) -> BaseException | None:
        """What killed it, for the operator's log."""
        return self._failure

    @property
    def is_fresh(self) -> bool:
        """May anything be decided by what this process knows?"""
        return self._failure is None and self._feed.is_fresh

    @property
    def waiting(self) -> int:
        """How many callers wait for an answer, at most QUEUE."""
        return self._waiting

    @property
    def leads(self) -> bool:
        """Is it this process that puts the log in order?"""
        return self._sequencer.leads

    def on_silence(self, call: Callable[[], None]) -> None:
        """`call` when nothing was heard of the other processes for too long."""
        self._feed.on_silence = call

    async def ended(self) -> None:
        """Returns when nothing can be written any more: after a failure, or after `close`."""
        await self._ended.wait()

    async def record(self, entry: Entry, *changes: Change) -> None:
        """See ports.Ledger. ValueError, before anything is done, for what cannot be stored."""
        if self._failure is not None or self._closing:
            raise LedgerDownError("the ledger is closed") from self._failure
        stored = tuple(store(change) for change in changes)
        if any("\0" in value for each in stored for value in each.columns if isinstance(value, str)):
            raise ValueError("no row is found by what holds a NUL")
        wish = wish_for(entry, stored)
        if self._waiting >= QUEUE:
            raise LedgerDownError("too much is waiting to be written")
        caller = _Caller(wish, asyncio.get_running_loop().create_future())
        self._waiting += 1
        caller.answer.add_done_callback(self._answered)
        self._arrived.append(caller)
        self._some.set()
        await caller.answer

    async def record_each(self, records: Sequence[tuple[Entry, Sequence[Change]]]) -> None:
        """See ports.Ledger. They arrive in one turn of the loop, and so are one transaction, or few."""
        found = await asyncio.gather(*(self.record(entry, *puts) for entry, puts in records), return_exceptions=True)
        failed = next((one for one in found if isinstance(one, BaseException)), None)
        if failed is not None:
            raise failed

    async def ordered(self) -> None:
        """Returns when all that was stored by now has its place in the log, and this process follows it."""
        db = await connect(self._url)
        try:
            while await db.fetchval(_UNORDERED):
                self._sequencer.wake()
                await asyncio.sleep(0.005)
            await self._feed.caught_up(await db.fetchval(SIZE))
        finally:
            db.terminate()

    async def start(self, db: Connection) -> None:
        """From now on the feed counts from here: what is loaded afterwards is at least as new."""
        self._feed.size = await db.fetchval(SIZE)
        await self._feed.look(db)

    async def started(self) -> None:
        """Until this process follows the log; TimeoutError if that takes too long."""
        async with asyncio.timeout(SECONDS):
            await self._feed.listening.wait()

    async def write_on(self) -> None:
        """Until closed: whatever arrived while the last commit ran is the next transaction."""
        db: Connection | None = None
        try:
            while self._arrived or not self._closing:
                if not self._arrived:
                    self._some.clear()
                    await self._some.wait()
                    continue
                batch, self._arrived = self._arrived[:MOST_AT_ONCE], self._arrived[MOST_AT_ONCE:]
                db = await self._store(db, batch)
        finally:
            if db is not None:
                db.terminate()

    async def follow_on(self) -> None:
        """Until cancelled."""
        await self._feed.run()

    async def order_on(self) -> None:
        """Until closed."""
        await self._sequencer.run()

    def closing(self) -> None:
        """Take nothing more."""
        self._closing = True
        self._some.set()

    def close(self) -> None:
        """It is over: whoever still waits hears that nobody knows."""
        self._feed.close()
        self._fail(LedgerDownError("the ledger is closed"))
        self._ended.set()

    def die(self, failure: BaseException) -> None:
        """For good: nobody may go on with this log."""
        log.error("ledger.failed", error=str(failure))
        self._failure = self._failure or failure
        self._fail(failure)
        self._ended.set()

    async def _store(self, db: Connection | None, batch: list[_Caller]) -> Connection | None:
        """One transaction. The connection, unless it is of no use any more."""
        self._followed |= {each.wish.entry.id: each.answer for each in batch if followed(each.wish)}
        try:
            if db is None or db.is_closed():
                db = await connect(self._url)
            self._settle(batch, await commit(db, [each.wish for each in batch]))
        except (*LOST, DurabilityError, UnknownOutcomeError) as failure:
            log.warning("ledger.lost", error=type(failure).__name__, cause=type(failure.__cause__).__name__)
            if db is not None:
                db.terminate()
            self._refuse_all(batch)
            return None
        except BaseException:
            self._refuse_all(batch)
            raise
        return db

    def _settle(self, batch: list[_Caller], answers: Sequence[Answer]) -> None:
        """Rows that no decision reads to those who follow them first, then the answers."""
        pairs = list(zip(batch, answers, strict=True))
        done = [each for each, answer in pairs if isinstance(answer, int)]
        if any(followed(each.wish) for each in done):
            self._sequencer.wake()
        rows = tuple(s.row for each in done for s in each.wish.stored if type(s.row) not in SNAPSHOT_KINDS)
        if rows:
            self._tell(rows)
        for caller, answer in pairs:
            if not isinstance(answer, int):
                self._refuse(caller, answer)
            elif not followed(caller.wish):
                _resolve(caller.answer)
            else:
                asyncio.get_running_loop().call_later(SECONDS, self._refuse, caller, LedgerDownError("not followed"))

    def _refuse_all(self, batch: list[_Caller]) -> None:
        for each in batch:
            self._refuse(each, LedgerDownError("nobody knows whether this was recorded"))

    def _refuse(self, caller: _Caller, why: Exception) -> None:
        self._followed.pop(caller.wish.entry.id, None)
        if not caller.answer.done():
            caller.answer.set_exception(why)

    def _grown(self, rows: tuple[Row, ...], receipts: Sequence[str], size: int) -> None:
        """The log has grown: first those who follow it, then who waited for that."""
        del size
        if rows:
            self._tell(rows)
        for receipt in receipts:
            answer = self._followed.pop(receipt, None)
            if answer is not None:
                _resolve(answer)

    def _tell(self, rows: tuple[Row, ...]) -> None:
        try:
            self.on_commit(rows)
        except Exception as failure:
            self.die(failure)  # who decides by an old picture must decide nothing
            raise LedgerRefusedError("the picture could not follow the log") from failure

    def _answered(self, answer: asyncio.Future[None]) -> None:
        self._waiting -= 1
        if not answer.cancelled():
            answer.exception()  # nobody may be there any more to hear it

    def _fail(self, failure: BaseException) -> None:
        down = LedgerDownError("nobody knows whether this was recorded")
        down.__cause__ = failure
        waiting = [*(caller.answer for caller in self._arrived), *self._followed.values()]
        self._arrived, self._followed = [], {}
        for answer in waiting:
            if not answer.done():
                answer.set_exception(down)


def _resolve(answer: asyncio.Future[None]) -> None:
    if not answer.done():
        answer.set_result(None)


@asynccontextmanager
async def open_postgres_ledger(
    url: str,
    head_url: str,
    *,
    origin: str,
    sign: Sign,
    clock: Clock,
    entropy: Entropy,
    on_commit: OnCommit = lambda _: None,
    also: Also = unchanged,
    pause: float = PAUSE,
    publish_seconds: float = PUBLISH_SECONDS,
    poll: float = POLL,
    stale: float = STALE_SECONDS,
) -> AsyncIterator[PostgresLedger]:
    """The ledger, running. The settings of seconds are for tests.

    LedgerRefusedError if the database is of another schema, damaged, restored from an old backup, or another log's.
    DurabilityError, with the name of the setting, if a commit would not be on disk when it returns.
    """
    of = LogOf(origin=origin, sign=sign, clock=clock, entropy=entropy, also=also)
    sequencer = Sequencer(url, head_url, of, pause, publish_seconds)
    ledger = PostgresLedger(url, sequencer, on_commit, poll, stale)
    db = await connect(url)
    try:
        await assert_revision(db)
        await sequencer.assert_sound(db)
        await ledger.start(db)
    finally:
        db.terminate()
    tasks = [
        asyncio.create_task(_guarded(ledger, part())) for part in (ledger.follow_on, ledger.order_on, ledger.write_on)
    ]
    try:
        await ledger.started()
        yield ledger
    finally:
        ledger.closing()
        await asyncio.wait([tasks[2]], timeout=SECONDS)
        sequencer.stop()
        await asyncio.wait([tasks[1]], timeout=SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ledger.close()


async def _guarded(ledger: PostgresLedger, part: Coroutine[Any, Any, None]) -> None:
    """A part that ends with an error takes the ledger along: the others would do half of it."""
    try:
        await part
    except (LedgerRefusedError, ForkError, DurabilityError) as failure:
        ledger.die(failure)
    except Exception as failure:
        log.exception("ledger.part_failed")
        ledger.die(failure)
