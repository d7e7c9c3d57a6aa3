"""How the picture of a process follows the log that all processes write: told by the server, and asking besides.

Rows come in the order of the log, each picture is that of a beginning of it. What was not heard of for longer than
STALE_SECONDS is no ground for a yes: then nothing is decided, and what runs is cut, until the server answers again.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic

import structlog

from broker.adapters.storage.codec import restore_named
from broker.adapters.storage.connections import DurabilityError
from broker.adapters.storage.head import LedgerRefusedError
from broker.adapters.storage.postgres.connections import BROKERS, LOST, Connection, assert_revision, connect, lock
from broker.adapters.storage.postgres.tables import CHANNEL_GROWN, FEED, FEED_KEPT, SIZE
from broker.core.audit.entry import outline
from broker.core.rows import Row

POLL = 0.2
"""Seconds between two looks, when nobody tells of anything."""
STALE_SECONDS = 1.0
"""For how long a picture may be decided by after it was last known to be the newest."""
_LOOK = f"SELECT pg_is_in_recovery() AS replica, ({SIZE}) AS size"

log = structlog.get_logger(__name__)

OnGrown = Callable[[tuple[Row, ...], Sequence[str], int], None]
"""Rows in the order of the log, the receipts of their entries, and the size of the log since."""


class Feed:
    """Follows one log. `size`: up to where; set it before `run`."""

    def __init__(self, url: str, on_grown: OnGrown, poll: float = POLL, stale: float = STALE_SECONDS) -> None:
        self._url, self._on_grown, self._poll, self._stale = url, on_grown, poll, stale
        self._wake = asyncio.Event()
        self._heard = monotonic()
        self._alarm: asyncio.TimerHandle | None = None
        self.size = 0
        self.listening = asyncio.Event()
        """Has it begun?"""
        self.on_silence: Callable[[], None] = lambda: None
        """Called when nothing was heard for `stale` seconds: what rests on the picture ends."""

    @property
    def is_fresh(self) -> bool:
        """Was the picture the newest one, not longer ago than `stale` seconds?"""
        return monotonic() - self._heard <= self._stale

    def wake(self) -> None:
        """The log may have grown."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. LedgerRefusedError when too much was missed to catch up."""
        while True:
            try:
                await self._listen()
            except (*LOST, DurabilityError) as failure:
                log.warning("feed.lost", error=type(failure.__cause__ or failure).__name__)
                await asyncio.sleep(self._poll)

    async def look(self, db: Connection) -> None:
        """Catch up with everything that has its place in the log now."""
        asked = monotonic()
        found = await db.fetchrow(_LOOK, timeout=self._stale)
        if found is None or found["replica"]:
            raise ConnectionRefusedError("pg_is_in_recovery: this server is a replica")
        if asked - self._heard > FEED_KEPT / 2:
            raise LedgerRefusedError("too long without the database: what happened meanwhile is read at a new start")
        if found["size"] > self.size:
            rows = await db.fetch(FEED, self.size, found["size"], timeout=self._stale)
            self.size = found["size"]
            receipts = [said.id for row in rows if (said := outline(row["entry"])) is not None]
            self._on_grown(tuple(restore_named(row["kind"], row["body"]) for row in rows), receipts, self.size)
        self._heard = asked
        self._watch()

    async def caught_up(self, size: int) -> None:
        """Until this process follows a log of `size` entries."""
        while self.size < size:
            self.wake()
            await asyncio.sleep(0)

    def close(self) -> None:
        """No alarm any more."""
        if self._alarm is not None:
            self._alarm.cancel()

    async def _listen(self) -> None:
        db = await connect(self._url)
        try:
            await assert_revision(db)
            if not await db.fetchval(lock("pg_try_advisory_lock_shared", BROKERS)):
                raise ConnectionRefusedError("the database is being brought up to date")
            await db.add_listener(CHANNEL_GROWN, lambda *_: self.wake())
            while True:
                self._wake.clear()
                await self.look(db)
                self.listening.set()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll):
                        await self._wake.wait()
        finally:
            db.terminate()

    def _watch(self) -> None:
        """One alarm, from the last word on."""
        self.close()
        self._alarm = asyncio.get_running_loop().call_at(
            asyncio.get_running_loop().time() + max(0.0, self._heard + self._stale - monotonic()), self._silent
        )

    def _silent(self) -> None:
        log.warning("feed.silent", seconds=self._stale)
        self.on_silence()
