"""Asks what is due, again and again, a few at a time for each issuer: one that stalls holds up nobody else's."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable

import structlog

from broker.core.jobs import Ended, Turns
from broker.ports import LedgerDownError

EVERY_SECONDS = 15.0
AT_ONCE = 4
"""Questions to one issuer that run side by side."""

log = structlog.get_logger(__name__)


class PollLoop:
    """Make it inside the running loop; cancel `run` and then `close` it at the end."""

    def __init__(self, due: Callable[[], Iterable[tuple[str, str]]], poll: Callable[[str], Awaitable[None]]) -> None:
        """`due`: (issuer, id) of what is to be asked now; `poll` asks one of them."""
        self._due, self._poll = due, poll
        self._room: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE))
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(
        self,
        turns: Turns,
        seconds: float = EVERY_SECONDS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Until cancelled."""
        while True:
            await sleep(seconds)
            turns.begun()
            begun = 0
            outcome: Ended = "unrecorded"
            try:
                begun, outcome = self.step(), "done"
            except LedgerDownError:
                log.warning("poll.unrecorded")
            turns.ended(outcome, seconds, begun)

    def step(self) -> int:
        """Begin with everything that is due and not being asked already; how many these are."""
        new = [(issuer, id) for issuer, id in self._due() if id not in self._running]
        for issuer, id in new:
            self._running[id] = asyncio.create_task(self._one(issuer, id))
        return len(new)

    async def settled(self) -> None:
        """When everything that was begun is over."""
        while self._running:
            await asyncio.wait(tuple(self._running.values()))

    async def close(self) -> None:
        """End what is under way: whatever was claimed is tried again at its time."""
        running = tuple(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _one(self, issuer: str, id: str) -> None:
        try:
            async with self._room[issuer]:
                await self._poll(id)
        except LedgerDownError:
            log.warning("poll.unrecorded")
        except Exception:
            log.exception("poll.failed")
        finally:
            self._running.pop(id, None)
