"""Simulations that were begun on a page: they go on beside everything else, and the page looks how far they are."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog

from broker.flows.simulate_packs import Simulation

Work = Callable[[Simulation], Coroutine[Any, Any, None]]
_KEPT = 4
"""Simulations whose result is remembered; it is made again as easily."""

log = structlog.get_logger(__name__)


class Trials:
    """One runs at a time: a newer one takes the place of one that still runs."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Simulation] = OrderedDict()
        self._task: asyncio.Task[None] | None = None
        self._runs = ""

    def of(self, set_: str) -> Simulation | None:
        """That of the set of packs with this digest; None: it was not begun here, or it failed."""
        return self._known.get(set_)

    async def begin(self, set_: str, made: Simulation, work: Work, wait: float) -> None:
        """Do `work`, which fills `made`; come back when it is done, after `wait` seconds at the latest.

        One of the same set, as of the same time, that runs goes on.
        """
        runs = self._known.get(self._runs) if self._runs == set_ else None
        if self._task is None or self._task.done() or runs is None or runs.then != made.then:
            await self.close()
            self._known[set_] = made
            self._known.move_to_end(set_)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            self._runs, self._task = set_, asyncio.create_task(self._work(set_, work(made)))
        await asyncio.wait({self._task}, timeout=wait)

    async def close(self) -> None:
        """What still runs ends, and nothing is kept of it."""
        task, self._task = self._task, None
        if task is not None and not task.done():
            self._known.pop(self._runs, None)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _work(self, set_: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("simulation.failed")
            self._known.pop(set_, None)
