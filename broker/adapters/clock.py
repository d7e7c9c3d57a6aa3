"""The only module that reads the wall clock."""

import asyncio
import time
from collections.abc import Callable

import structlog

from broker.core.time import Seconds

Read = Callable[[], float]
"""Reads a clock, in seconds."""


_STEP = 2.0
"""Seconds by which the machine's clock may be behind ours before the operator is told."""

log = structlog.get_logger(__name__)


class SystemClock:
    """Whole seconds of the machine's clock, which never go back while the program runs.

    If the machine's clock is set back, ours goes on from where it was: what had ended stays ended, and
    what lasts for an hour still lasts for an hour (adversarial row T124). `not_before` does the same over a
    restart: time goes on from the newest entry of the log.
    """

    def __init__(self, wall: Read = time.time, steady: Read = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._base = (wall(), steady())
        self._told = False

    def not_before(self, at: Seconds) -> None:
        """`at` has been: go on from there, whatever the machine says."""
        if at > self.now():
            self._base = (float(at), self._steady())

    def now(self) -> Seconds:
        wall, steady = self._wall(), self._steady()
        begun, since = self._base
        ours = begun + steady - since
        if wall >= ours:
            self._base, self._told = (wall, steady), False
            return Seconds(int(wall))
        if ours - wall > _STEP and not self._told:
            self._told = True
            log.warning("clock.went_back", seconds=int(ours - wall), advice="mend the machine's clock, then restart")
        return Seconds(int(ours))

    async def give_way(self) -> None:
        await asyncio.sleep(0)
