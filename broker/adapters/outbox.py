"""Messages that must be delivered: tried again, later and later, each without waiting for any other.

What waits is stored elsewhere; this only knows when to try. A restart tries everything that still waits at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

import structlog

Attempt = Callable[[str], Awaitable[bool]]
"""One attempt at the message with this id: is there nothing more to do?"""
AT_ONCE = 16
"""Attempts that run side by side."""

log = structlog.get_logger(__name__)


class Outbox:
    """Make it inside the running loop; `close` it at the end."""

    def __init__(
        self,
        attempt: Attempt,
        delays: Sequence[float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`delays`: seconds before the second attempt, the third, and so on; the last one again and again."""
        self._attempt, self._delays, self._sleep = attempt, delays, sleep
        self._room = asyncio.Semaphore(AT_ONCE)
        self._running: dict[str, asyncio.Task[None]] = {}

    def add(self, ids: Iterable[str]) -> None:
        """Deliver these too. One that is being delivered is left as it is."""
        for id in ids:
            if id not in self._running:
                task = asyncio.create_task(self._deliver(id))
                self._running[id] = task
                task.add_done_callback(partial(self._done, id))

    async def settled(self) -> None:
        """Until nothing is on its way."""
        while self._running:
            await asyncio.wait(tuple(self._running.values()))

    async def close(self) -> None:
        """End what is under way; it is tried again after the next start."""
        tasks = tuple(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, id: str, _: asyncio.Task[None]) -> None:
        self._running.pop(id, None)

    async def _deliver(self, id: str) -> None:
        tries = 0
        while not await self._try(id):
            await self._sleep(self._delays[min(tries, len(self._delays) - 1)])
            tries += 1

    async def _try(self, id: str) -> bool:
        """An attempt that fails in a way that nobody foresaw is one that did not succeed."""
        async with self._room:
            try:
                return await self._attempt(id)
            except Exception:
                log.exception("outbox.failed")
                return False
