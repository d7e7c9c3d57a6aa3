"""Who puts the log in order: of all processes one at a time, by an advisory lock; when it ends, another one does.

Whoever hangs loses the connection, and the lock with it: the server ends sessions that say nothing. What an error
leaves behind is read anew by whoever is next, so that no commit is ever tried twice.
"""

import asyncio
from contextlib import suppress
from time import monotonic

import structlog

from broker.adapters.storage.connections import DurabilityError
from broker.adapters.storage.postgres.connections import (
    LOCKS,
    LOST,
    SEQUENCER,
    Connection,
    assert_revision,
    connect,
    lock,
)
from broker.adapters.storage.postgres.ordering import LogOf, Ordering
from broker.adapters.storage.postgres.tables import CHANNEL_WAITING

PAUSE = 0.1
"""Seconds between two looks at what waits, when nobody says that they wait for it."""
PUBLISH_SECONDS = 1.0
"""How long an entry may have its place until a published checkpoint covers it."""
TURN = 0.5
"""Seconds between two attempts to become the one."""
SILENT = "10s"
"""After so long without a word the server ends the session of whoever hangs."""
_AGAIN = 0.05
"""The same for who was the one and lost the connection."""
_FENCE = (LOCKS, SEQUENCER)

log = structlog.get_logger(__name__)


class Sequencer:
    """Runs in every process that writes; in one of them it works, in the others it waits for its turn."""

    def __init__(self, url: str, head_url: str, of: LogOf, pause: float, publish_seconds: float) -> None:
        self._url, self._head_url, self._of = url, head_url, of
        self._pause, self._publish_seconds = pause, publish_seconds
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self.leads = False
        """Is it this one?"""

    def wake(self) -> None:
        """Somebody waits for what they wrote."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what waits, publish, and let another one."""
        self._stop.set()
        self._wake.set()

    async def assert_sound(self, db: Connection) -> None:
        """LedgerRefusedError if nobody may go on with this log; asked at start, so that an operator hears it."""
        head = await connect(self._head_url)
        try:
            async with db.transaction(isolation="repeatable_read", readonly=True):
                await Ordering(db, head, self._of).open()
        finally:
            head.terminate()

    async def run(self) -> None:
        """Until `stop`. LedgerRefusedError or ForkError: nobody may go on with this log."""
        while not self._stop.is_set():
            led = False
            try:
                await self._session()
            except (*LOST, DurabilityError) as failure:
                log.warning("sequencer.lost", error=type(failure.__cause__ or failure).__name__)
                led = self.leads
            self.leads = False
            # Whoever waits for what they wrote would wake it again and again while the server is away (row F13).
            await _within(_AGAIN if led else TURN, self._stop)

    async def _session(self) -> None:
        """Wait for the lock, and work while it is held."""
        db = await connect(self._url, idle_session_timeout=SILENT)
        try:
            while not await db.fetchval(lock("pg_try_advisory_lock", SEQUENCER)):
                self._wake.clear()
                await self._rest(TURN)
                if self._stop.is_set():
                    return
            await assert_revision(db)
            await db.add_listener(CHANNEL_WAITING, lambda *_: self.wake())
            head = await connect(self._head_url, idle_session_timeout="0")
            try:
                await self._work(db, Ordering(db, head, self._of))
            finally:
                head.terminate()
        finally:
            db.terminate()

    async def _work(self, db: Connection, ordering: Ordering) -> None:
        await ordering.open()
        self.leads, published_at = True, -self._publish_seconds
        while True:
            stopping = self._stop.is_set()
            self._wake.clear()
            while await ordering.integrate(_FENCE):  # noqa: ASYNC110 (others have their turn in between)
                await asyncio.sleep(0)
            if stopping or monotonic() - published_at >= self._publish_seconds:
                await ordering.publish()
                published_at = monotonic()
            if stopping:
                with suppress(*LOST):
                    await db.execute(lock("pg_advisory_unlock", SEQUENCER))
                return
            await self._rest(self._pause)

    async def _rest(self, seconds: float) -> None:
        if not self._stop.is_set():
            await _within(seconds, self._wake)


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Until it is set, at most so long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
