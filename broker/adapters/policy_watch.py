"""The packs of a running broker: looked at again and again, so that another set comes into force without a restart.

A set is taken whole or not at all: while anything is wrong with the new one, the last good one stays in force.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from broker.adapters.waking import time_to_look
from broker.core.jobs import Turns
from broker.core.jurisdiction.rulebook import Rulebook

LOOK_SECONDS = 2.0
"""Between two looks; SIGHUP asks for one now."""

log = structlog.get_logger(__name__)


class PolicyWatch:
    """Follows the set of packs that is in force."""

    def __init__(
        self,
        seen: Path,
        find: Callable[[], Path],
        load: Callable[[Path], Rulebook],
        adopt: Callable[[Rulebook], Awaitable[tuple[str, ...]]],
    ) -> None:
        """`seen`: the folder whose packs hold now. `find`: which folder should. `load`: its packs, or an error that

        says what is wrong. `adopt`: keeps them and lets them decide from then on, or says why they may not.
        """
        self.seen = seen
        self._find, self._load, self._adopt = find, load, adopt
        self._told, self._wrong = "", False
        self.asked = asyncio.Event()

    async def look(self) -> bool:
        """Take up another set, if there is one. Was anything taken up? What is wrong is logged, each thing once."""
        self._wrong = False
        try:
            folder = await asyncio.to_thread(self._find)
            if folder == self.seen:
                return False
            rules = await asyncio.to_thread(self._load, folder)
            wrong = await self._adopt(rules)
        except Exception as failure:  # noqa: BLE001 (whatever it is, the packs in force stay, and it is told)
            return self._refused(str(failure) or type(failure).__name__)
        if wrong:
            return self._refused("\n".join(wrong))
        self.seen, self._told = folder, ""
        log.info("policies.activated", folder=str(folder), packs=sorted(rules.packs))
        return True

    def _refused(self, why: str) -> bool:
        self._wrong = True
        if why != self._told:
            log.error("policies.refused", why=why, in_force=str(self.seen))
            self._told = why
        return False

    async def look_on(self, turns: Turns, seconds: float = LOOK_SECONDS) -> None:
        """Look again and again until cancelled."""
        while True:
            await time_to_look(self.asked, seconds)
            turns.begun()
            taken = await self.look()
            turns.ended("failed" if self._wrong else "done", seconds, int(taken))
